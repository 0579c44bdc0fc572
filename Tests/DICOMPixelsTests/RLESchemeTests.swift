import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let limits = PixelLimits()

private func gray(_ columns: Int, _ rows: Int, bits: Int = 8) throws -> PixelFormat {
    try PixelFormat(rows: rows, columns: columns, bitsAllocated: bits, photometricInterpretation: .monochrome2)
}

/// A frame with a header of these offsets, padded to 64 bytes, and these bytes behind it.
private func rle(count: UInt32, offsets: [UInt32], _ rest: [UInt8]) -> ByteBuffer {
    var bytes = ByteBuffer()
    bytes.writeInteger(count, endianness: .little)
    for index in 0..<15 { bytes.writeInteger(index < offsets.count ? offsets[index] : 0, endianness: .little) }
    bytes.writeBytes(rest)
    return bytes
}

private func decode(_ encoded: ByteBuffer, _ format: PixelFormat) throws(PixelError) -> [UInt8] {
    Array(try CodecLibrary.decode(encoded, in: .rleLossless, as: format, limits: limits).bytes.readableBytesView)
}

@Suite struct `RLE Lossless` {
    @Test(arguments: FrameShape.all)
    func `what was packed is unpacked to the same bits`(shape: FrameShape) throws {
        let frame = try shape.frame()

        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        #expect(encoded.readableBytes % 2 == 0)
        let stored = try frame.format.encoded(in: .rleLossless)
        #expect(try CodecLibrary.decode(encoded, in: .rleLossless, as: stored, limits: limits) == frame)
    }

    @Test func `samples of 32 bits come through`() throws {
        let format = try gray(9, 5, bits: 32)
        let frame = try PixelFrame(format, ByteBuffer(bytes: (0..<format.frameLength).map { UInt8($0 * 7 & 0xFF) }))

        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        #expect(try CodecLibrary.decode(encoded, in: .rleLossless, as: format, limits: limits) == frame)
    }

    @Test func `pixels of one bit are read with a byte for each, as PS3.5 G.2 says`() throws {
        // 1, 0, 1, 1, then six times 0, of 10 pixels.
        let encoded = rle(count: 1, offsets: [64], [3, 1, 0, 1, 1, 0xFB, 0])

        #expect(try decode(encoded, gray(10, 1, bits: 1)) == [0b1101, 0])
    }

    @Test func `pixels of one bit are read packed, as some write them`() throws {
        #expect(try decode(rle(count: 1, offsets: [64], [1, 0xA5, 0x02, 0]), gray(10, 1, bits: 1)) == [0xA5, 0x02])
        #expect(throws: PixelError.self) {
            try decode(rle(count: 1, offsets: [64], [0, 0xA5]), gray(10, 1, bits: 1))
        }
    }

    @Test func `pixels of one bit are not written, for hardly any program reads them`() throws {
        let frame = try PixelFrame(gray(8, 1, bits: 1), ByteBuffer(bytes: [0xA5]))

        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)
        }

        #expect(error?.code == .notEncodable)
    }

    @Test func `literals, runs and the code without meaning are read as PS3.5 G.3 says`() throws {
        // Three literals, no operation, a run of five.
        let encoded = rle(count: 1, offsets: [64], [2, 10, 20, 30, 0x80, 0xFC, 7, 0])

        #expect(try decode(encoded, gray(8, 1)) == [10, 20, 30, 7, 7, 7, 7, 7])
    }

    @Test func `the most significant byte has the first segment`() throws {
        let encoded = rle(count: 2, offsets: [64, 68], [1, 0x12, 0x34, 0, 1, 0x56, 0x78, 0])

        #expect(try decode(encoded, gray(2, 1, bits: 16)) == [0x56, 0x12, 0x78, 0x34])
    }

    @Test func `rows are packed by themselves, a run of three is a run`() throws {
        let frame = try PixelFrame(gray(3, 2), ByteBuffer(bytes: [5, 5, 5, 5, 5, 6]))

        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        #expect(Array(encoded.readableBytesView.dropFirst(64)) == [0xFE, 5, 2, 5, 5, 6])
    }

    @Test(arguments: [
        (rle(count: 0, offsets: [], [0, 0]), PixelError.Code.malformed),
        (rle(count: 16, offsets: [64], [0, 0]), .malformed),
        (rle(count: .max, offsets: [64], [0, 0]), .malformed),
        (rle(count: 2, offsets: [64, 66], [1, 2, 1, 2]), .mismatch),
        (rle(count: 1, offsets: [63], [1, 1, 2, 0]), .malformed),
        (rle(count: 1, offsets: [68], [1, 1, 2, 0]), .malformed),
        (rle(count: 1, offsets: [.max], [1, 1, 2, 0]), .malformed),
        (rle(count: 1, offsets: [64], []), .malformed),
        (ByteBuffer(), .malformed),
        (ByteBuffer(repeating: 1, count: 63), .malformed),
        (rle(count: 1, offsets: [64], [0, 1]), .malformed),
        (rle(count: 1, offsets: [64], [0xFF]), .malformed),
        (rle(count: 1, offsets: [64], [5, 1, 2]), .mismatch),
    ])
    func `a frame that lies is refused`(encoded: ByteBuffer, code: PixelError.Code) throws {
        let format = try gray(2, 1)
        if code == .mismatch, encoded.readableBytes == 67 {
            // More literals than the plane needs: those that are there are taken.
            #expect(try decode(encoded, format) == [1, 2])
            return
        }

        let error = #expect(throws: PixelError.self) { try decode(encoded, format) }

        #expect(error?.code == code)
    }

    @Test func `segments that do not ascend are refused`() throws {
        let encoded = rle(count: 2, offsets: [68, 64], [1, 0x12, 0x34, 0, 1, 0x56, 0x78, 0])

        #expect(throws: PixelError.self) { try decode(encoded, gray(2, 1, bits: 16)) }
    }

    @Test func `cut at any byte it is an error, or the same where padding was cut`() throws {
        let frame = try FrameShape(columns: 11, rows: 7, allocated: 16, stored: 12).frame()
        let encoded = try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)

        for length in 0..<encoded.readableBytes {
            guard let cut = encoded.getSlice(at: encoded.readerIndex, length: length) else { continue }
            let decoded = try? CodecLibrary.decode(cut, in: .rleLossless, as: frame.format, limits: limits)
            #expect(decoded == nil || decoded == frame)
        }
    }

    @Test func `more than 15 planes have no form in RLE`() throws {
        let format = try gray(2, 2, bits: 12)
        let frame = try PixelFrame(format, ByteBuffer(repeating: 0, count: format.frameLength))

        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.encode(frame, in: .rleLossless, options: EncodingOptions(), limits: limits)
        }

        #expect(error?.code == .notEncodable)
    }
}
