import NIOCore

/// Counts connections, in all and by address, and says which one makes room for another.
///
/// A connection without a request in progress is kept open for the client's convenience and may be closed at any time
/// (RFC 9112 9.3.1, 9.5): when there are as many as allowed, the one that has been without a request for longest goes,
/// of the same address when that has its share, else of any. One with a request in progress never does.
struct ConnectionLedger<ID: Hashable & Sendable>: Sendable {
    /// A limit on connections, by its name in the configuration.
    enum Limit: String, Sendable {
        case total = "limits.http.connections"
        case byAddress = "limits.http.connections-per-address"
    }

    /// What becomes of a new connection.
    enum Answer: Sendable, Hashable {
        /// It is counted.
        case admitted
        /// It is counted, and another one has lost its place because of the limit and must be closed.
        case displaced(ID, Limit)
        /// It is not counted and must be closed.
        case refused(Limit)
    }

    private struct Entry {
        let address: String
        var requestCount = 0
        /// Which of its entries in the queues counts; `nil` during a request.
        var idleMark: UInt64?
        /// Its place was given away, and the end of the connection has not been told yet.
        var isLeaving = false
    }

    /// Connections in the order in which they became idle; those that have another mark by now do not count.
    private struct Queue {
        var items = CircularBuffer<(id: ID, mark: UInt64)>()
        var idleCount = 0
        var count = 0

        mutating func append(_ id: ID, _ mark: UInt64, entries: [ID: Entry]) {
            items.append((id, mark))
            idleCount += 1
            // Each request leaves an item behind: cleared out before they are many more than those that count.
            if items.count > 2 * idleCount + 64 {
                items = CircularBuffer(items.filter { entries[$0.id]?.idleMark == $0.mark })
            }
        }

        mutating func longestIdle(entries: [ID: Entry]) -> ID? {
            while let (id, mark) = items.popFirst() {
                if entries[id]?.idleMark == mark { return id }
            }
            return nil
        }
    }

    private let limit: Int
    private let limitByAddress: Int
    private var entries: [ID: Entry] = [:]
    private var all = Queue()
    private var byAddress: [String: Queue] = [:]
    private var nextMark: UInt64 = 0

    init(limit: Int, limitByAddress: Int) {
        self.limit = limit
        self.limitByAddress = limitByAddress
    }

    /// Connections that have a place.
    var count: Int { all.count }

    /// Whether a connection of an address below its share would be admitted.
    var hasRoom: Bool { all.count < limit || all.idleCount > 0 }

    /// Gives a new connection a place, if there is one for it.
    mutating func open(_ id: ID, from address: String) -> Answer {
        var answer = Answer.admitted
        if byAddress[address, default: Queue()].count >= limitByAddress {
            guard let leaving = byAddress[address]?.longestIdle(entries: entries) else { return .refused(.byAddress) }
            displace(leaving)
            answer = .displaced(leaving, .byAddress)
        } else if all.count >= limit {
            guard let leaving = all.longestIdle(entries: entries) else { return .refused(.total) }
            displace(leaving)
            answer = .displaced(leaving, .total)
        }
        entries[id] = Entry(address: address)
        all.count += 1
        byAddress[address, default: Queue()].count += 1
        becomeIdle(id, address)
        return answer
    }

    /// Notes that the head of a request has come.
    ///
    /// - Returns: `false` when the connection has lost its place: the request must not be begun.
    mutating func beginRequest(_ id: ID) -> Bool {
        // One that was opened before anybody counted is served and not counted.
        guard let entry = entries[id] else { return true }
        guard !entry.isLeaving else { return false }
        entries[id]?.requestCount += 1
        endIdleness(id)
        return true
    }

    /// Notes that a request is answered.
    mutating func endRequest(_ id: ID) {
        guard let entry = entries[id], entry.requestCount > 0 else { return }
        entries[id]?.requestCount -= 1
        if entry.requestCount == 1 { becomeIdle(id, entry.address) }
    }

    /// Forgets a connection that is closed.
    mutating func close(_ id: ID) {
        guard let entry = entries[id] else { return }
        if !entry.isLeaving { leave(id, entry.address) }
        entries[id] = nil
    }

    private mutating func becomeIdle(_ id: ID, _ address: String) {
        nextMark += 1
        entries[id]?.idleMark = nextMark
        all.append(id, nextMark, entries: entries)
        byAddress[address]?.append(id, nextMark, entries: entries)
    }

    private mutating func endIdleness(_ id: ID) {
        guard let entry = entries[id], entry.idleMark != nil else { return }
        entries[id]?.idleMark = nil
        all.idleCount -= 1
        byAddress[entry.address]?.idleCount -= 1
    }

    private mutating func displace(_ id: ID) {
        guard let entry = entries[id] else { return }
        leave(id, entry.address)
        entries[id]?.isLeaving = true
    }

    private mutating func leave(_ id: ID, _ address: String) {
        endIdleness(id)
        all.count -= 1
        byAddress[address]?.count -= 1
        if byAddress[address]?.count == 0 { byAddress[address] = nil }
    }
}
