import NIOCore
import Testing

@testable import DICOMUpperLayer

/// A small generator with a fixed beginning, so that a failure comes again.
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

@Suite struct `Damaged PDUs` {
    private static let samples: [[UInt8]] = [
        Samples.request(),
        Samples.request(userItems: Samples.defaultUserItems + Samples.item(0x58, [2, 1, 0, 1, 0x61, 0, 1, 0x62])),
        Samples.data(Samples.value(1, control: 3, [1, 2, 3]), Samples.value(3, control: 2, [4])),
        Samples.releaseRequest + Samples.releaseResponse + Samples.abort,
    ]

    @Test(arguments: 0..<samples.count)
    func `are decoded or refused, whatever byte is damaged`(index: Int) {
        let sample = Self.samples[index]
        var numbers = Numbers(state: UInt64(index) + 1)

        for _ in 0..<3_000 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let position = Int.random(in: 0..<bytes.count, using: &numbers)
                bytes[position] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &numbers)]
                    .randomElement(using: &numbers) ?? 0
            }
            let result = Result { try Samples.decode(bytes) }
            if case .failure(let error) = result { #expect(error is PDUError) }
        }
    }
}
