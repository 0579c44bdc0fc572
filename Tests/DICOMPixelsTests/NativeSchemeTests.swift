import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let limits = PixelLimits()

private func format(_ columns: Int, bits: Int) throws -> PixelFormat {
    try PixelFormat(rows: 1, columns: columns, bitsAllocated: bits, photometricInterpretation: .monochrome2)
}

private func decode(_ bytes: [UInt8], _ transferSyntax: TransferSyntax, _ format: PixelFormat) throws -> [UInt8] {
    let frame = try CodecLibrary.decode(ByteBuffer(bytes: bytes), in: transferSyntax, as: format, limits: limits)
    return Array(frame.bytes.readableBytesView)
}

@Suite struct `Frames without compression` {
    @Test(arguments: [
        TransferSyntax.implicitVRLittleEndian, .explicitVRLittleEndian, .deflatedExplicitVRLittleEndian,
        .encapsulatedUncompressedExplicitVRLittleEndian,
    ])
    func `little-endian bytes stay as they are, without the padding of an odd frame`(
        transferSyntax: TransferSyntax
    ) throws {
        #expect(try decode([1, 2, 3, 4], transferSyntax, format(2, bits: 16)) == [1, 2, 3, 4])
        #expect(try decode([1, 2, 3, 0], transferSyntax, format(3, bits: 8)) == [1, 2, 3])
        #expect(throws: PixelError.self) { try decode([1, 2, 3, 4, 0], transferSyntax, format(2, bits: 16)) }
        #expect(throws: PixelError.self) { try decode([1, 2, 3], transferSyntax, format(2, bits: 16)) }
    }

    @Test(arguments: [
        (8, [UInt8](1...8)), (16, [2, 1, 4, 3, 6, 5, 8, 7]), (32, [4, 3, 2, 1, 8, 7, 6, 5]),
        (64, [8, 7, 6, 5, 4, 3, 2, 1]),
    ])
    func `words with the most significant byte first are swapped`(bits: Int, expected: [UInt8]) throws {
        let decoded = try decode([UInt8](1...8), .explicitVRBigEndian, format(64 / bits, bits: bits))

        #expect(decoded == expected)
    }

    @Test func `bytes in words change places, an odd one at the end stays`() {
        #expect(NativeWords.swapped(ByteBuffer(bytes: [1, 2, 3, 4, 5])) == ByteBuffer(bytes: [2, 1, 4, 3, 5]))
    }

    @Test func `packed samples of 1 and 12 bits are kept`() throws {
        #expect(try decode([0xA5, 0x01], .explicitVRLittleEndian, format(9, bits: 1)) == [0xA5, 0x01])
        #expect(try decode([1, 2, 3], .explicitVRLittleEndian, format(2, bits: 12)) == [1, 2, 3])
    }

    @Test func `a frame beyond the limit is not looked at`() throws {
        var small = limits
        small.frameLength = 3

        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.decode(
                ByteBuffer(),
                in: .explicitVRLittleEndian,
                as: format(4, bits: 8),
                limits: small
            )
        }

        #expect(error?.code == .tooLarge)
    }

    @Test func `there is no codec for video`() throws {
        let video = TransferSyntax(uid: try #require(UID("1.2.840.10008.1.2.4.102")))

        #expect(!CodecLibrary.canDecode(video))
        let error = #expect(throws: PixelError.self) { try decode([1], video, format(1, bits: 8)) }
        #expect(error?.code == .unsupported)
    }

    @Test func `subsampled chrominance is given to both pixels before it is compressed`() throws {
        let subsampled = try PixelFormat(
            rows: 1,
            columns: 4,
            samplesPerPixel: 3,
            bitsAllocated: 8,
            photometricInterpretation: .ybrFull422
        )
        let frame = try PixelFrame(subsampled, ByteBuffer(bytes: [1, 2, 10, 20, 3, 4, 30, 40]))

        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        let stored = try subsampled.encoded(in: .rleLossless)
        let decoded = try CodecLibrary.decode(encoded, in: .rleLossless, as: stored, limits: limits)
        #expect(stored.photometricInterpretation == .ybrFull)
        #expect(Array(decoded.bytes.readableBytesView) == [1, 10, 20, 2, 10, 20, 3, 30, 40, 4, 30, 40])
    }

    @Test func `planes become pixels before they are compressed`() throws {
        let planar = try PixelFormat(
            rows: 1,
            columns: 2,
            samplesPerPixel: 3,
            bitsAllocated: 16,
            photometricInterpretation: .rgb,
            isPlanar: true
        )
        let frame = try PixelFrame(planar, ByteBuffer(bytes: [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]))

        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        let decoded = try CodecLibrary.decode(
            encoded,
            in: .rleLossless,
            as: planar.encoded(in: .rleLossless),
            limits: limits
        )
        #expect(Array(decoded.bytes.readableBytesView) == [1, 2, 11, 12, 21, 22, 3, 4, 13, 14, 23, 24])
    }
}

@Suite struct `Deflated frames` {
    @Test(arguments: FrameShape.all)
    func `what was deflated is inflated to the same bits`(shape: FrameShape) throws {
        let frame = try shape.frame()

        let encoded = try CodecLibrary.encode(
            frame,
            in: .deflatedImageFrame,
            options: EncodingOptions(),
            limits: limits
        )

        #expect(encoded.readableBytes % 2 == 0)
        let decoded = try CodecLibrary.decode(encoded, in: .deflatedImageFrame, as: frame.format, limits: limits)
        #expect(decoded == frame)
    }

    @Test func `a stream that inflates to more or less than the frame is refused`() throws {
        let frame = try FrameShape(columns: 20, rows: 20, allocated: 8, stored: 8, pattern: .flat).frame()
        let encoded = try CodecLibrary.encode(
            frame,
            in: .deflatedImageFrame,
            options: EncodingOptions(),
            limits: limits
        )

        for columns in [399, 401] {
            let error = #expect(throws: PixelError.self) {
                try CodecLibrary.decode(
                    encoded,
                    in: .deflatedImageFrame,
                    as: format(columns, bits: 8),
                    limits: limits
                )
            }
            #expect(error?.code == .mismatch)
        }
    }

    @Test func `cut at any byte it is an error, or the same where padding was cut`() throws {
        let frame = try FrameShape(columns: 9, rows: 9, allocated: 8, stored: 8).frame()
        let encoded = try CodecLibrary.encode(
            frame,
            in: .deflatedImageFrame,
            options: EncodingOptions(),
            limits: limits
        )

        for length in 0..<encoded.readableBytes {
            guard let cut = encoded.getSlice(at: encoded.readerIndex, length: length) else { continue }
            let decoded = try? CodecLibrary.decode(cut, in: .deflatedImageFrame, as: frame.format, limits: limits)
            #expect(decoded == nil || decoded == frame)
        }
    }
}
