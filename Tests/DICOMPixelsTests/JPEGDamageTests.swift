import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

/// 16 columns and 9 rows of grey from libjpeg's progressive encoder, six scans.
private let progressive = bytes(
    """
    ffd8ffe000104a46494600010100000100010000ffdb00430006040506050406060506070706080a100a0a09090a140e0f0c1017141818171416\
    161a1d251f1a1b231c1616202c20232627292a29191f2d302d283025282928ffc2000b080009001001011100ffc4001400010000000000000000\
    0000000000000006ffda000801010000000114c0f30fffc400161001010100000000000000000000000000000403ffda00080101000105029734\
    b9a54affc40014100100000000000000000000000000000020ffda0008010100063f021fffc40017100100030000000000000000000000000000\
    213141ffda0008010100013f21a614c30c3fffda0008010100000010ff00ffc40014100100000000000000000000000000000020ffda00080101\
    00013f10155fffd9
    """
)

/// What libjpeg's decoder makes of it.
private let progressiveSamples = bytes(
    """
    0108131c242d373f49505b646c757f87050d172128313c444d555f697079848c0b131e272e37424a535b666f767f8a921018222b333c474e5860\
    6a737b848f96141c262f37404b525c646e777f88939a19212b343c454f576169737c848d979f1f27313a424b565d676f79828a939ea5242b363f\
    47505a626c737e878f98a2aa29303b444c555f677178838c949da7af
    """
)

private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.map { $0 <= 0x39 ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func grey(_ columns: Int, _ rows: Int, bits: Int = 8) throws -> PixelFormat {
    try PixelFormat(rows: rows, columns: columns, bitsAllocated: bits, photometricInterpretation: .monochrome2)
}

private func decode(
    _ stream: [UInt8],
    _ format: PixelFormat,
    in transferSyntax: TransferSyntax = .jpegBaseline,
    limits: PixelLimits = PixelLimits()
) throws -> PixelFrame {
    try JPEGScheme.decode(ByteBuffer(bytes: stream), in: transferSyntax, as: format, limits: limits)
}

private func encoded(_ shape: FrameShape, in transferSyntax: TransferSyntax) throws -> [UInt8] {
    let stream = try JPEGScheme.encode(shape.frame(), in: transferSyntax, options: EncodingOptions())
    return Array(stream.readableBytesView)
}

private func code(_ body: () throws -> PixelFrame) -> PixelError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? PixelError)?.code
    }
}

/// A kind of stream, small enough to be cut everywhere.
private let kinds: [(FrameShape, TransferSyntax)] = [
    (FrameShape(columns: 17, rows: 9, allocated: 8, stored: 8), .jpegBaseline),
    (FrameShape(columns: 17, rows: 9, samples: 3, allocated: 8, stored: 8), .jpegBaseline),
    (FrameShape(columns: 9, rows: 9, allocated: 16, stored: 12), .jpegExtended),
    (FrameShape(columns: 7, rows: 5, allocated: 8, stored: 8), .jpegLosslessSV1),
    (FrameShape(columns: 7, rows: 5, samples: 3, allocated: 8, stored: 8), .jpegLosslessSV1),
    (FrameShape(columns: 7, rows: 5, allocated: 16, stored: 12), .jpegLosslessSV1),
    (FrameShape(columns: 7, rows: 5, allocated: 16, stored: 16, isSigned: true), .jpegLosslessSV1),
]

@Suite struct `Damaged JPEG` {
    @Test func `chrominance of 12 bits beyond its range gives colours within it`() throws {
        let shape = FrameShape(columns: 40, rows: 24, samples: 3, allocated: 16, stored: 12, pattern: .extremes)
        var stream = try encoded(shape, in: .jpegExtended)
        let segment = try #require(stream.indices.first { stream[$0...].starts(with: [0xFF, 0xDB]) })
        // Each step of quantization becomes the largest: coefficients are hundreds of times what they were.
        for place in segment + 5..<segment + 5 + 64 { stream[place] = 0xFF }

        let frame = try decode(stream, shape.format().encoded(in: .jpegExtended), in: .jpegExtended)

        #expect(frame.bytes.readableBytes == 2 * 40 * 24 * 3)
        #expect(frame.format.photometricInterpretation == .rgb)
    }

    @Test func `pure colours of 12 bits come back`() throws {
        let format = try FrameShape(columns: 8, rows: 8, samples: 3, allocated: 16, stored: 12).format()
        for colour: [UInt16] in [[4_095, 0, 0], [0, 4_095, 0], [0, 0, 4_095], [1_000, 2_000, 3_000]] {
            var pixels = ByteBuffer()
            for _ in 0..<64 { for sample in colour { pixels.writeInteger(sample, endianness: .little) } }

            let stream = try JPEGScheme.encode(
                PixelFrame(format, pixels),
                in: .jpegExtended,
                options: EncodingOptions(quality: 100)
            )
            let decoded = try decode(
                Array(stream.readableBytesView),
                format.encoded(in: .jpegExtended),
                in: .jpegExtended
            )

            var samples = decoded.bytes
            for expected in colour {
                let sample = samples.readInteger(endianness: .little, as: UInt16.self)
                #expect(abs(Int(sample ?? .max) - Int(expected)) <= 3)
            }
        }
    }

    @Test func `a progressive stream is decoded, also under the name of Baseline`() throws {
        let frame = try decode(progressive, grey(16, 9))
        let retired = try decode(progressive, grey(16, 9), in: .jpegFullProgression)

        #expect(Array(frame.bytes.readableBytesView) == progressiveSamples)
        #expect(retired == frame)
    }

    @Test(arguments: kinds.indices)
    func `cut anywhere a stream is an error, or whole without its end`(kind: Int) throws {
        let (shape, transferSyntax) = kinds[kind]
        let stream = try encoded(shape, in: transferSyntax)
        let format = try shape.format()
        let whole = try decode(stream, format, in: transferSyntax)
        var tolerated = 0

        for length in 0..<stream.count {
            do {
                let frame = try decode(Array(stream.prefix(length)), format, in: transferSyntax)
                #expect(frame == whole, "cut at \(length)")
                tolerated += 1
            } catch {
                #expect((error as? PixelError)?.code == .malformed)
            }
        }

        // The end, its first byte, and the padding.
        #expect((2...3).contains(tolerated))
    }

    @Test func `a progressive stream cut between or within its scans is an error`() throws {
        for length in 0..<progressive.count - 2 {
            #expect(code { try decode(Array(progressive.prefix(length)), grey(16, 9)) } == .malformed, "\(length)")
        }
        #expect(code { try decode(Array(progressive.dropLast(2)), grey(16, 9)) } == nil)
    }

    @Test func `what comes after the end is of no matter, nor are fill bytes before the start`() throws {
        let (shape, transferSyntax) = kinds[5]
        let stream = try encoded(shape, in: transferSyntax)
        let whole = try decode(stream, shape.format(), in: transferSyntax)

        for rest: [UInt8] in [[0], [0xFF], [0, 0, 0, 0], Array(repeating: 0xFF, count: 64), stream] {
            #expect(try decode(stream + rest, shape.format(), in: transferSyntax) == whole)
        }
        #expect(try decode([0xFF, 0xFF, 0, 0] + stream, shape.format(), in: transferSyntax) == whole)
    }

    @Test(arguments: kinds.indices)
    func `changed bytes are an error or other samples, never more`(kind: Int) throws {
        let (shape, transferSyntax) = kinds[kind]
        let stream = try encoded(shape, in: transferSyntax)
        let format = try shape.format()

        for place in stream.indices {
            for change: UInt8 in [1, 0x10, 0x80, 0xFF] {
                var changed = stream
                changed[place] ^= change
                let frame = try? decode(changed, format, in: transferSyntax)
                #expect(frame == nil || frame?.bytes.readableBytes == format.frameLength)
            }
        }
    }

    @Test func `a stream with another image is refused before it is decoded`() throws {
        let stream = try encoded(FrameShape(columns: 17, rows: 9, allocated: 16, stored: 12), in: .jpegLosslessSV1)
        let color = try FrameShape(columns: 17, rows: 9, samples: 3, allocated: 16, stored: 16).format()

        #expect(code { try decode(stream, grey(17, 8, bits: 16)) } == .mismatch)
        #expect(code { try decode(stream, grey(18, 9, bits: 16)) } == .mismatch)
        #expect(code { try decode(stream, grey(17, 9, bits: 8)) } == .mismatch)
        #expect(code { try decode(stream, color) } == .mismatch)
        #expect(code { try decode(stream, grey(17, 9, bits: 32)) } == .unsupported)
    }

    @Test func `a frame beyond the limit is refused before it is decoded`() throws {
        var writer = MarkerWriter()
        writer.frame(rows: 65_535, columns: 65_535)
        writer.scan()

        #expect(code { try decode(writer.bytes, grey(65_535, 65_535)) } == .tooLarge)
        let small = PixelLimits(frameLength: 143)
        #expect(code { try decode(progressive, grey(16, 9), limits: small) } == .tooLarge)
        #expect(code { try decode(progressive, grey(16, 9), limits: PixelLimits(frameLength: 144)) } == nil)
    }

    @Test func `a thousand scans are too many`() throws {
        // The fifth scan again and again: a bit of each DC coefficient, and no table.
        let scan = Array(progressive[250..<262])
        func stream(repeating count: Int) -> [UInt8] {
            progressive.dropLast(2) + Array(repeating: scan, count: count).joined() + [0xFF, 0xD9]
        }

        #expect(code { try decode(stream(repeating: 94), grey(16, 9)) } == nil)
        #expect(code { try decode(stream(repeating: 95), grey(16, 9)) } == .malformed)
        #expect(code { try decode(stream(repeating: 1_000), grey(16, 9)) } == .malformed)
    }

    @Test(arguments: [0, 2]) func `tables that promise too much are errors`(kind: Int) throws {
        let (shape, transferSyntax) = kinds[kind]
        let stream = try encoded(shape, in: transferSyntax)
        // A DC table whose only symbol is category 16.
        let table: [UInt8] = [0xFF, 0xC4, 0, 20, 0, 1] + Array(repeating: 0, count: 15) + [16]
        // Restart after each block: the scan has none.
        let restart: [UInt8] = [0xFF, 0xDD, 0, 4, 0, 1]
        let scan = try #require(stream.indices.first { stream[$0] == 0xFF && stream[$0 + 1] == 0xDA })

        for segment in [table, restart] {
            let changed = stream[..<scan] + segment + stream[scan...]
            #expect(code { try decode(Array(changed), shape.format(), in: transferSyntax) } == .malformed)
        }
    }

    @Test func `a point transform that leaves no bits is an error`() throws {
        func stream(_ transform: UInt8) -> [UInt8] {
            var writer = MarkerWriter()
            writer.frame(0xC3, precision: 8, rows: 1, columns: 2)
            writer.segment(0xC4, [0, 1] + Array(repeating: 0, count: 15) + [0])
            writer.scan(parameters: [1, 0, transform])
            return writer.bytes + [0b0011_1111, 0xFF, 0xD9]
        }

        #expect(code { try decode(stream(7), grey(2, 1), in: .jpegLossless) } == nil)
        #expect(code { try decode(stream(8), grey(2, 1), in: .jpegLossless) } == .malformed)
    }

    @Test func `lossless streams of any precision are decoded, though the library has three`() throws {
        // Written by hand: one row of two samples, P bits; the first differs by 0 from half the range, the second by 1.
        for precision: UInt8 in 2...16 {
            var writer = MarkerWriter()
            writer.frame(0xC3, precision: precision, rows: 1, columns: 2)
            // Two codes of one and two bits: 0 for category 0, 10 for category 1.
            writer.segment(0xC4, [0, 1, 1] + Array(repeating: 0, count: 14) + [0, 1])
            writer.scan(parameters: [1, 0, 0])
            // 0, then 10 and 1 (difference 1), then ones.
            let stream = writer.bytes + [0b0101_1111, 0xFF, 0xD9]
            let bits = precision <= 8 ? 8 : 16
            let half = UInt16(1) << (UInt16(precision) - 1)

            let frame = try decode(stream, grey(2, 1, bits: bits), in: .jpegLossless)

            var expected = ByteBuffer()
            for sample in [half, half + 1] {
                if bits == 8 {
                    expected.writeInteger(UInt8(sample))
                } else {
                    expected.writeInteger(sample, endianness: .little)
                }
            }
            #expect(frame.bytes == expected, "\(precision) bits")
        }
    }
}
