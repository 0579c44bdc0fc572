import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let limits = PixelLimits()

private func encode(
    _ frame: PixelFrame,
    _ transferSyntax: TransferSyntax,
    quality: Int = 90
) throws(PixelError) -> ByteBuffer {
    try CodecLibrary.encode(frame, in: transferSyntax, options: EncodingOptions(quality: quality), limits: limits)
}

private func decode(
    _ encoded: ByteBuffer,
    _ transferSyntax: TransferSyntax,
    _ format: PixelFormat
) throws(PixelError) -> PixelFrame {
    try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: limits)
}

private let lossless: [TransferSyntax] = [.jpeg2000Lossless, .htj2kLossless, .htj2kLosslessRPCL]

/// The bytes with others from a place on.
private func patched(_ bytes: ByteBuffer, at offset: Int, _ patch: [UInt8]) -> ByteBuffer {
    var result = bytes
    result.setBytes(patch, at: result.readerIndex + offset)
    return result
}

/// Where a marker is.
private func find(_ marker: [UInt8], in bytes: ByteBuffer) throws -> Int {
    let all = Array(bytes.readableBytesView)
    return try #require((0..<all.count - 1).first { all[$0] == marker[0] && all[$0 + 1] == marker[1] })
}

@Suite struct `JPEG 2000 and HTJ2K without loss` {
    @Test(arguments: lossless, FrameShape.all)
    func `what was encoded is decoded to the same bits`(transferSyntax: TransferSyntax, shape: FrameShape) throws {
        let frame = try shape.frame()

        let encoded = try encode(frame, transferSyntax)

        #expect(encoded.readableBytes % 2 == 0)
        #expect(try decode(encoded, transferSyntax, frame.format.encoded(in: transferSyntax)) == frame)
    }

    @Test(arguments: lossless)
    func `bits above Bits Stored come back`(transferSyntax: TransferSyntax) throws {
        let format = try FrameShape(columns: 16, rows: 16, allocated: 16, stored: 12).format()
        let frame = try PixelFrame(format, ByteBuffer(bytes: (0..<512).map { UInt8($0 & 0xFF) }))

        #expect(try decode(encode(frame, transferSyntax), transferSyntax, format) == frame)
    }

    @Test(arguments: lossless)
    func `luminance and chrominance stay what they are, without a transform`(transferSyntax: TransferSyntax) throws {
        let rgb = try FrameShape(columns: 16, rows: 16, samples: 3, allocated: 8, stored: 8).frame()
        let frame = try PixelFrame(rgb.format.with(photometricInterpretation: .ybrFull), rgb.bytes)

        let decoded = try decode(encode(frame, transferSyntax), transferSyntax, frame.format)

        #expect(decoded == frame)
    }

    @Test func `the resolutions come first, their length is in TLM, the smallest fits 64 pixels`() throws {
        let format = try FrameShape(columns: 4_100, rows: 4_100, allocated: 8, stored: 8).format()
        let frame = try PixelFrame(format, ByteBuffer(repeating: 7, count: format.frameLength))

        let encoded = try encode(frame, .htj2kLosslessRPCL)

        let cod = try find([0xFF, 0x52], in: encoded)
        let bytes = Array(encoded.readableBytesView)
        // Marker, length, Scod, then the progression: 2 is RPCL (ISO/IEC 15444-1 A.6.1).
        #expect(bytes[cod + 5] == 2)
        // Six times would leave 65.
        #expect(bytes[cod + 9] == 7)
        let tlm = try find([0xFF, 0x55], in: encoded)
        let sot = try find([0xFF, 0x90], in: encoded)
        #expect(Array(bytes[tlm + 8..<tlm + 12]) == Array(bytes[sot + 6..<sot + 10]))
    }

    @Test func `samples of 32 bits and masks have no form`() throws {
        for shape in [FrameShape(columns: 4, rows: 4, allocated: 32, stored: 32)] {
            for transferSyntax in lossless {
                let error = #expect(throws: PixelError.self) { try encode(shape.frame(), transferSyntax) }
                #expect(error?.code == .notEncodable)
            }
        }
    }
}

@Suite struct `JPEG 2000 and HTJ2K with loss` {
    @Test(
        arguments: [TransferSyntax.jpeg2000, .htj2k],
        [
            FrameShape(columns: 128, rows: 128, allocated: 8, stored: 8, pattern: .ramp),
            FrameShape(columns: 128, rows: 128, allocated: 16, stored: 12, isSigned: true, pattern: .ramp),
            FrameShape(columns: 127, rows: 63, samples: 3, allocated: 8, stored: 8, pattern: .ramp),
        ]
    )
    func `better quality is nearer and longer`(transferSyntax: TransferSyntax, shape: FrameShape) throws {
        let frame = try shape.frame()
        var errors: [Double] = []
        var lengths: [Int] = []

        for quality in [10, 60, 100] {
            let encoded = try encode(frame, transferSyntax, quality: quality)
            let decoded = try decode(encoded, transferSyntax, frame.format.encoded(in: transferSyntax))
            lengths.append(encoded.readableBytes)
            errors.append(meanSquare(frame, decoded))
        }

        #expect(lengths == lengths.sorted())
        #expect(errors == errors.sorted(by: >))
        // 50 dB below the range: quality 100 is above.
        let range = Double(1 << shape.stored)
        #expect(errors[2] < range * range / 100_000)
    }

    private func meanSquare(_ one: PixelFrame, _ other: PixelFrame) -> Double {
        let length = one.format.bitsAllocated / 8
        var (first, second) = (one.bytes, other.bytes)
        var sum = 0.0
        for _ in 0..<one.format.sampleCount {
            let pair: (Int, Int)
            if length == 1 {
                pair = (Int(first.readInteger(as: UInt8.self) ?? 0), Int(second.readInteger(as: UInt8.self) ?? 0))
            } else {
                pair = (
                    Int(first.readInteger(endianness: .little, as: Int16.self) ?? 0),
                    Int(second.readInteger(endianness: .little, as: Int16.self) ?? 0)
                )
            }
            sum += Double((pair.0 - pair.1) * (pair.0 - pair.1))
        }
        return sum / Double(one.format.sampleCount)
    }
}

@Suite struct `Small images in HTJ2K` {
    /// Halved four times, so that the smallest is one sample: 0, 17, 34 … 238 in 3 rows of 5.
    private static let halvedTooOften = """
        FF4FFF510029400000000005000000030000000000000000000000050000000300000000000000000001070101FF5000\
        08000200000004FF52000C00020001000404044001FF5C00102050585860585860585858505058FF64001600014F7065\
        6E4A50482056657220302E392E302EFF90000A0000000000340001FF93C01280F100C7740000C009408601077400C008\
        E004E080030052A5FE00623400C01180800300FFD9
        """

    @Test func `an image that is halved down to a single sample comes out as it went in`() throws {
        let digits = Array(Self.halvedTooOften.utf8)
        let encoded = try stride(from: 0, to: digits.count, by: 2).map { offset in
            try #require(UInt8(String(decoding: digits[offset..<offset + 2], as: UTF8.self), radix: 16))
        }
        let format = try FrameShape(columns: 5, rows: 3, allocated: 8, stored: 8).format()

        let decoded = try decode(ByteBuffer(bytes: encoded), .htj2kLossless, format)

        #expect(Array(decoded.bytes.readableBytesView) == (0..<15).map { $0 * 17 })
    }

    @Test(arguments: [1, 2, 3, 4, 8, 17, 32, 33])
    func `with loss, narrow images are no worse than others`(rows: Int) throws {
        for columns in [1, 2, 5, 32] {
            let frame = try FrameShape(columns: columns, rows: rows, allocated: 8, stored: 8).frame()

            let decoded = try decode(encode(frame, .htj2k), .htj2k, frame.format)

            let differences = zip(frame.bytes.readableBytesView, decoded.bytes.readableBytesView).map {
                abs(Int($0) - Int($1))
            }
            #expect(differences.allSatisfy { $0 <= 4 })
        }
    }
}

@Suite struct `Odd codestreams` {
    private let frame: PixelFrame

    init() throws {
        frame = try FrameShape(columns: 24, rows: 20, allocated: 16, stored: 12).frame()
    }

    @Test(arguments: lossless)
    func `what is around a codestream is ignored`(transferSyntax: TransferSyntax) throws {
        let encoded = try encode(frame, transferSyntax)
        var boxed = ByteBuffer(bytes: [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A])
        // A header box whose length is a lie, then the box of the codestream.
        boxed.writeBytes([0, 0, 0, 99] + Array("jp2h".utf8) + [0, 0, 0, 0] + Array("jp2c".utf8))
        boxed.writeImmutableBuffer(encoded)
        boxed.writeBytes([0, 0, 1, 2, 3, 0xFF])

        #expect(try decode(boxed, transferSyntax, frame.format) == frame)
    }

    @Test(arguments: lossless)
    func `cut at any byte it is an error, but for the end marker`(transferSyntax: TransferSyntax) throws {
        let encoded = try encode(frame, transferSyntax)
        let end = try #require(Array(encoded.readableBytesView).lastIndex(of: 0xD9)) - 1

        for length in 0..<encoded.readableBytes {
            let cut = try #require(encoded.getSlice(at: encoded.readerIndex, length: length))
            let decoded = try? decode(cut, transferSyntax, frame.format)
            #expect(length < end ? decoded == nil : decoded == frame)
        }
    }

    @Test(arguments: lossless)
    func `an image of another size, depth or colour is refused`(transferSyntax: TransferSyntax) throws {
        let encoded = try encode(frame, transferSyntax)
        let others = [
            FrameShape(columns: 25, rows: 20, allocated: 16, stored: 12),
            FrameShape(columns: 24, rows: 19, allocated: 16, stored: 12),
            FrameShape(columns: 24, rows: 20, samples: 3, allocated: 16, stored: 12),
            FrameShape(columns: 24, rows: 20, allocated: 8, stored: 8),
        ]

        for other in others {
            let error = #expect(throws: PixelError.self) { try decode(encoded, transferSyntax, other.format()) }
            #expect(error?.code == .mismatch)
        }
    }

    @Test func `a codestream without sign is read with the sign of the object`() throws {
        let shape = FrameShape(columns: 24, rows: 20, allocated: 16, stored: 12, isSigned: true)
        let encoded = try encode(frame, .jpeg2000Lossless)

        let decoded = try decode(encoded, .jpeg2000Lossless, shape.format())

        let expected = try stride(from: 0, to: 960, by: 2).map {
            let word = try #require(frame.bytes.getInteger(at: $0, endianness: .little, as: UInt16.self))
            return word >= 2_048 ? Int16(word) - 4_096 : Int16(word)
        }
        var bytes = decoded.bytes
        #expect(expected.allSatisfy { $0 == bytes.readInteger(endianness: .little, as: Int16.self) })
    }

    @Test(arguments: lossless, [PhotometricInterpretation.ybrFull, .rgb])
    func `chrominance that is wrongly called subsampled keeps its samples`(
        transferSyntax: TransferSyntax,
        interpretation: PhotometricInterpretation
    ) throws {
        let shape = FrameShape(columns: 18, rows: 10, samples: 3, allocated: 8, stored: 8)
        let format = try shape.format().with(photometricInterpretation: interpretation)
        let frame = try PixelFrame(format, shape.frame().bytes)
        let encoded = try CodecLibrary.encode(
            frame,
            in: transferSyntax,
            options: EncodingOptions(),
            limits: PixelLimits()
        )
        let label = try format.with(photometricInterpretation: .ybrFull422)

        let decoded = try CodecLibrary.decode(encoded, in: transferSyntax, as: label, limits: PixelLimits())

        // What the codestream's transform made is RGB; without one it is as it was.
        #expect(decoded == frame)
        #expect(try label.corrected(by: encoded, in: transferSyntax).decoded(from: transferSyntax) == format)
        #expect(label.corrected(by: ByteBuffer(), in: transferSyntax) == label)
        #expect(label.corrected(by: encoded, in: .jpegBaseline) == label)
        let video = try format.with(photometricInterpretation: .ybrPartial422)
        guard interpretation == .ybrFull else { return }
        let error = #expect(throws: PixelError.self) {
            try CodecLibrary.decode(encoded, in: transferSyntax, as: video, limits: PixelLimits())
        }
        #expect(error?.code == .unsupported)
    }

    @Test func `the label of one kind and the codestream of the other are no obstacle`() throws {
        let classic = try encode(frame, .jpeg2000Lossless)
        let fast = try encode(frame, .htj2kLossless)

        #expect(try decode(classic, .htj2kLossless, frame.format) == frame)
        #expect(try decode(fast, .jpeg2000Lossless, frame.format) == frame)
    }

    /// SIZ behind SOC: Lsiz at 4, Rsiz 6, Xsiz 8, Ysiz 12, offsets 16 and 20, tiles 24 and 28, their offsets 32 and 36,
    /// Csiz 40, then depth and steps of each component (ISO/IEC 15444-1 A.5.1).
    @Test(
        arguments: [
            // A tile of one pixel, in an image of 2^20 by 2^20, of 2^32 - 1 by 2^32 - 1, and in one of the right size.
            (8, [0, 16, 0, 0, 0, 16, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 1, 0, 0, 0, 1]),
            (8, [255, 255, 255, 255, 255, 255, 255, 255] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 1, 0, 0, 0, 1]),
            (24, [0, 0, 0, 1, 0, 0, 0, 1]), (24, [0, 0, 0, 0, 0, 0, 0, 0]),
            (16, [0, 0, 0, 24, 0, 0, 0, 20]), (32, [0, 0, 0, 1, 0, 0, 0, 0]),
            (40, [0x40, 0]), (40, [0, 0]), (40, [0, 2]), (42, [0x7F]), (43, [2]), (43, [0]), (4, [0, 0]),
            (4, [255, 255]),
            (2, [0xFF, 0x90]), (0, [0, 0]),
        ] as [(Int, [UInt8])]
    )
    func `a header that lies is refused before anything is allocated`(offset: Int, lie: [UInt8]) throws {
        for transferSyntax in lossless {
            let encoded = patched(try encode(frame, transferSyntax), at: offset, lie)

            #expect(throws: PixelError.self) { try decode(encoded, transferSyntax, frame.format) }
        }
    }

    @Test func `a tile-part that does not tell its length goes to the end`() throws {
        for transferSyntax in lossless {
            let encoded = try encode(frame, transferSyntax)
            // Psot stands six bytes behind the marker (A.4.2).
            let length = try find([0xFF, 0x90], in: encoded) + 6

            #expect(try decode(patched(encoded, at: length, [0, 0, 0, 0]), transferSyntax, frame.format) == frame)
        }
    }

    @Test func `fewer bytes than packets are refused`() throws {
        for transferSyntax in lossless {
            let encoded = try encode(frame, transferSyntax)
            let layers = try find([0xFF, 0x52], in: encoded) + 6

            let error = #expect(throws: PixelError.self) {
                try decode(patched(encoded, at: layers, [0xFF, 0xFF]), transferSyntax, frame.format)
            }

            #expect(error?.code == .malformed)
        }
    }

    @Test func `a region of interest that is shifted beyond all bits is refused`() throws {
        let encoded = try encode(frame, .jpeg2000Lossless)
        let cod = try find([0xFF, 0x52], in: encoded)
        var region = try #require(encoded.getSlice(at: encoded.readerIndex, length: cod))
        region.writeBytes([0xFF, 0x5E, 0, 5, 0, 0, 255])
        var rest = encoded
        rest.moveReaderIndex(forwardBy: cod)
        region.writeImmutableBuffer(rest)

        let error = #expect(throws: PixelError.self) { try decode(region, .jpeg2000Lossless, frame.format) }

        #expect(error?.code == .unsupported)
    }

    @Test(arguments: [TransferSyntax.jpeg2000Part2, .jpeg2000Part2Lossless])
    func `Part 2 is refused with its name`(transferSyntax: TransferSyntax) throws {
        let error = #expect(throws: PixelError.self) { try decode(ByteBuffer(), transferSyntax, frame.format) }

        #expect(error?.code == .unsupported)
        #expect(error?.detail.contains("Part 2") == true)
    }

    /// Not for HTJ2K: both libraries end the process on some damaged code-blocks, which is why it has its own.
    @Test func `changed bytes are an error or an image, never a crash`() throws {
        let encoded = try encode(frame, .jpeg2000Lossless)
        var random: UInt64 = 7
        for _ in 0..<400 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let offset = Int(random >> 33) % encoded.readableBytes
            let changed = patched(encoded, at: offset, [UInt8(truncatingIfNeeded: random >> 20)])

            let decoded = try? decode(changed, .jpeg2000Lossless, frame.format)

            #expect(decoded == nil || decoded?.format == frame.format)
        }
    }
}
