import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Reading a deflated Data Set` {
    private let transferSyntax = TransferSyntax.deflatedExplicitVRLittleEndian

    private func deflated(_ bytes: ByteBuffer) throws -> ByteBuffer {
        try #require(Deflater.deflate(bytes, level: 9, isRaw: true))
    }

    private func sample(pixels: Int) -> ByteBuffer {
        var bytes = Bytes()
        bytes.identity()
        bytes.explicit(0x7FE0_0010, "OB", [UInt8](repeating: 0, count: pixels))
        return bytes.buffer
    }

    @Test(arguments: [1, 10, 100_000]) func `offsets count in the inflated bytes`(pieceLength: Int) throws {
        let plain = sample(pixels: 200_000)

        let result = try scanned(try deflated(plain), transferSyntax, pieceLength: pieceLength)

        let expected = try scanned(plain)
        #expect(result.header == expected.header)
        #expect(result.dataSetLength < 2000)
    }

    @Test func `the empty stream of a known program is read`() throws {
        // What zlib makes of no bytes: 03 00.
        #expect(try tokens(ByteBuffer(bytes: [3, 0]), transferSyntax).isEmpty)
    }

    @Test func `bytes behind the stream are ignored`() throws {
        var bytes = try deflated(sample(pixels: 10))
        bytes.writeBytes([0, 1, 2])

        #expect(try scanned(bytes, transferSyntax).identity.sopInstanceUID.string == "1.2.3.4")
    }

    @Test func `a stream cut at any byte is truncated`() throws {
        let bytes = try deflated(sample(pixels: 1000))

        for length in 0..<bytes.readableBytes {
            let error = #expect(throws: DataSetError.self) {
                try scanned(bytes.getSlice(at: 0, length: length) ?? ByteBuffer(), transferSyntax)
            }
            #expect(error?.code == .truncated)
        }
    }

    @Test func `a damaged stream is refused`() {
        let error = #expect(throws: DataSetError.self) {
            try tokens(ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF]), transferSyntax)
        }

        #expect(error?.code == .inflateFailed)
    }

    @Test func `a stream that grows too much for its length is refused`() throws {
        var limits = DataSetLimits()
        limits.inflationRatio = 100
        let bomb = try deflated(sample(pixels: 4 << 20))
        let small = try deflated(sample(pixels: 900_000))

        let error = #expect(throws: DataSetError.self) { try scanned(bomb, transferSyntax, limits: limits) }

        #expect(error?.code == .inflatesTooFar)
        #expect(try scanned(small, transferSyntax, limits: limits).dataSetLength < 9000)
    }

    @Test func `a stream that grows beyond the limit is refused`() throws {
        var limits = DataSetLimits()
        limits.inflatedLength = 100_000
        let atLimit = try deflated(sample(pixels: 100_000 - 92))
        let beyond = try deflated(sample(pixels: 100_000 - 91))

        #expect(try scanned(atLimit, transferSyntax, limits: limits).dataSetLength > 0)
        let error = #expect(throws: DataSetError.self) { try scanned(beyond, transferSyntax, limits: limits) }
        #expect(error?.code == .inflatesTooFar)
    }

    @Test func `a copy of the decoder goes on by itself`() throws {
        let bytes = try deflated(sample(pixels: 200_000))
        let half = bytes.readableBytes / 2
        var first = InstanceScanner(transferSyntax: transferSyntax)
        try first.scan(bytes.getSlice(at: 0, length: half) ?? ByteBuffer())
        var second = first

        try first.scan(bytes.getSlice(at: half, length: bytes.readableBytes - half) ?? ByteBuffer())
        try second.scan(bytes.getSlice(at: half, length: bytes.readableBytes - half) ?? ByteBuffer())

        #expect(try first.finish() == second.finish())
    }
}
