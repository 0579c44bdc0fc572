import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

private let lossless: [TransferSyntax] = [.jpegLossless, .jpegLosslessSV1]

@Suite struct `JPEG` {
    @Test(arguments: FrameShape.all, lossless)
    func `lossless frames come back as they were`(shape: FrameShape, transferSyntax: TransferSyntax) throws {
        let frame = try shape.frame()

        let encoded = try JPEGScheme.encode(frame, in: transferSyntax, options: EncodingOptions())
        let decoded = try JPEGScheme.decode(encoded, in: transferSyntax, as: frame.format, limits: PixelLimits())

        #expect(decoded == frame)
        #expect(encoded.readableBytes % 2 == 0)
    }

    @Test(arguments: 1...16)
    func `any number of bits is kept, signed and unsigned`(stored: Int) throws {
        for isSigned in [false, true] {
            let allocated = stored <= 8 ? [8, 16] : [16]
            for allocated in allocated {
                let shape = FrameShape(columns: 19, rows: 11, allocated: allocated, stored: stored, isSigned: isSigned)
                let frame = try shape.frame()

                let encoded = try JPEGScheme.encode(frame, in: .jpegLosslessSV1, options: EncodingOptions())
                let decoded = try JPEGScheme.decode(
                    encoded,
                    in: .jpegLosslessSV1,
                    as: frame.format,
                    limits: PixelLimits()
                )

                #expect(decoded == frame, "\(shape.testDescription)")
            }
        }
    }

    @Test func `signs that a stream knows nothing of come back`() throws {
        let format = try FrameShape(columns: 2, rows: 2, allocated: 16, stored: 12).format()
        let masked = try PixelFrame(format, ByteBuffer(bytes: [0xFF, 0x0F, 0, 8, 0xFF, 7, 1, 0]))
        let encoded = try JPEGScheme.encode(masked, in: .jpegLosslessSV1, options: EncodingOptions())
        let signed = try FrameShape(columns: 2, rows: 2, allocated: 16, stored: 12, isSigned: true).format()

        let decoded = try decode(encoded, .jpegLosslessSV1, signed)

        // -1, -2048, 2047 and 1.
        #expect(Array(decoded.bytes.readableBytesView) == [0xFF, 0xFF, 0, 0xF8, 0xFF, 7, 1, 0])
    }

    @Test func `bits above Bits Stored are kept`() throws {
        let format = try PixelFormat(
            rows: 2,
            columns: 2,
            bitsAllocated: 16,
            bitsStored: 12,
            photometricInterpretation: .monochrome2
        )
        let frame = try PixelFrame(format, ByteBuffer(bytes: [1, 0x80, 2, 0x10, 3, 0x00, 0xFF, 0x0F]))

        let encoded = try JPEGScheme.encode(frame, in: .jpegLosslessSV1, options: EncodingOptions())

        #expect(try JPEGHeader(encoded).precision == 16)
        #expect(try decode(encoded, .jpegLosslessSV1, format) == frame)
    }

    @Test(arguments: [JPEGPattern.grey8, .color8])
    func `Baseline is near what it was`(pattern: JPEGPattern) throws {
        let frame = try pattern.frame()

        let encoded = try JPEGScheme.encode(frame, in: .jpegBaseline, options: EncodingOptions(quality: 95))
        let stored = try frame.format.encoded(in: .jpegBaseline)
        let decoded = try decode(encoded, .jpegBaseline, stored)

        #expect(decoded.format.photometricInterpretation == frame.format.photometricInterpretation)
        #expect(largestDifference(decoded.bytes, frame.bytes) <= 6)
        #expect(try JPEGHeader(encoded).components.count == frame.format.samplesPerPixel)
    }

    @Test func `colour in Baseline has chrominance for each second pixel of a row`() throws {
        let encoded = try JPEGScheme.encode(
            JPEGPattern.color8.frame(),
            in: .jpegBaseline,
            options: EncodingOptions()
        )

        let header = try JPEGHeader(encoded)

        #expect(header.components.map(\.horizontalSampling) == [2, 1, 1])
        #expect(header.components.map(\.verticalSampling) == [1, 1, 1])
    }

    @Test func `quality changes the length`() throws {
        let frame = try FrameShape(columns: 64, rows: 64, allocated: 8, stored: 8).frame()

        let lengths = try [1, 50, 100].map { quality in
            try JPEGScheme.encode(frame, in: .jpegBaseline, options: EncodingOptions(quality: quality)).readableBytes
        }

        #expect(lengths == lengths.sorted())
        #expect(lengths[0] * 4 < lengths[2])
    }

    @Test func `Extended holds 12 bits`() throws {
        let frame = try FrameShape(columns: 64, rows: 40, allocated: 16, stored: 12, pattern: .ramp).frame()

        let encoded = try JPEGScheme.encode(frame, in: .jpegExtended, options: EncodingOptions(quality: 100))
        let decoded = try decode(encoded, .jpegExtended, frame.format)

        #expect(try JPEGHeader(encoded).precision == 12)
        #expect(largestWordDifference(decoded.bytes, frame.bytes) <= 2)
    }

    @Test func `lossy JPEG is said to have 8 bits of 8 or 12 of 16`() throws {
        for (allocated, stored, expected) in [(8, 7, [8, 8, 7]), (16, 8, [8, 8, 7]), (16, 9, [16, 12, 11])] {
            let format = try FrameShape(columns: 4, rows: 4, allocated: allocated, stored: stored).format()

            let written = try format.encoded(in: .jpegExtended)

            #expect([written.bitsAllocated, written.bitsStored, written.highBit] == expected)
        }
    }

    @Test func `no decoded sample leaves the range of Bits Stored`() throws {
        let frame = try FrameShape(columns: 64, rows: 64, allocated: 16, stored: 10, pattern: .extremes).frame()

        let encoded = try JPEGScheme.encode(frame, in: .jpegExtended, options: EncodingOptions(quality: 50))
        let narrow = try decode(encoded, .jpegExtended, frame.format)
        let wide = try decode(encoded, .jpegExtended, frame.format.encoded(in: .jpegExtended))

        #expect(words(narrow.bytes).max() == 1_023)
        #expect(words(wide.bytes).max() ?? 0 > 1_023)
    }

    @Test func `Extended holds 8 bits in 16`() throws {
        let frame = try FrameShape(columns: 64, rows: 40, allocated: 16, stored: 8, pattern: .ramp).frame()

        let encoded = try JPEGScheme.encode(frame, in: .jpegExtended, options: EncodingOptions(quality: 100))
        let decoded = try decode(encoded, .jpegExtended, frame.format)

        #expect(try JPEGHeader(encoded).precision == 8)
        #expect(largestWordDifference(decoded.bytes, frame.bytes) <= 2)
    }

    @Test(arguments: [
        FrameShape(columns: 4, rows: 4, allocated: 16, stored: 12),
        FrameShape(columns: 4, rows: 4, allocated: 16, stored: 9),
        FrameShape(columns: 4, rows: 4, allocated: 8, stored: 8, isSigned: true),
        FrameShape(columns: 4, rows: 4, allocated: 32, stored: 32),
    ])
    func `Baseline refuses what it cannot mean`(shape: FrameShape) throws {
        let frame = try shape.frame()

        let error = #expect(throws: PixelError.self) {
            try JPEGScheme.encode(frame, in: .jpegBaseline, options: EncodingOptions())
        }

        #expect(error?.code == .notEncodable)
    }

    @Test func `a lossless stream under the name of Baseline is decoded`() throws {
        let frame = try FrameShape(columns: 9, rows: 7, allocated: 16, stored: 12).frame()
        let encoded = try JPEGScheme.encode(frame, in: .jpegLosslessSV1, options: EncodingOptions())

        #expect(try decode(encoded, .jpegBaseline, frame.format) == frame)
    }

    @Test func `a stream of JPEG-LS under the name of JPEG is decoded, and the other way round`() throws {
        let frame = try FrameShape(columns: 9, rows: 7, allocated: 16, stored: 12).frame()
        let jpegLS = try JPEGLSScheme.encode(frame, in: .jpegLSLossless, options: EncodingOptions())
        let jpeg = try JPEGScheme.encode(frame, in: .jpegLosslessSV1, options: EncodingOptions())

        #expect(try decode(jpegLS, .jpegLosslessSV1, frame.format) == frame)
        #expect(
            try JPEGLSScheme.decode(jpeg, in: .jpegLSLossless, as: frame.format, limits: PixelLimits()) == frame
        )
    }

    @Test func `lossless colour is never converted`() throws {
        let rgb = try FrameShape(columns: 9, rows: 7, samples: 3, allocated: 8, stored: 8).frame()
        let frame = try PixelFrame(rgb.format.with(photometricInterpretation: .ybrFull), rgb.bytes)

        let encoded = try JPEGScheme.encode(frame, in: .jpegLosslessSV1, options: EncodingOptions())

        #expect(try decode(encoded, .jpegLosslessSV1, frame.format) == frame)
    }

    private func decode(
        _ encoded: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        _ format: PixelFormat
    ) throws -> PixelFrame {
        try JPEGScheme.decode(encoded, in: transferSyntax, as: format, limits: PixelLimits())
    }
}

/// Smooth images, which lossy schemes change little.
enum JPEGPattern: Sendable {
    case grey8
    case color8

    func frame() throws -> PixelFrame {
        let samples = self == .grey8 ? 1 : 3
        let shape = FrameShape(columns: 50, rows: 30, samples: samples, allocated: 8, stored: 8)
        var bytes = ByteBuffer()
        for row in 0..<30 {
            for column in 0..<50 {
                for sample in 0..<samples { bytes.writeInteger(UInt8(40 + row + 2 * column + 20 * sample)) }
            }
        }
        return try PixelFrame(shape.format(), bytes)
    }
}

func largestDifference(_ one: ByteBuffer, _ other: ByteBuffer) -> Int {
    zip(one.readableBytesView, other.readableBytesView).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

func largestWordDifference(_ one: ByteBuffer, _ other: ByteBuffer) -> Int {
    zip(words(one), words(other)).map { abs($0 - $1) }.max() ?? 0
}

private func words(_ bytes: ByteBuffer) -> [Int] {
    stride(from: 0, to: bytes.readableBytes, by: 2).compactMap { offset in
        bytes.getInteger(at: bytes.readerIndex + offset, endianness: .little, as: UInt16.self).map(Int.init)
    }
}
