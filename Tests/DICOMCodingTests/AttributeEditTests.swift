import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Attribute edits as text` {
    @Test(arguments: [
        "set PatientName=Doe^John", "remove OtherPatientIDsSequence[1]", "empty PatientBirthDate",
        "set RequestAttributesSequence[0].ScheduledProcedureStepID=1\\2",
        "set (0029,\"A.B=[\"\"C\"\"]\",10):LO=x=y", "set ReferencedSeriesSequence[*].Modality:CS=CT", "set PatientID=",
        "remove (0009,1002)",
    ])
    func `an edit reads back as it is written`(text: String) throws {
        let edit = try AttributeEdit(text)

        #expect(edit.description == text)
        #expect(try AttributeEdit(edit.description) == edit)
        #expect(try AttributeEdit.list(json: AttributeEdit.json([edit])) == [edit])
    }

    @Test func `tags become keywords and left out items all`() throws {
        let edit = try AttributeEdit("remove (0040,0275).00400009")

        #expect(edit.description == "remove RequestAttributesSequence[*].ScheduledProcedureStepID")
    }

    @Test(arguments: [
        ("", EditError.Code.malformedEdit), ("set", .malformedEdit), ("set PatientName", .malformedEdit),
        ("add PatientName=x", .malformedEdit), ("set PatientName:XX=x", .malformedEdit),
        ("remove ", .malformedPath), ("remove PatientNme", .malformedPath), ("remove A[0", .malformedPath),
        ("remove PatientName..PatientID", .malformedPath), ("remove OtherPatientIDsSequence[-1]", .malformedPath),
        ("remove OtherPatientIDsSequence[1000001]", .malformedPath), ("remove OtherPatientIDsSequence[]", .malformedPath),
        ("set OtherPatientIDsSequence[0]=x", .malformedEdit), ("remove TransferSyntaxUID", .notEditable),
        ("remove (0010,0000)", .notEditable), ("remove (FFFE,E000)", .notEditable),
    ])
    func `what is no edit is refused with the reason`(text: String, code: EditError.Code) {
        let error = #expect(throws: EditError.self) { try AttributeEdit(text) }

        #expect(error?.code == code)
    }

    @Test func `a path may have 64 steps and no more`() throws {
        let step = "OtherPatientIDsSequence[0]."

        _ = try AttributePath(String(repeating: step, count: 63) + "PatientID")
        #expect(throws: EditError.self) { try AttributePath(String(repeating: step, count: 64) + "PatientID") }
    }

    @Test func `JSON values may be texts, numbers, names and nothing`() throws {
        let json = """
            [{"op": "set", "path": "PatientName", "value": {"Alphabetic": "A^B", "Phonetic": "C"}},
             {"op": "set", "path": "Rows", "value": 12}, {"vr": "LO", "value": ["a", null], "path": "00091010", "op": "set"},
             {"op": "empty", "path": "PatientID"}]
            """
        let edits = try AttributeEdit.list(json: ByteBuffer(string: json))

        #expect(
            edits.map(\.description) == [
                "set PatientName=A^B==C", "set Rows=12", "set (0009,1010):LO=a\\", "empty PatientID",
            ]
        )
    }

    @Test(arguments: [
        "", "{}", "[", "[{}]", "[{\"op\":\"set\",\"path\":\"PatientID\"}]", "[{\"op\":\"remove\"}]", "[1]",
        "[{\"op\":\"remove\",\"path\":\"PatientID\",\"value\":[]}]", "[{\"op\":\"x\",\"path\":\"PatientID\"}]",
        "[{\"op\":\"set\",\"path\":\"PatientID\",\"value\":[[1]]}]", "[] []",
    ])
    func `JSON that is no list of edits is refused`(json: String) {
        let error = #expect(throws: EditError.self) { try AttributeEdit.list(json: ByteBuffer(string: json)) }

        #expect(error?.code == .malformedJSON)
    }
}

@Suite struct `Applying edits to a Data Set` {
    private func applied(_ edits: [String], to dataSet: DataSet) throws -> DataSet {
        try dataSet.applying(edits.map { try AttributeEdit($0) })
    }

    private func refusal(_ edits: [String], of dataSet: DataSet = DataSet()) -> EditError.Code? {
        #expect(throws: EditError.self) { try applied(edits, to: dataSet) }?.code
    }

    private let series = DataSet([
        .text(.patientID, .lo, "1"),
        .sequence(
            .referencedSeriesSequence,
            [DataSet([.text(.modality, .cs, "CT")]), DataSet([.text(.modality, .cs, "MR")])]
        ),
    ])

    @Test func `attributes are set, removed and emptied`() throws {
        let edited = try applied(
            ["set PatientName=A^B", "empty PatientID", "set Rows=512", "remove ReferencedSeriesSequence"],
            to: series
        )

        #expect(
            edited
                == DataSet([
                    .text(.patientName, .pn, "A^B"), .empty(.patientID, .lo), .unsignedShort(.rows, 512),
                ])
        )
    }

    @Test func `items are reached one by one and all at once`() throws {
        let edited = try applied(
            ["set ReferencedSeriesSequence[*].Modality=US", "set ReferencedSeriesSequence[1].Modality=XA"],
            to: series
        )

        #expect(edited.items(.referencedSeriesSequence).map { $0.string(.modality) } == ["US", "XA"])
    }

    @Test func `items go, lose their content, and come`() throws {
        let edited = try applied(
            [
                "remove ReferencedSeriesSequence[0]", "empty ReferencedSeriesSequence[1]",
                "set ReferencedSeriesSequence[2].Modality=NM",
            ],
            to: series
        )

        #expect(edited.items(.referencedSeriesSequence) == [DataSet(), DataSet([.text(.modality, .cs, "NM")])])
    }

    @Test func `sequences on the way come into being`() throws {
        let edited = try applied(
            ["set RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodeValue=X"],
            to: DataSet()
        )
        let code = DataSet([.text(.codeValue, .sh, "X")])

        #expect(
            edited
                == DataSet([
                    .sequence(
                        .requestAttributesSequence,
                        [DataSet([.sequence(.scheduledProtocolCodeSequence, [code])])]
                    )
                ])
        )
        #expect(try applied(["set RequestAttributesSequence[*].CodeValue=X"], to: DataSet()) == DataSet())
    }

    @Test func `a private attribute gets a block of its creator`() throws {
        let reserved = DataSet([.text(Tag(rawValue: 0x0029_0010), .lo, "OTHER")])
        let edited = try applied(["set (0029,\"SIEMENS CSA HEADER\",08)=X"], to: reserved)

        #expect(
            edited
                == DataSet([
                    .text(Tag(rawValue: 0x0029_0010), .lo, "OTHER"),
                    .text(Tag(rawValue: 0x0029_0011), .lo, "SIEMENS CSA HEADER"),
                    .text(Tag(rawValue: 0x0029_1108), .cs, "X"),
                ])
        )
        #expect(try applied(["remove (0029,\"SIEMENS CSA HEADER\",08)"], to: reserved) == reserved)
    }

    @Test func `text is written in the character set of the Data Set`() throws {
        let latin1 = DataSet([.text(.specificCharacterSet, .cs, "ISO_IR 100")])
        let edited = try applied(["set PatientName=Müller"], to: latin1)

        #expect(edited[.patientName]?.bytes == ByteBuffer(bytes: [0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72]))
        #expect(refusal(["set PatientName=山田"], of: latin1) == .notInCharacterSet)
        #expect(refusal(["set PatientName=Müller"]) == .notInCharacterSet)
        #expect(refusal(["set StudyInstanceUID=1.ü"]) == .invalidValue)
    }

    @Test func `what cannot be done is refused with the reason`() {
        #expect(refusal(["remove ReferencedSeriesSequence", "set ReferencedSeriesSequence[0].Modality=CT"], of: series)
            == .conflictingEdits)
        #expect(refusal(["remove ReferencedSeriesSequence[0]", "set ReferencedSeriesSequence[*].Modality=CT"], of: series)
            == .conflictingEdits)
        #expect(refusal(["set ReferencedSeriesSequence[3].Modality=CT"], of: series) == .noSuchItem)
        #expect(refusal(["set PatientID[0].Modality=CT"], of: series) == .notASequence)
        #expect(refusal(["set (0009,1010)=x"]) == .unknownVR)
        #expect(refusal(["set Rows=65536"]) == .invalidValue)
        #expect(refusal(["set StudyDate=yesterday"]) == .invalidValue)
    }

    @Test func `numbers and tags are written as their VR has them`() throws {
        let edited = try applied(
            [
                "set PixelAspectRatio=1\\2", "set SmallestImagePixelValue=-5", "set FrameIncrementPointer=PatientID",
                "set RecommendedDisplayFrameRateInFloat=0.5",
            ],
            to: DataSet()
        )

        #expect(edited[.pixelAspectRatio] == .text(.pixelAspectRatio, .is, ["1", "2"]))
        #expect(edited[.smallestImagePixelValue] == .signedShort(.smallestImagePixelValue, -5))
        #expect(edited[.frameIncrementPointer]?.tags == [.patientID])
        #expect(edited.decimals(.recommendedDisplayFrameRateInFloat) == [0.5])
    }
}
