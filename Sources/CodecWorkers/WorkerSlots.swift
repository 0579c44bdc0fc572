import NIOCore

/// Who may use which worker: places for so many at work, and a queue in order of arrival.
///
/// Knows nothing of processes; a slot is a number, a waiting frame a ticket.
struct WorkerSlots: Sendable {
    enum Admission: Sendable, Hashable {
        /// The slot is the caller's until it is released.
        case take(Int)
        /// A release will hand a slot to the ticket.
        case wait
        /// As many wait as may, or the pool is closed.
        case refuse
    }

    private let count: Int
    private let queueLimit: Int
    /// The last one is taken first: where a worker is that waits for work.
    private var free: [Int]
    private var queue = CircularBuffer<UInt64>()
    private(set) var isClosed = false

    init(count: Int, queueLimit: Int) {
        self.count = count
        self.queueLimit = queueLimit
        free = (0..<count).reversed()
    }

    /// Whether no slot is at work.
    var isIdle: Bool { free.count == count }

    /// The slots that nobody holds.
    var idle: [Int] { free }

    /// A frame comes.
    mutating func admit(_ ticket: UInt64) -> Admission {
        guard !isClosed else { return .refuse }
        if let slot = free.popLast() { return .take(slot) }
        guard queue.count < queueLimit else { return .refuse }
        queue.append(ticket)
        return .wait
    }

    /// A frame goes that may have waited; whether it did.
    mutating func withdraw(_ ticket: UInt64) -> Bool {
        guard let index = queue.firstIndex(of: ticket) else { return false }
        queue.remove(at: index)
        return true
    }

    /// A slot is done with; returns the ticket that it goes to.
    ///
    /// - Parameter isWarm: Whether a worker is in it, ready for more.
    mutating func release(_ slot: Int, isWarm: Bool) -> UInt64? {
        if let next = queue.popFirst() { return next }
        free.insert(slot, at: isWarm ? free.endIndex : free.startIndex)
        return nil
    }

    /// Nobody comes in any more; returns the tickets that wait, who get nothing.
    mutating func close() -> [UInt64] {
        isClosed = true
        defer { queue.removeAll() }
        return Array(queue)
    }
}
