import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

@Suite struct `JPEG-LS` {
    @Test(arguments: FrameShape.all)
    func `lossless frames come back as they were`(shape: FrameShape) throws {
        let frame = try shape.frame()

        let encoded = try encode(frame)

        #expect(try decode(encoded, frame.format) == frame)
        #expect(encoded.readableBytes % 2 == 0)
    }

    @Test(arguments: 1...16)
    func `any number of bits is kept, signed and unsigned`(stored: Int) throws {
        for isSigned in [false, true] {
            for allocated in stored <= 8 ? [8, 16] : [16] {
                let shape = FrameShape(columns: 19, rows: 11, allocated: allocated, stored: stored, isSigned: isSigned)
                let frame = try shape.frame()

                let encoded = try encode(frame)

                let precision = isSigned ? allocated : max(2, stored)
                #expect(try JPEGHeader(encoded).precision == precision, "\(shape.testDescription)")
                #expect(try decode(encoded, frame.format) == frame, "\(shape.testDescription)")
            }
        }
    }

    @Test(arguments: [1, 2, 10])
    func `near-lossless frames are as near as was asked`(near: Int) throws {
        for shape in FrameShape.all where shape.allocated == 8 && !shape.isSigned {
            let frame = try shape.frame()

            let encoded = try JPEGLSScheme.encode(
                frame,
                in: .jpegLSNearLossless,
                options: EncodingOptions(nearLossless: near)
            )
            let decoded = try JPEGLSScheme.decode(
                encoded,
                in: .jpegLSNearLossless,
                as: frame.format,
                limits: PixelLimits()
            )

            #expect(largestDifference(decoded.bytes, frame.bytes) <= near)
        }
    }

    @Test func `signed samples are near, too, or refused where they would wrap around`() throws {
        let format = try FrameShape(columns: 2, rows: 2, allocated: 8, stored: 6, isSigned: true).format()
        let options = EncodingOptions(nearLossless: 2)
        let bytes = ByteBuffer(bytes: [0xFF, 0, 29, 0xE2])
        let frame = try PixelFrame(format, bytes)

        let encoded = try JPEGLSScheme.encode(frame, in: .jpegLSNearLossless, options: options)
        let decoded = try JPEGLSScheme.decode(encoded, in: .jpegLSNearLossless, as: format, limits: PixelLimits())
        let differences = zip(decoded.bytes.readableBytesView, bytes.readableBytesView).map {
            abs(Int(Int8(bitPattern: $0)) - Int(Int8(bitPattern: $1)))
        }
        #expect(differences.max() ?? 99 <= 2)

        for edge: UInt8 in [30, 0xE1] {
            let edgy = try PixelFrame(format, ByteBuffer(bytes: [0xFF, 0, edge, 0]))
            let error = #expect(throws: PixelError.self) {
                try JPEGLSScheme.encode(edgy, in: .jpegLSNearLossless, options: options)
            }
            #expect(error?.code == .notEncodable)
        }
    }

    @Test func `signs that a stream knows nothing of come back`() throws {
        let samples = try FrameShape(columns: 9, rows: 7, allocated: 16, stored: 12, isSigned: true).frame()
        var masked = ByteBuffer()
        for (index, byte) in samples.bytes.readableBytesView.enumerated() {
            masked.writeInteger(index % 2 == 0 ? byte : byte & 0x0F)
        }
        let format = try FrameShape(columns: 9, rows: 7, allocated: 16, stored: 12).format()
        let encoded = try encode(PixelFrame(format, masked))

        #expect(try JPEGHeader(encoded).precision == 12)
        #expect(try decode(encoded, samples.format) == samples)
        // Bits Stored says more than the stream has.
        let wide = try samples.format.with(bitsStored: 16, highBit: 15)
        #expect(try decode(encoded, wide).bytes == samples.bytes)
    }

    @Test(arguments: [0, 1, 2])
    func `colour is by pixel, however its components were interleaved`(mode: Int) throws {
        let planes: [[UInt8]] = [[10, 20, 30, 40], [50, 60, 70, 80], [90, 100, 110, 120]]

        let frame = try decode(JPEGLSInterleaving.stream(mode), JPEGLSInterleaving.format())

        #expect(Array(frame.bytes.readableBytesView) == (0..<4).flatMap { pixel in planes.map { $0[pixel] } })
    }

    @Test(arguments: 30...41) func `a stream without its end is whole, padded or not`(columns: Int) throws {
        let frame = try FrameShape(columns: columns, rows: 30, allocated: 16, stored: 12).frame()
        let bytes = Array(try encode(frame).readableBytesView)
        // The end, and the padding that may follow it.
        let end = try #require(bytes.indices.last { bytes[$0...].starts(with: [0xFF, 0xD9]) })
        let bare = Array(bytes[..<end])

        #expect(try decode(ByteBuffer(bytes: bare), frame.format) == frame)
        #expect(try decode(ByteBuffer(bytes: bare + [0]), frame.format) == frame)
        for tail: [UInt8] in [[0, 0], [1]] {
            let error = #expect(throws: PixelError.self) { try decode(ByteBuffer(bytes: bare + tail), frame.format) }
            #expect(error?.code == .malformed)
        }
        for missing in 2...3 {
            let cut = ByteBuffer(bytes: bare.dropLast(missing) + [0])
            if let decoded = try? decode(cut, frame.format) { #expect(decoded == frame) }
        }
    }

    @Test(arguments: [
        FrameShape(columns: 8, rows: 6, allocated: 8, stored: 8),
        FrameShape(columns: 8, rows: 6, allocated: 16, stored: 12),
        FrameShape(columns: 8, rows: 6, samples: 3, allocated: 8, stored: 8),
    ])
    func `a stream cut anywhere is an error or whole`(shape: FrameShape) throws {
        let frame = try shape.frame()
        let encoded = try encode(frame)

        for length in 0..<encoded.readableBytes {
            let cut = try #require(encoded.getSlice(at: encoded.readerIndex, length: length))
            do {
                #expect(try decode(cut, frame.format) == frame, "cut at \(length)")
                #expect(length >= encoded.readableBytes - 3, "cut at \(length)")
            } catch {
                #expect((error as? PixelError)?.code == .malformed)
            }
        }
    }

    @Test(arguments: [UInt8(128), 200, 255])
    func `NEAR beyond half of the largest sample is refused`(near: UInt8) throws {
        let frame = try FrameShape(columns: 8, rows: 6, allocated: 8, stored: 8).frame()
        var encoded = try encode(frame)
        let scan = try #require(encoded.readableBytesView.firstRange(of: [0xFF, 0xDA]))
        // After the marker: length, count, two bytes for the component, NEAR.
        encoded.setInteger(near, at: scan.lowerBound + 7)

        let error = #expect(throws: PixelError.self) { try decode(encoded, frame.format) }

        #expect(error?.code == .malformed)
    }

    @Test(arguments: [(0, UInt8(63), true), (1, 63, true), (2, 64, true), (2, 0, true), (2, 63, false)])
    func `colour by pixel with another RESET is refused`(mode: Int, reset: UInt8, isDecoded: Bool) throws {
        let stream = Array(JPEGLSInterleaving.stream(mode).readableBytesView)
        let parameters: [UInt8] = [0xFF, 0xF8, 0, 13, 1, 0, 255, 0, 3, 0, 7, 0, 21, 0, reset]
        let changed = ByteBuffer(bytes: stream[..<2] + parameters + stream[2...])
        var code: PixelError.Code?

        do {
            _ = try decode(changed, JPEGLSInterleaving.format())
        } catch {
            code = (error as? PixelError)?.code
        }

        #expect(code == (isDecoded ? nil : .unsupported))
    }

    @Test func `MAXVAL beyond the precision is refused`() throws {
        let frame = try FrameShape(columns: 8, rows: 6, allocated: 8, stored: 8).frame()
        var encoded = try encode(frame)
        let parameters: [UInt8] = [0xFF, 0xF8, 0, 13, 1, 0xFF, 0xFF, 0, 3, 0, 7, 0, 21, 0, 64]
        let rest = try #require(encoded.getSlice(at: encoded.readerIndex + 2, length: encoded.readableBytes - 2))
        encoded = ByteBuffer(bytes: [0xFF, 0xD8] + parameters + Array(rest.readableBytesView))

        let error = #expect(throws: PixelError.self) { try decode(encoded, frame.format) }

        #expect(error?.code == .malformed)
    }

    @Test(arguments: [3, 5, 7])
    func `changed bytes are an error or other samples, never more`(step: Int) throws {
        let frame = try FrameShape(columns: 12, rows: 10, allocated: 16, stored: 12, pattern: .ramp).frame()
        let encoded = try encode(frame)

        for place in 0..<encoded.readableBytes {
            for change in stride(from: step, to: 256, by: 41) {
                var changed = encoded
                let byte = try #require(changed.getInteger(at: place, as: UInt8.self))
                changed.setInteger(byte ^ UInt8(change), at: place)
                if let decoded = try? decode(changed, frame.format) {
                    #expect(decoded.bytes.readableBytes == frame.bytes.readableBytes)
                }
            }
        }
    }

    private func encode(_ frame: PixelFrame) throws -> ByteBuffer {
        try JPEGLSScheme.encode(frame, in: .jpegLSLossless, options: EncodingOptions())
    }

    private func decode(_ encoded: ByteBuffer, _ format: PixelFormat) throws -> PixelFrame {
        try JPEGLSScheme.decode(encoded, in: .jpegLSLossless, as: format, limits: PixelLimits())
    }
}

/// Two rows of two pixels as another writer makes them.
private enum JPEGLSInterleaving {
    static func format() throws -> PixelFormat {
        try FrameShape(columns: 2, rows: 2, samples: 3, allocated: 8, stored: 8).format()
    }

    static func stream(_ mode: Int) -> ByteBuffer { ByteBuffer(bytes: streams[mode]) }

    private static let streams: [[UInt8]] = [
        [
            0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x11, 0x08, 0x00, 0x02, 0x00, 0x02, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11, 0x00,
            0x03, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x07, 0x0E, 0x00, 0x40, 0x40,
            0xFF, 0xDA, 0x00, 0x08, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x62, 0x0E, 0x00, 0x40, 0x40,
            0xFF, 0xDA, 0x00, 0x08, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xB2, 0x0E, 0x00, 0x40, 0x40,
            0xFF, 0xD9,
        ],
        [
            0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x11, 0x08, 0x00, 0x02, 0x00, 0x02, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11, 0x00,
            0x03, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x0C, 0x03, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x00, 0x01, 0x00, 0x07,
            0x0E, 0x00, 0x0B, 0x0E, 0x06, 0x64, 0x80, 0x10, 0x10, 0x00, 0x85, 0x16, 0x20, 0xFF, 0xFF, 0xD9,
        ],
        [
            0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x11, 0x08, 0x00, 0x02, 0x00, 0x02, 0x03, 0x01, 0x11, 0x00, 0x02, 0x11, 0x00,
            0x03, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x0C, 0x03, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x00, 0x02, 0x00, 0x02,
            0x00, 0x06, 0x03, 0x40, 0xE1, 0xC9, 0x00, 0x20, 0x01, 0x0B, 0x02, 0x14, 0x40, 0xFF, 0xFF, 0xD9,
        ],
    ]
}
