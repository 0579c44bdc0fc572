import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

@Suite struct `Blacking out pixels` {
    private static let box = PixelRectangle(x: 1, y: 1, width: 2, height: 1)

    private func frame(
        _ interpretation: PhotometricInterpretation,
        samples: Int = 1,
        allocated: Int,
        stored: Int? = nil,
        highBit: Int? = nil,
        kind: PixelFormat.SampleKind = .unsigned,
        isPlanar: Bool = false,
        columns: Int = 4,
        _ bytes: [UInt8]
    ) throws -> PixelFrame {
        let format = try PixelFormat(
            rows: 2,
            columns: columns,
            samplesPerPixel: samples,
            bitsAllocated: allocated,
            bitsStored: stored,
            highBit: highBit,
            kind: kind,
            photometricInterpretation: interpretation,
            isPlanar: isPlanar
        )
        return try PixelFrame(format, ByteBuffer(bytes: bytes))
    }

    private func black(_ frame: PixelFrame, _ header: DataSet = DataSet(), box: PixelRectangle = box) throws -> [UInt8]
    {
        Array(try frame.blackened([box], header: header).bytes.readableBytesView)
    }

    @Test func `grey takes the darkest value of the frame`() throws {
        let frame = try frame(.monochrome2, allocated: 8, [9, 9, 9, 9, 9, 200, 201, 7])

        #expect(try black(frame) == [9, 9, 9, 9, 9, 7, 7, 7])
    }

    @Test func `of inverse grey the greatest value is the darkest`() throws {
        let frame = try frame(.monochrome1, allocated: 8, [9, 9, 9, 250, 9, 200, 201, 7])

        #expect(try black(frame) == [9, 9, 9, 250, 9, 250, 250, 7])
    }

    @Test func `the padding value is taken where the object has one`() throws {
        let frame = try frame(
            .monochrome2,
            allocated: 16,
            stored: 12,
            kind: .signed,
            [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0]
        )
        let header = DataSet([.signedShort(.pixelPaddingValue, -2_000)])

        #expect(try black(frame, header) == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 0x30, 0xF8, 0x30, 0xF8, 8, 0])
    }

    @Test func `signed samples take the most negative one of the frame`() throws {
        let frame = try frame(
            .monochrome2,
            allocated: 16,
            kind: .signed,
            [0xFF, 0xFF, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0]
        )

        #expect(try black(frame).suffix(8) == [5, 0, 0xFF, 0xFF, 0xFF, 0xFF, 8, 0])
    }

    @Test func `colour by pixel and by plane becomes black`() throws {
        let byPixel = try frame(.rgb, samples: 3, allocated: 8, Array(1...24))
        let byPlane = try frame(.rgb, samples: 3, allocated: 8, isPlanar: true, Array(1...24))

        #expect(try black(byPixel) == Array(1...15) + [0, 0, 0, 0, 0, 0] + [22, 23, 24])
        #expect(
            try black(byPlane)
                == [1, 2, 3, 4, 5, 0, 0, 8, 9, 10, 11, 12, 13, 0, 0, 16, 17, 18, 19, 20, 21, 0, 0, 24]
        )
    }

    @Test func `luminance and chrominance become black, subsampled ones in pairs`() throws {
        let full = try frame(.ybrFull, samples: 3, allocated: 8, Array(1...24))
        let pairs = try frame(.ybrFull422, samples: 3, allocated: 8, Array(1...16))

        #expect(try black(full) == Array(1...15) + [0, 128, 128, 0, 128, 128] + [22, 23, 24])
        #expect(try black(pairs) == Array(1...8) + [0, 0, 128, 128, 0, 0, 128, 128])
    }

    @Test func `single bits and packed samples become black`() throws {
        let bits = try frame(.monochrome2, allocated: 1, [0xFD])
        let packed = try frame(
            .monochrome2,
            allocated: 12,
            [0x01, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        )

        #expect(try black(bits) == [0b1001_1101])
        #expect(
            try black(packed)
                == [0x01, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0x00, 0x01, 0xF0, 0xFF]
        )
    }

    @Test func `a palette takes its darkest colour`() throws {
        func table(_ values: [UInt8]) -> DataElement.Value { .bytes(ByteBuffer(bytes: values.flatMap { [$0, 0] })) }
        var header = DataSet()
        for (descriptor, data) in [
            (Tag.redPaletteColorLookupTableDescriptor, Tag.redPaletteColorLookupTableData),
            (.greenPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableData),
            (.bluePaletteColorLookupTableDescriptor, .bluePaletteColorLookupTableData),
        ] {
            header.set(.unsignedShort(descriptor, 4, 0, 16))
            header.set(DataElement(tag: data, vr: .ow, value: table([200, 90, 3, 50])))
        }
        let frame = try frame(.paletteColor, allocated: 8, [0, 0, 0, 0, 0, 1, 1, 3])

        #expect(try black(frame, header) == [0, 0, 0, 0, 0, 2, 2, 3])
    }

    @Test func `numbers of 32 bits take the least of the frame`() throws {
        var bytes: [UInt8] = []
        for number: Float in [1, 2, 3, -4, 5, 6, 7, .nan] {
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) }
        }
        let frame = try frame(.monochrome2, allocated: 32, kind: .float, bytes)
        let result = try frame.blackened([Self.box], header: DataSet()).bytes

        #expect(result.getInteger(at: result.readerIndex + 20, endianness: .little, as: UInt32.self) == 0xC080_0000)
        #expect(result.getInteger(at: result.readerIndex + 24, endianness: .little, as: UInt32.self) == 0xC080_0000)
    }

    @Test func `what lies beyond the frame is left out`() throws {
        let frame = try frame(.monochrome2, allocated: 8, [1, 1, 1, 1, 1, 1, 1, 2])

        #expect(try black(frame, box: PixelRectangle(x: 3, y: 1, width: 90, height: 90)) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try black(frame, box: PixelRectangle(x: 4, y: 0, width: 1, height: 1)) == [1, 1, 1, 1, 1, 1, 1, 2])
        #expect(try black(frame, box: PixelRectangle(x: -5, y: -5, width: 5, height: 9)) == [1, 1, 1, 1, 1, 1, 1, 2])
    }

    @Test func `bits beside the stored ones are cleared, signs stay`() throws {
        let unsigned = try frame(.monochrome2, allocated: 16, stored: 12, [1, 0x80] + Array(repeating: 0, count: 14))
        let signed = try frame(
            .monochrome2,
            allocated: 16,
            stored: 12,
            kind: .signed,
            [0xFF, 0x7F, 0xFE, 0xFF] + Array(repeating: 0, count: 12)
        )
        let clean = try frame(
            .monochrome2,
            allocated: 16,
            stored: 12,
            kind: .signed,
            [0xFF, 0x0F] + Array(repeating: 0, count: 14)
        )

        #expect(unsigned.withoutUnusedBits()?.bytes.readableBytesView.prefix(2) == [1, 0])
        #expect(signed.withoutUnusedBits()?.bytes.readableBytesView.prefix(4) == [0xFF, 0xFF, 0xFE, 0xFF])
        #expect(clean.withoutUnusedBits() == nil)
    }
}

@Suite struct `Rectangles of pixels` {
    @Test func `what lies outside of two regions is four strips at least and covers the rest once`() {
        let inner = [PixelRectangle(x: 2, y: 1, width: 3, height: 4), PixelRectangle(x: 4, y: 3, width: 5, height: 4)]

        let outside = PixelRectangle.outside(of: inner, width: 10, height: 8)

        for y in 0..<8 {
            for x in 0..<10 {
                let pixel = PixelRectangle(x: x, y: y, width: 1, height: 1)
                let isInside = inner.contains { $0.contains(pixel) }
                #expect(outside.filter { $0.contains(pixel) }.count == (isInside ? 0 : 1))
            }
        }
    }

    @Test func `a region as large as the image leaves nothing outside`() {
        let whole = PixelRectangle(x: 0, y: 0, width: 10, height: 8)

        #expect(PixelRectangle.outside(of: [whole], width: 10, height: 8).isEmpty)
        #expect(PixelRectangle.outside(of: [], width: 10, height: 8) == [whole])
    }

    @Test func `words from another process are checked`() throws {
        var bytes = ByteBuffer()
        for number: UInt32 in [4, 5, 100, 6] { bytes.writeInteger(number, endianness: .little) }
        bytes.writeInteger(UInt16(9_550), endianness: .little)
        bytes.writeInteger(UInt16(3), endianness: .little)
        bytes.writeString("ABC")

        let words = try RecognizedWord.words(bytes, width: 50, height: 50)

        #expect(words.map(\.box) == [PixelRectangle(x: 4, y: 5, width: 46, height: 6)])
        #expect(words.map(\.confidence) == [95.5])
        for length in 1..<bytes.readableBytes {
            let cut = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: PixelError.self) { try RecognizedWord.words(cut, width: 50, height: 50) }
        }
    }
}
