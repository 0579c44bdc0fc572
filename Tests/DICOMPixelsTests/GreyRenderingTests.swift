import DICOMCore
import DICOMPixels
import NIOCore
import Testing

@Suite struct `Windows` {
    /// Values, and their levels by the equations of PS3.3 C.11.2.1.2.1 and C.11.2.1.3, worked out by hand.
    ///
    /// The windows are those of the notes there: 2048/4096, 2048/1, 0/100, 0/1.
    @Test(arguments: [
        (WindowRequest(center: 2_048, width: 4_096), [0, 1, 2_047, 2_048, 4_095], [0, 0, 127, 128, 255] as [UInt8]),
        (WindowRequest(center: 2_048, width: 1), [2_047, 2_048], [0, 255]),
        (WindowRequest(center: 0, width: 100), [-51, -50, -49, 0, 48, 49, 50], [0, 0, 3, 129, 252, 255, 255]),
        (WindowRequest(center: 0, width: 1), [-1, 0], [0, 255]),
        (
            WindowRequest(center: 2_048, width: 4_096, function: .linearExact), [0, 1, 2_048, 4_095, 4_096],
            [0, 0, 128, 255, 255]
        ),
        (WindowRequest(center: 0, width: 100, function: .linearExact), [-50, -49, 0, 50, 51], [0, 3, 128, 255, 255]),
        // 255 / (1 + e^(-4 (x - c) / w)): at a quarter of the width 1 / (1 + e^-1) = 0.7311.
        (WindowRequest(center: 0, width: 100, function: .sigmoid), [-25, 0, 25], [69, 128, 186]),
    ])
    func `levels follow the equations of the standard at the edges`(
        window: WindowRequest,
        values: [Int],
        levels: [UInt8]
    ) throws {
        let picture = try Picture(columns: values.count, kind: .signed)

        #expect(try picture.rendered(values, RenderingRequest(window: window)).levels == levels)
    }

    @Test func `16 bits are 65,535 levels`() throws {
        var request = RenderingRequest(window: WindowRequest(center: 2_048, width: 4_096))
        request.bitsPerSample = 16

        let image = try Picture(columns: 3).rendered([0, 2_048, 4_095], request)

        #expect(image.bitsPerSample == 16)
        // 0.5 / 4095 + 0.5 of 65,535 is 32,775.5.
        #expect(image.levels == [0, 0, 0x08, 0x80, 0xFF, 0xFF])
    }

    @Test func `of several windows the first counts, or the one that is asked for`() throws {
        let picture = try Picture(
            columns: 2,
            [.text(.windowCenter, .ds, ["1", "3"]), .text(.windowWidth, .ds, ["1", "1"])]
        )
        var second = RenderingRequest()
        second.windowIndex = 1

        #expect(try picture.rendered([2, 3]).levels == [255, 255])
        #expect(try picture.rendered([2, 3], second).levels == [0, 255])
    }

    @Test(arguments: [2, 3, Int.max - 1]) func `a window that is not there is refused`(index: Int) throws {
        let item = table([1, 0, 8], .words(.lutData, [255]))
        var picture = try Picture(
            columns: 1,
            [.text(.windowCenter, .ds, "1"), .text(.windowWidth, .ds, "1"), .sequence(.voilutSequence, [item])]
        )
        var request = RenderingRequest()
        request.windowIndex = 1
        #expect(try picture.rendered([0], request).levels == [255])

        request.windowIndex = index
        var error = #expect(throws: PixelError.self) { try picture.rendered([0], request) }
        #expect(error?.code == .badAttribute)
        #expect(error?.detail == "windows and tables: 2; number \(index + 1) was asked for")

        picture.header = DataSet()
        error = #expect(throws: PixelError.self) { try picture.rendered([0], request) }
        #expect(error?.detail == "no window or table; number \(index + 1) was asked for")
    }

    @Test(arguments: [
        (["", "2000"], ["200", "4000"]), (["   ", "2000"], ["200", "4000"]), (["wide", "2000"], ["200", "4000"]),
        (["100", "2000"], ["", "4000"]), (["100", "2000", "5"], ["0", "4000"]), (["2000", "100"], ["4000"]),
    ])
    func `centers and widths belong together by their places`(centers: [String], widths: [String]) throws {
        let picture = try Picture(
            columns: 5,
            [.text(.windowCenter, .ds, centers), .text(.windowWidth, .ds, widths)]
        )

        // 2000/4000: from 0 to 3999.
        #expect(try picture.rendered([0, 1_999, 2_000, 3_999, 4_000]).levels == [0, 127, 128, 255, 255])
    }

    @Test(arguments: ["0", "-4"]) func `a width that is not above 0 is no window`(width: String) throws {
        let picture = try Picture(
            columns: 3,
            [.text(.windowCenter, .ds, "40"), .text(.windowWidth, .ds, width)]
        )

        #expect(try picture.rendered([100, 200, 300]).levels == [0, 128, 255])
    }

    @Test(arguments: WindowRequest.Function.allCases)
    func `a width of 0 that somebody asks for is a step`(function: WindowRequest.Function) throws {
        let request = RenderingRequest(window: WindowRequest(center: 10, width: 0, function: function))

        let levels = try Picture(columns: 3).rendered([8, 10, 12], request).levels

        #expect(levels.first == 0)
        #expect(levels.last == 255)
    }

    @Test func `without a window half a percent at either end is left out`() throws {
        let picture = try Picture(columns: 1_000)
        // Five odd pixels at either end of 1,000.
        let words =
            Array(repeating: 0, count: 5) + (0..<990).map { 1_000 + $0 / 9 } + Array(repeating: 60_000, count: 5)

        let levels = try picture.rendered(words).levels

        #expect(levels[5] == 0)
        // 54.5 of 109 steps.
        #expect(levels[5 + 54 * 9] == 126)
        #expect(levels[994] == 255)
        #expect(levels[999] == 255)
    }

    @Test func `8 bits without window stay as they are`() throws {
        let picture = try Picture(columns: 3, bitsAllocated: 8)

        #expect(try picture.rendered(bytes: [7, 100, 200]).levels == [7, 100, 200])
    }

    @Test func `padding is black and no part of the window`() throws {
        let picture = try Picture(
            columns: 4,
            kind: .signed,
            .monochrome1,
            [.signedShort(.pixelPaddingValue, -2_000), .signedShort(.pixelPaddingRangeLimit, -1_990)]
        )

        #expect(try picture.rendered([-2_000, -1_995, 0, 100]).levels == [0, 0, 255, 0])
    }

    private func bytes(_ numbers: [Float]) -> [UInt8] {
        numbers.flatMap { number in
            stride(from: 0, to: 32, by: 8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32($0)) }
        }
    }

    @Test(
        arguments: [
            ([.float(.floatPixelPaddingValue, -1e30)], [0, 0, 255, 255] as [UInt8]),
            ([.float(.floatPixelPaddingValue, -1e30), .float(.floatPixelPaddingRangeLimit, -1)], [0, 0, 0, 255]),
            ([.float(.floatPixelPaddingValue, 3), .float(.floatPixelPaddingRangeLimit, .nan)], [0, 255, 255, 0]),
            ([.float(.floatPixelPaddingValue, .nan)], [0, 255, 255, 255]),
        ] as [([DataElement], [UInt8])]
    )
    func `padding of numbers with a point is black and no part of the window`(
        padding: [DataElement],
        levels: [UInt8]
    ) throws {
        let picture = try Picture(columns: 4, bitsAllocated: 32, kind: .float, padding)

        // The window ends at the lowest and the highest of what is left.
        #expect(try picture.rendered(bytes: bytes([-1e30, -2, 2.9999, 3])).levels == levels)
    }

    @Test func `padding of doubles and of words of 32 bits is no part of the window`() throws {
        let double = try Picture(
            columns: 3,
            bitsAllocated: 64,
            kind: .float,
            [.double(.doubleFloatPixelPaddingValue, -1e300)]
        )
        let words = try Picture(columns: 3, bitsAllocated: 32, kind: .signed, [.signedShort(.pixelPaddingValue, -5)])
        let doubles = [-1e300, 0, 1].flatMap { (number: Double) in
            stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt64($0)) }
        }

        #expect(try double.rendered(bytes: doubles).levels == [0, 0, 255])
        #expect(
            try words.rendered(bytes: [0xFB, 0xFF, 0xFF, 0xFF, 0xFD, 0xFF, 0xFF, 0xFF, 100, 0, 0, 0]).levels == [
                0, 0, 255,
            ]
        )
    }

    @Test func `padding that was written without sign means the same bits`() throws {
        let picture = try Picture(columns: 3, kind: .signed, [.unsignedShort(.pixelPaddingValue, 63_536)])

        #expect(try picture.rendered([-2_000, 0, 100]).levels == [0, 0, 255])
    }

    @Test func `an image of one value is rendered`() throws {
        #expect(try Picture(columns: 2).rendered([500, 500]).levels == [0, 0])
    }

    @Test(arguments: [
        ("40,400,linear", WindowRequest(center: 40, width: 400)),
        ("-1e2,0.5,sigmoid", WindowRequest(center: -100, width: 0.5, function: .sigmoid)),
        ("1.5,2,linear-exact", WindowRequest(center: 1.5, width: 2, function: .linearExact)),
        ("40,400", nil), ("40,0,linear", nil), ("40,0.5,linear", nil), ("40,-1,sigmoid", nil), ("40,400,LINEAR", nil),
        ("nan,400,linear", nil), ("1e999,4,linear", nil), ("40,400,linear,", nil), ("", nil), (",,linear", nil),
    ])
    func `a window parameter has three values that make sense`(text: String, window: WindowRequest?) {
        #expect(WindowRequest(parameter: text) == window)
    }
}

@Suite struct `Stored values` {
    @Test func `bits outside of those stored are no part of a value`() throws {
        // 10 bits below bit 11; the others may hold overlays.
        let picture = try Picture(columns: 3, bitsStored: 10, highBit: 11)
        let window = RenderingRequest(window: WindowRequest(center: 512, width: 1_024))

        #expect(try picture.rendered([0xF003, 0x0FFF, 0xF7FF], window).levels == [0, 255, 127])
    }

    @Test func `signs are those of the highest stored bit`() throws {
        let picture = try Picture(columns: 3, bitsStored: 12, kind: .signed)
        let window = RenderingRequest(window: WindowRequest(center: 0, width: 3))

        // -1, 0, 1; bits above are not looked at.
        #expect(try picture.rendered([0x0FFF, 0xF000, 0x7001], window).levels == [64, 191, 255])
    }

    @Test func `single bits begin with the lowest of each byte`() throws {
        let picture = try Picture(columns: 10, bitsAllocated: 1)

        #expect(
            try picture.rendered(bytes: [0b0000_0101, 0b10]).levels == [255, 0, 255, 0, 0, 0, 0, 0, 0, 255]
        )
    }

    @Test func `two packed samples of 12 bits take three bytes`() throws {
        let picture = try Picture(columns: 3, bitsAllocated: 12)
        let window = RenderingRequest(window: WindowRequest(center: 2_048, width: 4_096))

        // 0xFFF, 0x000, 0x800.
        #expect(try picture.rendered(bytes: [0xFF, 0x0F, 0x00, 0x00, 0x08], window).levels == [255, 0, 128])
    }

    @Test func `words of 32 bits and numbers with a point have no table`() throws {
        let wide = try Picture(columns: 2, bitsAllocated: 32, kind: .signed)
        let window = RenderingRequest(window: WindowRequest(center: 0, width: 200_001))
        let float = try Picture(columns: 3, bitsAllocated: 32, kind: .float)
        var bytes: [UInt8] = []
        for value in [Float(-1.5), .nan, 2.5] {
            bytes += stride(from: 0, to: 32, by: 8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32($0)) }
        }

        #expect(try wide.rendered(bytes: [0x60, 0x79, 0xFE, 0xFF, 0xA0, 0x86, 1, 0], window).levels == [0, 255])
        #expect(try float.rendered(bytes: bytes).levels == [0, 0, 255])
    }
}

@Suite struct `Tables of values` {
    @Test func `Rescale Slope and Intercept come before the window`() throws {
        let picture = try Picture(
            columns: 3,
            [
                .text(.rescaleSlope, .ds, "2"), .text(.rescaleIntercept, .ds, "-1000"), .text(.windowCenter, .ds, "0"),
                .text(.windowWidth, .ds, "101"),
            ]
        )

        // -50, 0, 50 in a window from -50.5 to 49.5.
        #expect(try picture.rendered([475, 500, 525]).levels == [1, 129, 255])
    }

    @Test func `a Modality LUT begins at its first value and goes on with its ends`() throws {
        let item = table([3, UInt16(bitPattern: -1), 8], .words(.lutData, [10, 20, 30]), vr: .ss)
        let picture = try Picture(columns: 5, kind: .signed, [.sequence(.modalityLUTSequence, [item])])
        let window = RenderingRequest(window: WindowRequest(center: 20.5, width: 21))

        #expect(try picture.rendered([-2, -1, 0, 1, 2], window).levels == [0, 0, 128, 255, 255])
    }

    @Test func `the first value of a VOI LUT has a sign when what comes in may be below 0`() throws {
        // Unsigned 12 bits less 1024: from -1024 on.
        let ramp = table([4_096, UInt16(bitPattern: -1_024), 16], .words(.lutData, (0..<4_096).map { $0 * 16 }))
        let rescaled = try Picture(
            columns: 3,
            bitsStored: 12,
            [
                .text(.rescaleSlope, .ds, "1"), .text(.rescaleIntercept, .ds, "-1024"),
                .sequence(.voilutSequence, [ramp]),
            ]
        )

        // 255 * 16 * 2048 / 65535 is 127.5.
        #expect(try rescaled.rendered([0, 2_048, 4_095]).levels == [0, 128, 255])
    }

    @Test(arguments: [VR.us, .ss])
    func `the first value of a VOI LUT has none behind a Modality LUT, whatever sign the pixels have`(vr: VR) throws {
        let modality = table([3, UInt16(bitPattern: -1), 16], .words(.lutData, [39_999, 42_048, 44_095]), vr: .ss)
        // SS is what Implicit VR makes of it by Pixel Representation.
        let voi = table([4_096, 40_000, 16], .words(.lutData, (0..<4_096).map { $0 * 16 }), vr: vr)
        let picture = try Picture(
            columns: 3,
            kind: .signed,
            [.sequence(.modalityLUTSequence, [modality]), .sequence(.voilutSequence, [voi])]
        )

        #expect(try picture.rendered([-1, 0, 1]).levels == [0, 128, 255])
    }

    @Test func `SS that makes sense is believed`() throws {
        let item = table([4, UInt16(bitPattern: -1), 8], .words(.lutData, [0, 51, 102, 255]), vr: .ss)
        let picture = try Picture(columns: 3, [.sequence(.voilutSequence, [item])])

        #expect(try picture.rendered([0, 1, 2]).levels == [51, 102, 255])
    }

    @Test func `entries of 8 bits may be bytes`() throws {
        let item = table([4, 0, 8], .octets(.lutData, [0, 255, 51, 102]))
        let picture = try Picture(columns: 4, [.sequence(.voilutSequence, [item])])

        #expect(try picture.rendered([0, 1, 2, 3]).levels == [0, 255, 51, 102])
    }

    @Test func `0 entries are 65,536`() throws {
        let item = table([0, 0, 16], .words(.lutData, (0..<65_536).map { 65_535 - UInt16($0) }))
        let picture = try Picture(columns: 3, [.sequence(.voilutSequence, [item])])

        #expect(try picture.rendered([0, 65_535, 32_768]).levels == [255, 0, 127])
    }

    @Test(arguments: [
        table([0, 0, 16], .words(.lutData, [1, 2, 3])), table([4, 0, 16], .octets(.lutData, [1, 2, 3])),
        table([4, 0, 0], .words(.lutData, [1, 2, 3, 4])), table([4, 0, 17], .words(.lutData, [1, 2, 3, 4])),
        table([4, 0], .words(.lutData, [1, 2, 3, 4])), table([4, 0, 16], .words(.lutDescriptor, [4, 0, 16])),
    ])
    func `a table that is not there, or is shorter than it says, is refused`(item: DataSet) throws {
        let picture = try Picture(columns: 1, [.sequence(.voilutSequence, [item])])

        let error = #expect(throws: PixelError.self) { try picture.rendered([0]) }

        #expect(error?.code == .badAttribute)
    }

    @Test func `entries above what the descriptor says widen it`() throws {
        let item = table([2, 0, 8], .words(.lutData, [0, 4_095]))
        let picture = try Picture(columns: 2, [.sequence(.voilutSequence, [item])])

        #expect(try picture.rendered([0, 1]).levels == [0, 255])
    }

    @Test(arguments: [
        (PhotometricInterpretation.monochrome1, nil, [255, 0] as [UInt8]), (.monochrome1, "INVERSE", [255, 0]),
        (.monochrome2, "INVERSE", [255, 0]), (.monochrome2, "IDENTITY", [0, 255]),
    ])
    func `MONOCHROME1 and INVERSE say the same thing`(
        interpretation: PhotometricInterpretation,
        shape: String?,
        levels: [UInt8]
    ) throws {
        var picture = try Picture(columns: 2, bitsAllocated: 8, interpretation)
        if let shape { picture.header.set(.text(.presentationLUTShape, .cs, shape)) }

        #expect(try picture.rendered(bytes: [0, 255]).levels == levels)
    }

    @Test func `each frame has the window and rescale of its functional groups`() throws {
        func groups(_ slope: String, _ center: String) -> DataSet {
            DataSet([
                .sequence(
                    .pixelValueTransformationSequence,
                    [DataSet([.text(.rescaleSlope, .ds, slope), .text(.rescaleIntercept, .ds, "0")])]
                ),
                .sequence(
                    .frameVOILUTSequence,
                    [DataSet([.text(.windowCenter, .ds, center), .text(.windowWidth, .ds, "1")])]
                ),
            ])
        }
        let picture = try Picture(
            columns: 2,
            [.sequence(.perFrameFunctionalGroupsSequence, [groups("1", "5"), groups("10", "35")])]
        )

        #expect(try picture.rendered([4, 5], frameIndex: 0).levels == [0, 255])
        #expect(try picture.rendered([3, 4], frameIndex: 1).levels == [0, 255])
    }
}
