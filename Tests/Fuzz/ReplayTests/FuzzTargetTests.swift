import NIOCore
import Testing

@testable import FuzzProperties

@Suite struct `What the fuzz targets are made of` {
    private static let bytes = ByteBuffer(bytes: (0..<300).map { UInt8(truncatingIfNeeded: $0) })

    @Test(arguments: [0, 1, 2, 3, 4, 64, 255]) func `pieces together are the whole, and none is empty`(seed: UInt8) {
        let pieces = Self.bytes.pieces(seed: seed)

        var joined = ByteBuffer()
        for piece in pieces { joined.writeImmutableBuffer(piece) }
        #expect(joined == Self.bytes)
        #expect(pieces.allSatisfy { $0.readableBytes > 0 })
        #expect(pieces.count > 1)
    }

    @Test func `one of four seeds cuts a short input into single bytes`() throws {
        let short = try #require(Self.bytes.getSlice(at: 0, length: 64))

        #expect(short.pieces(seed: 4).count == 64)
    }

    @Test func `nothing has no pieces`() {
        #expect(ByteBuffer().pieces(seed: 4).isEmpty)
    }

    @Test func `a choice is taken from the front, and is 0 when nothing is left`() {
        var input = ByteBuffer(bytes: [9])

        #expect(input.takeChoice() == 9)
        #expect(input.takeChoice() == 0)
    }

    @Test func `a promise that does not hold is a violation with its text`() {
        let violation = #expect(throws: PropertyViolation.self) { try require(1 > 2, "one is more") }

        #expect(violation?.description == "one is more")
    }

    @Test func `the sample is one of so many inputs, always the same ones`() {
        let inputs = (0..<4_096).map { ByteBuffer(integer: UInt32($0)) }

        let sample = inputs.filter { $0.isSample(of: 16) }

        #expect((192...320).contains(sample.count))
        #expect(sample == inputs.filter { ByteBuffer(bytes: $0.readableBytesView).isSample(of: 16) })
        #expect(inputs.allSatisfy { $0.isSample(of: 1) })
    }
}
