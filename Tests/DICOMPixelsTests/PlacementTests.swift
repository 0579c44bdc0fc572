import DICOMCore
import DICOMPixels
import NIOCore
import Testing

@Suite struct `Viewports` {
    private func levels(
        _ bytes: [UInt8],
        columns: Int,
        rows: Int,
        _ parameter: String,
        _ elements: [DataElement] = []
    ) throws -> (width: Int, height: Int, levels: [UInt8]) {
        let viewport = try #require(Viewport(parameter: parameter))
        let image = try Picture(columns: columns, rows: rows, bitsAllocated: 8, elements)
            .rendered(bytes: bytes, RenderingRequest(viewport: viewport))
        return (image.width, image.height, image.levels)
    }

    @Test(arguments: [
        ("512,256", Viewport(width: 512, height: 256)),
        (
            "512,512,,,512,512", Viewport(width: 512, height: 512, sourceWidth: 512, sourceHeight: 512)
        ),
        ("9,9,-1.5,2", Viewport(width: 9, height: 9, sourceX: 1.5, sourceY: 2)),
        (
            "9,9,,,-4,-5",
            Viewport(
                width: 9,
                height: 9,
                sourceWidth: 4,
                sourceHeight: 5,
                flipsHorizontally: true,
                flipsVertically: true
            )
        ),
        ("512", nil), ("0,512", nil), ("512,0", nil), ("-512,512", nil), ("65536,1", nil),
        ("1,65535", Viewport(width: 1, height: 65_535)),
        ("1,1,0,0,0,5", nil), ("1,1,1,1,1,1,1", nil), ("1.5,1", nil), ("1,1,x", nil), ("1,1,1e300", nil), ("", nil),
        ("999999999999999999999,1", nil),
    ])
    func `the parameter has two to six values`(text: String, viewport: Viewport?) {
        #expect(Viewport(parameter: text) == viewport)
    }

    @Test func `smaller pictures have the mean of what each pixel covers`() throws {
        let half = try levels([0, 100, 20, 40, 200, 100, 60, 80], columns: 4, rows: 2, "2,1")

        #expect(half == (2, 1, [100, 50]))

        let third = try levels([0, 90, 30], columns: 3, rows: 1, "2,1")

        // Two thirds of a row high: 3 to 2 columns leave 1.5 pixels each, (0 + 45) / 1.5 and (45 + 30) / 1.5.
        #expect(third == (2, 1, [30, 50]))
    }

    @Test func `larger pictures have lines between the middles of pixels`() throws {
        #expect(try levels([0, 100], columns: 2, rows: 1, "4,9") == (4, 2, [0, 25, 75, 100, 0, 25, 75, 100]))
    }

    @Test func `the aspect is kept, whichever side is too long`() throws {
        let bytes = [UInt8](repeating: 5, count: 200)

        #expect(try levels(bytes, columns: 20, rows: 10, "10,10").levels == [UInt8](repeating: 5, count: 50))
        #expect(try levels(bytes, columns: 10, rows: 20, "10,10").levels == [UInt8](repeating: 5, count: 50))
        #expect(try levels(bytes, columns: 20, rows: 10, "10,2").width == 4)
    }

    @Test func `pixels that are higher than wide are so in the picture`() throws {
        let spacing = DataElement.text(.pixelSpacing, .ds, ["2", "1"])
        let ratio = DataElement.text(.pixelAspectRatio, .is, ["1", "2"])

        let high = try levels([1, 1, 1, 1], columns: 2, rows: 2, "8,8", [spacing])
        let wide = try levels([1, 1, 1, 1], columns: 2, rows: 2, "8,8", [ratio])

        #expect((high.width, high.height) == (4, 8))
        #expect((wide.width, wide.height) == (8, 4))
    }

    @Test func `a region is cut out, and mirrored where its size is negative`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]

        #expect(try levels(bytes, columns: 3, rows: 3, "2,2,1,1,2,2") == (2, 2, [5, 6, 8, 9]))
        #expect(try levels(bytes, columns: 3, rows: 3, "2,2,1,1,-2,2") == (2, 2, [6, 5, 9, 8]))
        #expect(try levels(bytes, columns: 3, rows: 3, "3,3,,,3,-3").levels == [7, 8, 9, 4, 5, 6, 1, 2, 3])
        // What lies beyond the image is not there.
        #expect(try levels(bytes, columns: 3, rows: 3, "1,1,2,2,100,100") == (1, 1, [9]))
    }

    @Test(arguments: ["9,9,3,0", "9,9,0,3", "9,9,100,100,1,1"])
    func `a region outside of the image is refused`(parameter: String) throws {
        let error = #expect(throws: PixelError.self) {
            try levels([1, 2, 3, 4, 5, 6, 7, 8, 9], columns: 3, rows: 3, parameter)
        }

        #expect(error?.code == .badDescription)
    }

    @Test func `a picture has no more pixels than there is memory for`() throws {
        let error = #expect(throws: PixelError.self) {
            try levels([1, 2, 3, 4], columns: 2, rows: 2, "65535,65535")
        }

        #expect(error?.code == .tooLarge)
    }

    @Test func `what a picture takes is known by its size, and so is that it is too large`() throws {
        let picture = try Picture(columns: 64, rows: 64, bitsAllocated: 8, [])
        let renderer = try FrameRenderer(header: picture.header)
        func length(_ width: Int, _ height: Int, _ format: PixelFormat? = nil) throws -> Int {
            try renderer.workLength(
                of: format ?? picture.format,
                frameIndex: 0,
                request: RenderingRequest(viewport: Viewport(width: width, height: height))
            )
        }

        #expect(try length(1_100, 1_100) == 64 * 64 * 3 + 4 * 1_100 * 1_100)
        #expect(try length(4_096, 4_096) > 4 << 24)
        #expect(throws: PixelError.self) { try length(4_097, 4_097) }
        // A picture may be as large as its image.
        let large = try PixelFormat(
            rows: 5_000,
            columns: 5_000,
            bitsAllocated: 8,
            photometricInterpretation: .monochrome2
        )
        #expect(try length(5_000, 5_000, large) > 4 * 25_000_000)
        #expect(throws: PixelError.self) { try length(5_001, 5_001, large) }
    }

    @Test func `annotations are written on request`() throws {
        let picture = try Picture(
            columns: 64,
            rows: 64,
            bitsAllocated: 8,
            [.text(.patientName, .pn, "Müller^Ännchen"), .text(.modality, .cs, "CT"), .text(.patientID, .lo, "7")]
        )
        let plain = [UInt8](repeating: 100, count: 64 * 64)

        let patient = try picture.rendered(bytes: plain, RenderingRequest(annotations: [.patient])).levels
        let technique = try picture.rendered(bytes: plain, RenderingRequest(annotations: [.technique])).levels

        #expect(patient[..<(32 * 64)].contains(255) && !patient[(48 * 64)...].contains(255))
        #expect(!technique[..<(32 * 64)].contains(255) && technique[(48 * 64)...].contains(255))
    }
}

@Suite struct `Times of frames` {
    @Test(
        arguments: [
            ([], [100]), ([.text(.frameTime, .ds, "40")], [40]), ([.text(.cineRate, .is, "25")], [40]),
            ([.text(.recommendedDisplayFrameRate, .is, "20"), .text(.frameTime, .ds, "40")], [50]),
            ([.text(.frameTimeVector, .ds, ["0", "30", "60"])], [30, 60, 60]),
            ([.text(.frameTime, .ds, "0")], [100]), ([.text(.frameTime, .ds, "1e9")], [10_000]),
            ([.text(.frameTime, .ds, "0.001")], [10]),
        ] as [([DataElement], [Int])]
    )
    func `the first statement counts, within reason`(elements: [DataElement], milliseconds: [Int]) {
        let timing = FrameTiming(DataSet(elements))

        #expect(milliseconds.indices.map { timing.duration(frameIndex: $0) } == milliseconds.map { .milliseconds($0) })
    }
}
