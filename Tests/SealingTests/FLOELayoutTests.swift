import Testing

@testable import Sealing

@Suite struct `The layout of a sealed stream` {
    @Test(
        arguments: [
            (plain: 0, segments: 1, sealed: 106), (plain: 1, segments: 1, sealed: 107),
            (plain: 65_504, segments: 1, sealed: 65_610), (plain: 65_505, segments: 2, sealed: 65_643),
            (plain: 131_008, segments: 2, sealed: 131_146),
        ] as [(plain: UInt64, segments: UInt64, sealed: UInt64)]
    )
    func `lengths follow from each other`(plain: UInt64, segments: UInt64, sealed: UInt64) throws {
        let layout = try FLOELayout(plaintextLength: plain)

        #expect(layout.segmentCount == segments)
        #expect(layout.sealedLength == sealed)
        #expect(try FLOELayout(sealedLength: sealed) == layout)
    }

    @Test func `a range of plaintext lies in the segments that hold it`() throws {
        let layout = try FLOELayout(plaintextLength: 200_000)

        #expect(try layout.segments(holding: 0..<1) == 0..<1)
        #expect(try layout.segments(holding: 65_503..<65_505) == 0..<2)
        #expect(try layout.segments(holding: 199_999..<200_000) == 3..<4)
        #expect(try layout.segments(holding: 7..<7).isEmpty)
        #expect(try layout.bytes(ofSegments: 1..<3) == 65_610..<196_682)
        #expect(try layout.bytes(ofSegments: 3..<4) == 196_682..<layout.sealedLength)
        #expect(try layout.plaintext(ofSegments: 3..<4) == 196_512..<200_000)
        #expect(throws: SealingError(.rangeOutOfBounds)) { try layout.segments(holding: 0..<200_001) }
        #expect(throws: SealingError(.rangeOutOfBounds)) { try layout.bytes(ofSegments: 0..<5) }
    }

    @Test(arguments: [0, 73, 74, 105, 65_611, 65_642] as [UInt64])
    func `lengths that no canonical stream has are refused`(sealedLength: UInt64) {
        #expect(throws: SealingError(.malformedSegment)) { try FLOELayout(sealedLength: sealedLength) }
    }

    @Test func `lengths beyond the limit of segments are refused`() throws {
        let longest: UInt64 = (1 << 40) * 65_504

        #expect(try FLOELayout(plaintextLength: longest).segmentCount == 1 << 40)
        #expect(throws: SealingError(.streamTooLong)) { try FLOELayout(plaintextLength: longest + 1) }
        #expect(throws: SealingError(.streamTooLong)) { try FLOELayout(plaintextLength: .max) }
        #expect(throws: SealingError.self) { try FLOELayout(sealedLength: .max) }
    }
}
