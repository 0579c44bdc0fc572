import NIOCore
import Testing

@testable import DICOMUpperLayer

@Suite struct `The rate of lines about odd peers` {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func `some lines in a row are written, the rest is counted`() {
        var rate = LogRate(lines: 3, interval: .seconds(1))

        let answers = (0..<5).map { _ in rate.take(now: start) }

        #expect(answers == [.write(leftOut: 0), .write(leftOut: 0), .write(leftOut: 0), .tooMuch, .tooMuch])
    }

    @Test func `with time there is room again, and the next line tells what was left out`() {
        var rate = LogRate(lines: 2, interval: .seconds(1))
        for _ in 0..<7 { _ = rate.take(now: start) }

        #expect(rate.take(now: start + .milliseconds(999)) == .tooMuch)
        #expect(rate.take(now: start + .seconds(1)) == .write(leftOut: 6))
        #expect(rate.take(now: start + .milliseconds(1_999)) == .tooMuch)
        #expect(rate.take(now: start + .seconds(2)) == .write(leftOut: 1))
    }

    @Test func `a long silence makes no more room than there was`() {
        var rate = LogRate(lines: 2, interval: .seconds(1))
        _ = rate.take(now: start)

        let answers = (0..<3).map { _ in rate.take(now: start + .hours(24)) }

        #expect(answers == [.write(leftOut: 0), .write(leftOut: 0), .tooMuch])
    }

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
