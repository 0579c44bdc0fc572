import NIOCore
import Testing

@testable import Platform

@Suite struct `The rate of lines about odd peers` {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func `a peer that is loud takes nothing from another`() {
        var rates = LogRates(lines: 1, interval: .seconds(1), peerCount: 2)

        let answers = ["a", "a", "b", "b", "c", "d"].map { rates.take($0, now: start) }

        // Beyond so many addresses the rest shares one rate.
        #expect(answers == [.write(leftOut: 0), .tooMuch, .write(leftOut: 0), .tooMuch, .write(leftOut: 0), .tooMuch])
    }

    @Test func `an address that was quiet makes room for another`() {
        var rates = LogRates(lines: 1, interval: .seconds(1), peerCount: 2)
        for peer in ["a", "b", "c"] { _ = rates.take(peer, now: start) }

        let answers = ["c", "d"].map { rates.take($0, now: start + .seconds(1)) }

        #expect(answers == [.write(leftOut: 0), .write(leftOut: 0)])
    }
}
