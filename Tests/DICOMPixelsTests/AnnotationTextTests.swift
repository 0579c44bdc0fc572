import DICOMCore
import NIOCore
import Testing

@testable import DICOMPixels

@Suite struct `What is written into pictures` {
    private func technique(_ elements: [DataElement], frameIndex: Int = 0, _ voi: VOITransform?) -> [String] {
        AnnotationText(
            FrameAttributes(DataSet(elements), frameIndex: frameIndex),
            frameIndex: frameIndex,
            [.technique],
            voi: voi
        ).technique
    }

    @Test(
        arguments: [
            (40.0, 400.0, "C 40 W 400"), (0.0005, 0.001, "C 0.0005 W 0.001"), (-1_024.5, 4_096, "C -1024.5 W 4096"),
            (1.0 / 3, 2_000_000, "C 0.333333 W 2000000"), (123_456.7, 1, "C 123457 W 1"), (-0.0, 1, "C 0 W 1"),
            (999_999.5, 0.1 + 0.2, "C 1000000 W 0.3"),
        ] as [(Double, Double, String)]
    )
    func `numbers of a window have six digits`(center: Double, width: Double, line: String) {
        #expect(technique([], .window(WindowRequest(center: center, width: width))) == [line])
    }

    @Test func `the window is the one that is shown, not the first of the object`() {
        let elements: [DataElement] = [
            .text(.windowCenter, .ds, ["1", "3"]), .text(.windowWidth, .ds, ["2", "4"]),
        ]

        #expect(technique(elements, .window(WindowRequest(center: 3, width: 4))) == ["C 3 W 4"])
        #expect(technique(elements, .table(LookupTable(first: 0, entries: [1], bits: 8))) == ["VOI LUT"])
        #expect(technique(elements, .range(0, 1)) == [])
        #expect(technique(elements, nil) == [])
    }

    @Test func `the position is that of the frame`() {
        func groups(_ position: [String]) -> DataSet {
            DataSet([
                .sequence(.planePositionSequence, [DataSet([.text(.imagePositionPatient, .ds, position)])])
            ])
        }
        let frames = [groups(["1", "2", "3"]), groups(["1", "2", "-4.5"])]

        #expect(
            technique([.sequence(.perFrameFunctionalGroupsSequence, frames)], frameIndex: 1, nil) == ["Pos 1 2 -4.5"]
        )
        #expect(technique([.text(.imagePositionPatient, .ds, ["7", "8", "9"])], nil) == ["Pos 7 8 9"])
        #expect(technique([], nil) == [])
    }

    @Test(
        arguments: [
            ("Müller^Ännchen", ["Müller Ännchen"], false), ("Doe^^山", ["Doe 山"], false), ("山^A", ["山 A"], false),
            ("山田^A", [], true), ("Иванов^Иван", [], true), ("^", [], false), ("=山田", [], false),
        ] as [(String, [String], Bool)]
    )
    func `a name is left out when most of it has no letters`(name: String, lines: [String], isOmitted: Bool) {
        let header = DataSet([
            .text(.init(rawValue: 0x0008_0005), .cs, "ISO_IR 192"),
            DataElement(
                tag: .patientName,
                vr: .pn,
                value: .bytes(ByteBuffer(string: name))
            ),
        ])
        let text = AnnotationText(FrameAttributes(header, frameIndex: 0), frameIndex: 0, [.patient], voi: nil)

        #expect(text.patient == lines)
        #expect(AnnotationText.omitsName(header) == isOmitted)
    }

    @Test func `pictures say which of several windows they show`() throws {
        var picture = try Picture(
            columns: 64,
            rows: 64,
            [.text(.windowCenter, .ds, ["10", "20"]), .text(.windowWidth, .ds, ["100", "100"])]
        )
        let words = [Int](repeating: 0, count: 64 * 64)
        var request = RenderingRequest(annotations: [.technique])
        request.windowIndex = 1

        let second = try picture.rendered(words, request).levels
        picture.header.set(.text(.windowCenter, .ds, "20"))
        picture.header.set(.text(.windowWidth, .ds, "100"))

        #expect(try picture.rendered(words, RenderingRequest(annotations: [.technique])).levels == second)
    }
}

@Suite struct `Notes on pictures` {
    private let mask = DataElement.sequence(.maskSubtractionSequence, [DataSet()])

    private func notes(_ elements: [DataElement], _ request: RenderingRequest = RenderingRequest()) throws -> Int {
        try FrameRenderer(header: DataSet(elements)).notes(on: request).count
    }

    @Test func `subtraction that is not made is told where it is meant to be seen`() throws {
        #expect(try notes([.text(.recommendedViewingMode, .cs, "SUB"), mask]) == 1)
        #expect(try notes([.text(.recommendedViewingMode, .cs, "NAT"), mask]) == 0)
        #expect(try notes([.text(.recommendedViewingMode, .cs, "SUB")]) == 0)
        #expect(try notes([]) == 0)
    }

    @Test func `a window for colours is told to have no effect`() throws {
        var second = RenderingRequest()
        second.windowIndex = 1
        let window = RenderingRequest(window: WindowRequest(center: 1, width: 1))

        for (interpretation, count) in [("RGB", 1), ("PALETTE COLOR", 1), ("MONOCHROME1", 0)] {
            let element = DataElement.text(.photometricInterpretation, .cs, interpretation)

            #expect(try notes([element], window) == count)
            #expect(try notes([element], second) == count)
            #expect(try notes([element]) == 0)
        }
    }

    @Test func `a name that is not written is told when it was asked for`() throws {
        let name = DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(string: "山田^太郎")))
        let header = [.text(.init(rawValue: 0x0008_0005), .cs, "ISO_IR 192"), name]

        #expect(try notes(header, RenderingRequest(annotations: [.patient])) == 1)
        #expect(try notes(header, RenderingRequest(annotations: [.technique])) == 0)
    }
}
