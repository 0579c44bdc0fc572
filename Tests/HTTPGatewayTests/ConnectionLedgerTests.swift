import Testing

@testable import HTTPGateway

@Suite struct `Counting HTTP connections` {
    private typealias Ledger = ConnectionLedger<Int>

    /// Opens connections of one address, numbered.
    private func open(_ numbers: ClosedRange<Int>, from address: String, _ ledger: inout Ledger) -> [Ledger.Answer] {
        numbers.map { ledger.open($0, from: address) }
    }

    @Test func `connections are admitted up to the limit`() {
        var ledger = Ledger(limit: 2, limitByAddress: 2)

        let answers = open(1...2, from: "a", &ledger)

        #expect(answers == [.admitted, .admitted])
        #expect(ledger.count == 2)
    }

    @Test func `beyond the limit the connection that was idle for longest goes, whoever has it`() {
        var ledger = Ledger(limit: 3, limitByAddress: 3)
        _ = open(1...2, from: "a", &ledger)
        _ = open(3...3, from: "b", &ledger)
        // The first one has been used since.
        _ = ledger.beginRequest(1)
        ledger.endRequest(1)

        let answers = open(4...7, from: "c", &ledger)

        #expect(
            answers == [.displaced(2, .total), .displaced(3, .total), .displaced(1, .total), .displaced(4, .byAddress)]
        )
        #expect(ledger.count == 3)
    }

    @Test func `an address with its share makes room for itself only`() {
        var ledger = Ledger(limit: 10, limitByAddress: 2)
        _ = open(1...1, from: "b", &ledger)
        _ = open(2...3, from: "a", &ledger)

        let answers = open(4...5, from: "a", &ledger)

        #expect(answers == [.displaced(2, .byAddress), .displaced(3, .byAddress)])
        #expect(ledger.count == 3)
    }

    @Test func `a connection with a request in progress never goes`() {
        var ledger = Ledger(limit: 3, limitByAddress: 2)
        _ = open(1...2, from: "a", &ledger)
        for id in 1...2 { _ = ledger.beginRequest(id) }
        let ofAddress = ledger.open(3, from: "a")
        #expect(ofAddress == .refused(.byAddress))

        _ = ledger.open(4, from: "b")
        #expect(ledger.hasRoom)
        _ = ledger.beginRequest(4)
        #expect(!ledger.hasRoom)
        let inAll = ledger.open(5, from: "c")
        #expect(inAll == .refused(.total))

        ledger.endRequest(4)
        #expect(ledger.hasRoom)
        let later = ledger.open(5, from: "c")
        #expect(later == .displaced(4, .total))
    }

    @Test func `of several requests sent at once the last answer makes a connection idle`() {
        var ledger = Ledger(limit: 1, limitByAddress: 1)
        _ = ledger.open(1, from: "a")
        _ = ledger.beginRequest(1)
        _ = ledger.beginRequest(1)

        ledger.endRequest(1)
        #expect(!ledger.hasRoom)
        ledger.endRequest(1)
        #expect(ledger.hasRoom)
        // An answer to what was no request, such as a malformed head, changes nothing.
        ledger.endRequest(1)
        let answer = ledger.open(2, from: "b")
        #expect(answer == .displaced(1, .total))
    }

    @Test func `a request on a connection that has lost its place is not begun`() {
        var ledger = Ledger(limit: 1, limitByAddress: 1)
        _ = ledger.open(1, from: "a")
        _ = ledger.open(2, from: "a")

        let mayBegin = [1, 2, 3].map { ledger.beginRequest($0) }

        // The third was opened before anybody counted.
        #expect(mayBegin == [false, true, true])
    }

    @Test func `the end of a connection gives its place back, once`() {
        var ledger = Ledger(limit: 2, limitByAddress: 1)
        _ = ledger.open(1, from: "a")
        _ = ledger.open(2, from: "a")
        ledger.close(1)
        ledger.close(1)
        #expect(ledger.count == 1)

        _ = ledger.beginRequest(2)
        ledger.close(2)
        #expect(ledger.count == 0)
        #expect(ledger.hasRoom)
        let answers = open(3...3, from: "a", &ledger) + open(4...4, from: "b", &ledger)
        #expect(answers == [.admitted, .admitted])
    }

    @Test func `many requests on few connections keep their order`() {
        var ledger = Ledger(limit: 3, limitByAddress: 3)
        _ = open(1...3, from: "a", &ledger)
        for _ in 1...1_000 {
            for id in [3, 1] {
                _ = ledger.beginRequest(id)
                ledger.endRequest(id)
            }
        }

        let answers = open(4...6, from: "b", &ledger)

        #expect(answers == [.displaced(2, .total), .displaced(3, .total), .displaced(1, .total)])
    }
}
