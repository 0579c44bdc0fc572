import DICOMCore
import DICOMPixels
import NIOCore
import Testing

/// The three tables of a palette.
private func palette(_ descriptor: [UInt16], _ red: [UInt16], _ green: [UInt16], _ blue: [UInt16]) -> [DataElement] {
    [
        .words(.redPaletteColorLookupTableDescriptor, descriptor, vr: .us),
        .words(.greenPaletteColorLookupTableDescriptor, descriptor, vr: .us),
        .words(.bluePaletteColorLookupTableDescriptor, descriptor, vr: .us),
        .words(.redPaletteColorLookupTableData, red), .words(.greenPaletteColorLookupTableData, green),
        .words(.bluePaletteColorLookupTableData, blue),
    ]
}

/// A palette whose red is in segments, of so many entries.
private func segmented(_ count: UInt16, _ segments: [UInt16]) -> [DataElement] {
    let dark = [UInt16](repeating: 0, count: Int(count))
    return palette([count, 0, 16], dark, dark, dark).filter { $0.tag != .redPaletteColorLookupTableData }
        + [.words(.segmentedRedPaletteColorLookupTableData, segments)]
}

@Suite struct `Palettes` {
    @Test func `indices outside of the table take its ends`() throws {
        let colors = palette([2, 10, 16], [0x1100, 0x4400], [0x2200, 0x5500], [0x3300, 0x6600])
        let picture = try Picture(columns: 4, bitsAllocated: 8, .paletteColor, colors)

        let image = try picture.rendered(bytes: [0, 10, 11, 255])

        #expect(image.channels == 3)
        #expect(
            image.levels == [0x11, 0x22, 0x33, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x44, 0x55, 0x66]
        )
    }

    @Test func `16 bits that use the lower 8 only are 8`() throws {
        let colors = palette([2, 0, 16], [0, 200], [0, 100], [0, 50])
        let picture = try Picture(columns: 2, bitsAllocated: 8, .paletteColor, colors)

        #expect(try picture.rendered(bytes: [0, 1]).levels == [0, 0, 0, 200, 100, 50])
    }

    @Test func `segments are values, lines from the last value, and repetitions`() throws {
        // Two values; a line of four to 0xC000; the line again, from its own end; (C.7.9.2.1 to C.7.9.2.3).
        let picture = try Picture(
            columns: 10,
            bitsAllocated: 8,
            .paletteColor,
            segmented(10, [0, 2, 0x1000, 0x4000, 1, 4, 0xC000, 2, 1, 8, 0])
        )

        let levels = try picture.rendered(bytes: Array(0..<10)).levels

        let reds = stride(from: 0, to: 30, by: 3).map { levels[$0] }
        #expect(reds == [0x10, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0])
    }

    @Test func `segments of 8 bits have fields of 8 bits`() throws {
        var colors = palette([4, 0, 8], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0])
            .filter { $0.tag != .redPaletteColorLookupTableData }
        colors.append(.octets(.segmentedRedPaletteColorLookupTableData, [0, 1, 100, 1, 3, 40]))
        let picture = try Picture(columns: 4, bitsAllocated: 8, .paletteColor, colors)

        let levels = try picture.rendered(bytes: [0, 1, 2, 3]).levels

        #expect(stride(from: 0, to: 12, by: 3).map { levels[$0] } == [100, 80, 60, 40])
    }

    @Test(
        arguments: [
            // Too few; a line in front; an unknown kind; cut off; a reference to nowhere, to a reference, and to itself.
            [0, 2, 1, 2], [1, 10, 5], [7, 1, 1], [0, 10, 1], [0, 1, 1, 2, 1, 400, 0], [0, 1, 1, 2, 1, 6, 0],
            [2, 9, 0, 0],
            [0, 1, 1] + [UInt16](repeating: 0, count: 200_000 * 2),
        ] as [[UInt16]]
    )
    func `segments that make no table are refused`(segments: [UInt16]) throws {
        let picture = try Picture(columns: 1, bitsAllocated: 8, .paletteColor, segmented(10, segments))

        let error = #expect(throws: PixelError.self) { try picture.rendered(bytes: [0]) }

        #expect(error?.code == .badAttribute)
        #expect(error?.tag == .segmentedRedPaletteColorLookupTableData)
    }

    @Test func `without a palette there are no colours`() throws {
        let picture = try Picture(columns: 1, bitsAllocated: 8, .paletteColor)

        let error = #expect(throws: PixelError.self) { try picture.rendered(bytes: [0]) }

        #expect(error?.code == .badAttribute)
    }

    @Test func `a supplemental palette colours the values from its first on`() throws {
        let colors = palette([2, 254, 8], [1, 2], [3, 4], [5, 6])
        let picture = try Picture(
            columns: 3,
            bitsAllocated: 8,
            .monochrome2,
            colors + [.text(.pixelPresentation, .cs, "MIXED")]
        )

        #expect(try picture.rendered(bytes: [253, 254, 255]).levels == [253, 253, 253, 1, 3, 5, 2, 4, 6])
    }
}

@Suite struct `Colour` {
    @Test func `planes are put together`() throws {
        let picture = try Picture(columns: 2, bitsAllocated: 8, samplesPerPixel: 3, .rgb, isPlanar: true)

        #expect(try picture.rendered(bytes: [1, 2, 3, 4, 5, 6]).levels == [1, 3, 5, 2, 4, 6])
    }

    @Test func `of 16 bits the nearest of 8 is shown`() throws {
        let picture = try Picture(columns: 1, samplesPerPixel: 3, .rgb)

        // Each level of 8 bits is 257 of 16.
        #expect(try picture.rendered([65_535, 257 * 100 + 128, 257 * 100 + 129]).levels == [255, 100, 101])
    }

    @Test func `a fourth sample is left out`() throws {
        let picture = try Picture(columns: 2, bitsAllocated: 8, samplesPerPixel: 4, .rgb)

        #expect(try picture.rendered(bytes: [1, 2, 3, 9, 4, 5, 6, 9]).levels == [1, 2, 3, 4, 5, 6])
    }

    /// By the equations of PS3.3 C.7.6.3.1.2: R = Y + 1.402 Cr, G = Y - 0.34414 Cb - 0.71414 Cr, B = Y + 1.772 Cb.
    @Test func `luminance and chrominance become red, green and blue`() throws {
        let picture = try Picture(columns: 4, bitsAllocated: 8, samplesPerPixel: 3, .ybrFull)

        #expect(
            try picture.rendered(bytes: [255, 128, 128, 76, 85, 255, 100, 128, 138, 100, 138, 128]).levels
                == [255, 255, 255, 254, 0, 0, 114, 93, 100, 100, 97, 118]
        )
    }

    @Test func `two pixels share the chrominance of 4 2 2`() throws {
        let picture = try Picture(columns: 2, bitsAllocated: 8, samplesPerPixel: 3, .ybrFull422)

        #expect(try picture.rendered(bytes: [100, 50, 128, 138]).levels == [114, 93, 100, 64, 43, 50])
    }

    /// 1.1644 (Y - 16): white is 235, black 16.
    @Test func `the partial range of video is spread`() throws {
        let picture = try Picture(columns: 2, bitsAllocated: 8, samplesPerPixel: 3, .ybrPartial422)

        #expect(try picture.rendered(bytes: [235, 16, 128, 128]).levels == [255, 255, 255, 0, 0, 0])
    }

    @Test func `forms that only compressed frames have are refused`() throws {
        let picture = try Picture(columns: 1, bitsAllocated: 8, samplesPerPixel: 3, .ybrRCT)

        #expect(throws: PixelError.self) { try picture.rendered(bytes: [1, 2, 3]) }
    }

    @Test func `the ICC Profile is passed on with colours only`() throws {
        let profile = DataElement.octets(.iccProfile, [UInt8](repeating: 7, count: 128))
        let color = try Picture(columns: 1, bitsAllocated: 8, samplesPerPixel: 3, .rgb, [profile])
        let grey = try Picture(columns: 1, bitsAllocated: 8, [profile])

        #expect(try color.rendered(bytes: [1, 2, 3]).iccProfile?.readableBytes == 128)
        #expect(try grey.rendered(bytes: [1]).iccProfile == nil)
    }

    @Test func `a profile goes into JPEG behind JFIF, in pieces`() {
        let jpeg = ByteBuffer(bytes: [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xDB])
        let result = ICCProfile.insert(ByteBuffer(repeating: 5, count: 65_520), intoJPEG: jpeg)
        let bytes = Array(result.readableBytesView)

        let name = Array("ICC_PROFILE".utf8)
        let first: [UInt8] = [0xFF, 0xE2, 0xFF, 0xFF] + name + [0, 1, 2]
        let second: [UInt8] = [0xFF, 0xE2, 0, 17] + name + [0, 2, 2, 5, 0xFF, 0xDB]
        #expect(Array(bytes.prefix(8)) == [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2])
        #expect(Array(bytes[8..<26]) == first)
        #expect(Array(bytes[(26 + 65_519)...]) == second)
        #expect(
            ICCProfile.insert(ByteBuffer(bytes: [1]), intoJPEG: ByteBuffer(bytes: [1, 2])) == ByteBuffer(bytes: [1, 2])
        )
    }
}
