import DICOMCore
import DICOMPixels
import NIOCore
import Testing

private let rowsTag = DICOMCore.Tag(rawValue: 0x6000_0010)

/// An overlay of group 6000.
private func overlay(
    rows: UInt16,
    columns: UInt16,
    origin: [Int16] = [1, 1],
    type: String = "G",
    data: [UInt8]?,
    _ more: [DataElement] = []
) -> [DataElement] {
    var elements: [DataElement] = [
        .unsignedShort(rowsTag, rows), .unsignedShort(.init(rawValue: 0x6000_0011), columns),
        .text(.init(rawValue: 0x6000_0040), .cs, type),
        .words(.init(rawValue: 0x6000_0050), origin.map { UInt16(bitPattern: $0) }, vr: .ss),
    ]
    if let data { elements.append(.octets(.init(rawValue: 0x6000_3000), data)) }
    return elements + more
}

@Suite struct `Overlays` {
    private func levels(
        _ elements: [DataElement],
        columns: Int = 3,
        rows: Int = 3,
        frameIndex: Int = 0
    ) throws
        -> [UInt8]
    {
        try Picture(columns: columns, rows: rows, bitsAllocated: 8, elements)
            .rendered(bytes: [UInt8](repeating: 9, count: columns * rows), frameIndex: frameIndex).levels
    }

    @Test func `the first bit is the lowest of the first byte, and rows do not begin with a byte`() throws {
        // Set are bits 0, 4 and 8: a diagonal.
        #expect(
            try levels(overlay(rows: 3, columns: 3, data: [0b0001_0001, 0b1]))
                == [255, 9, 9, 9, 255, 9, 9, 9, 255]
        )
    }

    @Test func `the origin is row and column from 1, also outside of the image`() throws {
        let all: [UInt8] = [0x0F]

        #expect(
            try levels(overlay(rows: 2, columns: 2, origin: [2, 3], data: all)) == [9, 9, 9, 9, 9, 255, 9, 9, 255]
        )
        #expect(
            try levels(overlay(rows: 2, columns: 2, origin: [0, 0], data: all)) == [255, 9, 9, 9, 9, 9, 9, 9, 9]
        )
        for origin in [[Int16.min, .min], [.max, .max], [-1, -1], [4, 4]] as [[Int16]] {
            #expect(
                try levels(overlay(rows: 2, columns: 2, origin: origin, data: all)) == Array(repeating: 9, count: 9)
            )
        }
    }

    @Test func `bits that the element lacks are not set`() throws {
        #expect(
            try levels(overlay(rows: 3, columns: 3, data: [0xFF])) == Array(repeating: 255, count: 8) + [9]
        )
        #expect(try levels(overlay(rows: 3, columns: 3, data: [])) == Array(repeating: 9, count: 9))
        #expect(
            try levels(overlay(rows: 65_535, columns: 65_535, data: [0xFF])) == Array(repeating: 9, count: 9)
        )
    }

    @Test func `of a region the border is drawn`() throws {
        let levels = try levels(
            overlay(rows: 3, columns: 3, type: "R", data: [0xFF, 1])
        )

        #expect(levels == [255, 255, 255, 255, 9, 255, 255, 255, 255])
    }

    @Test func `each frame has its own plane, from the first frame that has one`() throws {
        let elements = overlay(
            rows: 1,
            columns: 3,
            // Planes 001 and 110, lowest bit first.
            data: [0b011_100],
            [.text(.init(rawValue: 0x6000_0015), .is, "2"), .unsignedShort(.init(rawValue: 0x6000_0051), 2)]
        )

        #expect(try levels(elements, rows: 1, frameIndex: 0) == [9, 9, 9])
        #expect(try levels(elements, rows: 1, frameIndex: 1) == [9, 9, 255])
        #expect(try levels(elements, rows: 1, frameIndex: 2) == [255, 255, 9])
        #expect(try levels(elements, rows: 1, frameIndex: 3) == [9, 9, 9])
    }

    @Test func `unused bits of the pixels may be an overlay, stored bits may not`() throws {
        func levels(bit: UInt16) throws -> [UInt8] {
            let more: [DataElement] = [
                .unsignedShort(.init(rawValue: 0x6000_0100), 16), .unsignedShort(.init(rawValue: 0x6000_0102), bit),
                .text(.windowCenter, .ds, "2048"), .text(.windowWidth, .ds, "4096"),
            ]
            return try Picture(
                columns: 2,
                bitsStored: 12,
                overlay(rows: 1, columns: 2, data: nil, more)
            ).rendered([0x1000, 0x0800]).levels
        }

        #expect(try levels(bit: 12) == [255, 128])
        #expect(try levels(bit: 11) == [0, 128])
        #expect(try levels(bit: 16) == [0, 128])
    }

    @Test func `they are left out on request`() throws {
        let picture = try Picture(columns: 1, bitsAllocated: 8, overlay(rows: 1, columns: 1, data: [1]))
        var request = RenderingRequest()
        request.showsOverlays = false

        #expect(try picture.rendered(bytes: [9], request).levels == [9])
    }
}

@Suite struct `Shutters` {
    private func seen(_ elements: [DataElement], columns: Int = 5, rows: Int = 5) throws -> String {
        let picture = try Picture(columns: columns, rows: rows, bitsAllocated: 8, elements)
        let levels = try picture.rendered(bytes: [UInt8](repeating: 9, count: columns * rows)).levels
        return stride(from: 0, to: levels.count, by: columns).map { start in
            String(levels[start..<start + columns].map { $0 == 9 ? "x" : $0 == 0 ? "." : "?" })
        }.joined(separator: "/")
    }

    @Test func `a rectangle shows its edges and what they enclose`() throws {
        let elements: [DataElement] = [
            .text(.shutterShape, .cs, "RECTANGULAR"), .text(.shutterLeftVerticalEdge, .is, "2"),
            .text(.shutterRightVerticalEdge, .is, "4"), .text(.shutterUpperHorizontalEdge, .is, "3"),
            .text(.shutterLowerHorizontalEdge, .is, "9"),
        ]

        #expect(try seen(elements) == "...../...../.xxx./.xxx./.xxx.")
    }

    @Test func `a circle has a middle, row first, and a radius`() throws {
        let elements: [DataElement] = [
            .text(.shutterShape, .cs, "CIRCULAR"), .text(.centerOfCircularShutter, .is, ["3", "2"]),
            .text(.radiusOfCircularShutter, .is, "2"),
        ]

        #expect(try seen(elements) == ".x.../xxx../xxxx./xxx../.x...")
    }

    @Test func `a polygon shows what is inside of its corners`() throws {
        let elements: [DataElement] = [
            .text(.shutterShape, .cs, "POLYGONAL"),
            .text(.verticesOfThePolygonalShutter, .is, ["1", "1", "1", "5", "5", "3"]),
        ]

        #expect(try seen(elements) == "xxxxx/.xxx./.xxx./..x../.....")
    }

    @Test func `shapes hide together, in the grey that is told`() throws {
        let elements: [DataElement] = [
            .text(.shutterShape, .cs, ["RECTANGULAR", "CIRCULAR"]), .text(.shutterLeftVerticalEdge, .is, "2"),
            .text(.shutterRightVerticalEdge, .is, "9"), .text(.shutterUpperHorizontalEdge, .is, "1"),
            .text(.shutterLowerHorizontalEdge, .is, "9"), .text(.centerOfCircularShutter, .is, ["1", "2"]),
            .text(.radiusOfCircularShutter, .is, "1"), .unsignedShort(.shutterPresentationValue, 0xFFFF),
        ]

        #expect(try seen(elements, columns: 4, rows: 2) == "?xx?/?x??")
    }

    @Test func `shapes without sense hide nothing`() throws {
        for elements: [DataElement] in [
            [.text(.shutterShape, .cs, "RECTANGULAR")], [.text(.shutterShape, .cs, "OVAL")],
            [
                .text(.shutterShape, .cs, "POLYGONAL"),
                .text(.verticesOfThePolygonalShutter, .is, ["1", "1", "9223372036854775807", "5", "5", "3"]),
            ],
        ] {
            #expect(try seen(elements, columns: 2, rows: 1) == "xx")
        }
    }
}

@Suite struct `Bulk that rendering needs` {
    private let bulk = BulkValue(offset: 100, length: 2)
    private func reference(_ tag: DICOMCore.Tag) -> DataElement { DataElement(tag: tag, vr: .ow, value: .bulk(bulk)) }

    @Test func `tables, overlays and profiles are named, also in sequences, and nothing else`() {
        let header = DataSet([
            reference(.pixelData), reference(.init(rawValue: 0x6002_3000)), reference(.init(rawValue: 0x6003_3000)),
            .sequence(.voilutSequence, [DataSet([reference(.lutData)])]),
        ])

        #expect(RenderingBulk.values(in: header) == [bulk, bulk])
        #expect(FrameRenderer.neededBulk(in: header) == [DICOMCore.Tag(rawValue: 0x6002_3000)])
    }

    @Test func `a table of 4,096 entries in the functional groups of a frame is used`() throws {
        var data = ByteBuffer()
        for entry in 0..<4_096 { data.writeInteger(UInt16(4_095 - entry) * 16, endianness: .little) }
        let table = DataSet([.words(.lutDescriptor, [4_096, 0, 16], vr: .us), reference(.lutData)])
        func groups(_ item: DataSet) -> DataSet {
            DataSet([.sequence(.frameVOILUTSequence, [DataSet([.sequence(.voilutSequence, [item])])])])
        }
        let window = DataSet([.text(.windowCenter, .ds, "1"), .text(.windowWidth, .ds, "1")])
        let frames = [DataSet([.sequence(.frameVOILUTSequence, [window])]), groups(table)]
        for (sequence, items) in [
            (DICOMCore.Tag.perFrameFunctionalGroupsSequence, frames),
            (.sharedFunctionalGroupsSequence, [groups(table)]),
        ] {
            var picture = try Picture(columns: 3, bitsStored: 12, [.sequence(sequence, items)])

            #expect(RenderingBulk.values(in: picture.header) == [bulk])
            picture.header = RenderingBulk.filled(picture.header, with: [bulk: data])

            // 2047 * 16 of 65,535 is 127.4 of 255.
            #expect(try picture.rendered([0, 2_048, 4_095], frameIndex: 1).levels == [255, 127, 0])
        }
    }

    @Test func `a table that is not used does not stand in the way of a window that somebody asks for`() throws {
        let table = DataSet([.words(.lutDescriptor, [4_096, 0, 16], vr: .us), reference(.lutData)])
        let picture = try Picture(columns: 2, [.sequence(.voilutSequence, [table])])
        let request = RenderingRequest(window: WindowRequest(center: 5, width: 1))

        #expect(try picture.rendered([4, 5], request).levels == [0, 255])
        #expect(throws: PixelError.self) { try picture.rendered([4, 5]) }
    }

    @Test func `of more than 256 MiB the last are left`() {
        let values = (0..<5).map { BulkValue(offset: $0, length: 64 << 20) }
        let items = values.map { DataSet([DataElement(tag: .lutData, vr: .ow, value: .bulk($0))]) }

        #expect(RenderingBulk.values(in: DataSet([.sequence(.voilutSequence, items)])) == Array(values.prefix(4)))
    }

    @Test func `bytes take the places of references, words of Big Endian the other way round`() {
        let header = DataSet([
            .sequence(
                .softcopyVOILUTSequence,
                [
                    DataSet([.sequence(.voilutSequence, [DataSet([reference(.lutData)])])])
                ]
            )
        ])
        let values = [bulk: ByteBuffer(bytes: [1, 2])]

        let filled = RenderingBulk.filled(header, with: values, isBigEndian: true)

        let item = filled.items(.softcopyVOILUTSequence).first?.items(.voilutSequence).first
        #expect(item?[.lutData]?.bytes == ByteBuffer(bytes: [2, 1]))
    }
}

@Suite struct `Words of bytes in Big Endian` {
    private func words(_ vr: VR, bitsAllocated: UInt16 = 8) -> SwappedWords? {
        let value = BulkValue(offset: 101, length: 10)
        let header = DataSet([
            .unsignedShort(.bitsAllocated, bitsAllocated), DataElement(tag: .pixelData, vr: vr, value: .bulk(value)),
        ])
        return SwappedWords(header, in: .explicitVRBigEndian)
    }

    @Test func `a frame between two words gets its bytes from both`() throws {
        let made = try #require(words(.ow))
        // Bytes 3 to 5 of the value: the words of bytes 2 to 5.
        let around = made.words(around: 104..<107)

        #expect(around == 103..<107)
        #expect(made.bytes(of: 104..<107, in: ByteBuffer(bytes: [3, 2, 5, 4])) == ByteBuffer(bytes: [3, 4, 5]))
    }

    @Test func `only OW of up to 8 bits has them`() {
        #expect(words(.ob) == nil)
        #expect(words(.ow, bitsAllocated: 16) == nil)
        #expect(words(.ow, bitsAllocated: 1) != nil)
        #expect(SwappedWords(DataSet(), in: .explicitVRBigEndian) == nil)
    }
}
