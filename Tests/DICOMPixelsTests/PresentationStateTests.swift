import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let imageUID = UID("1.2.3.4")

@Suite struct `Presentation States` {
    private func state(
        _ elements: [DataElement] = [],
        image: String = "1.2.3.4",
        frames: String? = nil
    ) throws -> DataSet {
        var reference = DataSet([.uid(.referencedSOPInstanceUID, try #require(UID(image)))])
        if let frames { reference.set(.text(.referencedFrameNumber, .is, frames)) }
        let series = DataSet([.sequence(.referencedImageSequence, [reference])])
        var state = DataSet(elements + [.sequence(.referencedSeriesSequence, [series])])
        if state[.sopClassUID] == nil {
            state.set(.uid(.sopClassUID, try #require(UID("1.2.840.10008.5.1.4.1.1.11.1"))))
        }
        return state
    }

    private func picture(columns: Int, rows: Int = 1, _ elements: [DataElement] = []) throws -> Picture {
        try Picture(
            columns: columns,
            rows: rows,
            bitsAllocated: 8,
            elements + [.uid(.sopInstanceUID, try #require(imageUID))]
        )
    }

    private func levels(_ picture: Picture, _ bytes: [UInt8], _ state: DataSet) throws -> [UInt8] {
        try FrameRenderer(header: picture.header, presentationState: state)
            .render(try PixelFrame(picture.format, ByteBuffer(bytes: bytes)), frameIndex: 0).levels
    }

    @Test func `the window is theirs, and nothing of the image is left`() throws {
        let image = try picture(
            columns: 3,
            [
                .text(.windowCenter, .ds, "1"), .text(.windowWidth, .ds, "1"), .text(.rescaleSlope, .ds, "100"),
                .text(.presentationLUTShape, .cs, "INVERSE"),
            ]
        )
        let window = DataSet([.text(.windowCenter, .ds, "100.5"), .text(.windowWidth, .ds, "101")])

        #expect(
            try levels(image, [50, 100, 150], state([.sequence(.softcopyVOILUTSequence, [window])])) == [0, 128, 255]
        )
        // Without any it is the identity (PS3.4 N.2).
        #expect(try levels(image, [50, 100, 150], state()) == [50, 100, 150])
        #expect(
            try levels(image, [50, 100, 150], state([.text(.presentationLUTShape, .cs, "INVERSE")])) == [205, 155, 105]
        )
    }

    @Test func `their VOI LUT begins below 0 when their rescale does`() throws {
        let item = table([3, UInt16(bitPattern: -10), 8], .words(.lutData, [0, 51, 255]))
        let voi = DataSet([.sequence(.voilutSequence, [item])])

        #expect(
            try levels(
                picture(columns: 3),
                [0, 1, 2],
                state([
                    .text(.rescaleIntercept, .ds, "-10"), .text(.rescaleSlope, .ds, "1"),
                    .sequence(.softcopyVOILUTSequence, [voi]),
                ])
            ) == [0, 51, 255]
        )
    }

    @Test func `a Presentation LUT is spread over all levels`() throws {
        let lut = table([3, 0, 8], .words(.lutData, [255, 0, 51]))

        #expect(
            try levels(
                picture(columns: 3),
                [0, 127, 255],
                state([.sequence(.presentationLUTSequence, [lut])])
            ) == [255, 0, 51]
        )
    }

    @Test func `those for other images or frames are refused, and other kinds`() throws {
        let image = try picture(columns: 1)

        for (state, code) in [
            (try state(image: "1.2.3.5"), PixelError.Code.mismatch), (try state(frames: "2"), .mismatch),
            (try state([.uid(.sopClassUID, UID("1.2.840.10008.5.1.4.1.1.11.4") ?? .init(literal: "1"))]), .unsupported),
            (try state([.sequence(.maskSubtractionSequence, [DataSet()])]), .unsupported),
            (try state([.unsignedShort(.imageRotation, 45)]), .badAttribute),
        ] {
            let error = #expect(throws: PixelError.self) { try levels(image, [1], state) }

            #expect(error?.code == code)
        }
        #expect(try levels(image, [1], state(frames: "1")) == [1])
    }

    @Test(arguments: [
        (90, "N", [4, 1, 5, 2, 6, 3] as [UInt8]), (180, "N", [6, 5, 4, 3, 2, 1]), (270, "N", [3, 6, 2, 5, 1, 4]),
        (0, "Y", [3, 2, 1, 6, 5, 4]), (90, "Y", [1, 4, 2, 5, 3, 6]), (360, "N", [1, 2, 3, 4, 5, 6]),
    ])
    func `images are turned clockwise, then mirrored`(rotation: UInt16, flip: String, expected: [UInt8]) throws {
        let image = try picture(columns: 3, rows: 2)

        let turned = try levels(
            image,
            [1, 2, 3, 4, 5, 6],
            state([.unsignedShort(.imageRotation, rotation), .text(.imageHorizontalFlip, .cs, flip)])
        )

        #expect(turned == expected)
    }

    @Test func `the displayed area is cut out, with black where there is no image`() throws {
        let image = try picture(columns: 3, rows: 2)
        func area(_ first: [Int32], _ last: [Int32]) throws -> [UInt8] {
            let item = DataSet([
                .signedLong(.displayedAreaTopLeftHandCorner, first[0], first[1]),
                .signedLong(.displayedAreaBottomRightHandCorner, last[0], last[1]),
            ])
            return try levels(image, [1, 2, 3, 4, 5, 6], state([.sequence(.displayedAreaSelectionSequence, [item])]))
        }

        #expect(try area([2, 1], [3, 2]) == [2, 3, 5, 6])
        #expect(try area([3, 2], [2, 1]) == [2, 3, 5, 6])
        #expect(try area([3, 0], [4, 1]) == [0, 0, 3, 0])
        #expect(try area([.min, 0], [.max, 1]) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `overlays of the image are shown when they have a layer`() throws {
        let overlay: [DataElement] = [
            .unsignedShort(.init(rawValue: 0x6000_0010), 1), .unsignedShort(.init(rawValue: 0x6000_0011), 1),
            .octets(.init(rawValue: 0x6000_3000), [1]),
        ]
        let image = try picture(columns: 2, overlay)

        #expect(try levels(image, [1, 2], state()) == [1, 2])
        #expect(
            try levels(image, [1, 2], state([.text(.init(rawValue: 0x6000_1001), .cs, "LAYER")])) == [255, 2]
        )
        #expect(try levels(picture(columns: 2), [1, 2], state(overlay)) == [255, 2])
    }

    /// Pixels of the image count from 0 in the corner of the first one (PS3.3 C.10.5.1.2).
    @Test(arguments: [
        ([0.5, 1.5, 2.5, 1.5] as [Float], [1, 1, 1, 128, 128, 128, 1, 1, 1] as [UInt8]),
        ([1, 1, 2, 1], [1, 1, 1, 1, 128, 128, 1, 1, 1]), ([0, 0, 0, 2], [128, 1, 1, 128, 1, 1, 128, 1, 1]),
        ([1.99, 2.99, 2, 2.99], [1, 1, 1, 1, 1, 1, 1, 128, 128]),
    ])
    func `lines and figures are drawn in the grey of their layer`(points: [Float], levels expected: [UInt8]) throws {
        let line = DataSet([
            .text(.graphicAnnotationUnits, .cs, "PIXEL"), .text(.graphicType, .cs, "POLYLINE"),
            .float(.graphicData, points[0], points[1], points[2], points[3]),
        ])
        let annotation = DataSet([
            .text(.graphicLayer, .cs, "LAYER"), .sequence(.graphicObjectSequence, [line]),
        ])
        let layer = DataSet([
            .text(.graphicLayer, .cs, "LAYER"), .text(.graphicLayerOrder, .is, "1"),
            .unsignedShort(.graphicLayerRecommendedDisplayGrayscaleValue, 0x8080),
        ])

        let drawn = try levels(
            picture(columns: 3, rows: 3),
            [UInt8](repeating: 1, count: 9),
            state([.sequence(.graphicAnnotationSequence, [annotation]), .sequence(.graphicLayerSequence, [layer])])
        )

        #expect(drawn == expected)
    }

    @Test(arguments: ["POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE", "SPIRAL"])
    func `figures without sense draw nothing and harm nothing`(type: String) throws {
        let numbers: [[Float]] = [
            [], [1], [.infinity, 1, 2, 3], [.nan, .nan, .nan, .nan], [1e38, -1e38, 1e38, 1e38, 1, 1, -1e38, 1e38],
        ]
        for data in numbers {
            let figure = DataSet(
                [
                    .text(.graphicType, .cs, type), .words(.graphicData, [], vr: .fl),
                    DataElement(
                        tag: .graphicData,
                        vr: .fl,
                        value: .bytes(
                            data.reduce(into: ByteBuffer()) { $0.writeInteger($1.bitPattern, endianness: .little) }
                        )
                    ),
                ].reversed()
            )
            let annotation = DataSet([.sequence(.graphicObjectSequence, [figure])])

            let drawn = try levels(
                picture(columns: 2),
                [1, 2],
                state([.sequence(.graphicAnnotationSequence, [annotation])])
            )

            #expect(drawn.count == 2)
        }
    }
}
