import DICOMCore
import Deidentification
import NIOCore
import Testing

@Suite struct `Collecting identifiers` {
    private func collected(_ elements: [DataElement]) -> SubjectIdentifiers {
        SubjectIdentifiers(collecting: DataSet(elements))
    }

    @Test func `values are told by their VR and their attribute`() {
        let identifiers = collected([
            .text(.patientName, .pn, "Doe^Jane"), .text(.patientID, .lo, "A1"), .text(.accessionNumber, .sh, "X-1"),
            .text(.patientBirthDate, .da, "19700101"), .text(.studyDate, .da, "20200101"),
            .text(.stationAETitle, .ae, "CT1"), .text(.institutionName, .lo, "General"),
            .text(.operatorsName, .pn, ["Roe^R", "Poe^P"]), .text(.modality, .cs, "CT"),
            .text(.studyDescription, .lo, "Head"), .uid(.studyInstanceUID, UID(literal: "1.2.3.4.5.6")),
            .uid(.sopClassUID, UID(literal: "1.2.840.10008.5.1.4.1.1.2")), .text(.deviceSerialNumber, .lo, "S9"),
        ])

        #expect(identifiers.values(.patientName) == ["Doe^Jane"])
        #expect(identifiers.values(.personName) == ["Roe^R", "Poe^P"])
        #expect(identifiers.values(.patientID) == ["A1"])
        #expect(identifiers.values(.identifier) == ["X-1"])
        #expect(identifiers.values(.birthDate) == ["19700101"])
        #expect(identifiers.values(.date) == ["20200101"])
        #expect(identifiers.values(.applicationEntity) == ["CT1"])
        #expect(identifiers.values(.institution) == ["General"])
        #expect(identifiers.values(.uid) == ["1.2.3.4.5.6"])
        #expect(identifiers.values(.device) == ["S9"])
        #expect(identifiers.identifiers.count == 11)
    }

    @Test func `nested values are found, and what their sequence makes of them`() {
        let person = DataSet([
            .text(.institutionName, .lo, "Ward"),
            .sequence(
                .personIdentificationCodeSequence,
                [DataSet([.text(.codeValue, .sh, "0815"), .text(.codeMeaning, .lo, "Roe")])]
            ),
        ])
        let identifiers = collected([
            .sequence(.referringPhysicianIdentificationSequence, [person]),
            .sequence(.otherPatientIDsSequence, [DataSet([.text(.patientID, .lo, "B2")])]),
            .sequence(.procedureCodeSequence, [DataSet([.text(.codeMeaning, .lo, "CT head")])]),
        ])

        #expect(identifiers.values(.institution) == ["Ward"])
        #expect(identifiers.values(.personName) == ["0815", "Roe"])
        #expect(identifiers.values(.patientID) == ["B2"])
        #expect(identifiers.identifiers.count == 4)
    }

    @Test func `text of content items counts when its concept says so`() {
        func item(_ code: String, _ text: String) -> DataSet {
            DataSet([
                .sequence(.conceptNameCodeSequence, [DataSet([.text(.codeValue, .sh, code)])]),
                .text(.textValue, .ut, text),
            ])
        }
        let identifiers = collected([
            .sequence(.contentSequence, [item("121030", "ID77"), item("121071", "a finding")])
        ])

        #expect(identifiers.values(.patientID) == ["ID77"])
        #expect(identifiers.identifiers.count == 1)
    }

    @Test func `private values that look like a name are one`() {
        let identifiers = collected([
            .text(DICOMCore.Tag(rawValue: 0x0009_0010), .lo, "ACME^CO"),
            .text(DICOMCore.Tag(rawValue: 0x0009_1001), .lo, "Doe^Jane"),
            .text(DICOMCore.Tag(rawValue: 0x0009_1002), .lo, "1^2"),
            .text(DICOMCore.Tag(rawValue: 0x0009_1003), .pn, "Roe"),
            DataElement(
                tag: DICOMCore.Tag(rawValue: 0x0009_1004),
                vr: .un,
                value: .bytes(ByteBuffer(string: "Poe^P "))
            ),
            .text(DICOMCore.Tag(rawValue: 0x0009_1005), .lo, "plain text"),
        ])

        #expect(identifiers.values(.personName) == ["Doe^Jane", "Roe", "Poe^P"])
    }

    @Test func `names are read in their characters, and as devices mean them without`() throws {
        let latin = DataElement(
            tag: .patientName,
            vr: .pn,
            value: .bytes(ByteBuffer(bytes: [0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72]))
        )
        let declared = collected([.text(.specificCharacterSet, .cs, "ISO_IR 100"), latin])
        let undeclared = collected([latin])

        #expect(declared.values(.patientName) == ["Müller"])
        #expect(undeclared.values(.patientName).contains("Müller"))
        #expect(declared.identifiers.first?.writtenBytes == [0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72])
    }

    @Test func `File Meta Information counts, and values are merged once`() {
        let meta = DataSet([.text(.sourceApplicationEntityTitle, .ae, "SCANNER9")])
        let first = SubjectIdentifiers(collecting: DataSet([.text(.patientID, .lo, "A1")]), fileMeta: meta)
        let second = collected([.text(.patientID, .lo, "A1"), .text(.accessionNumber, .sh, "X")])

        let merged = first.merged(with: second)

        #expect(first.values(.applicationEntity) == ["SCANNER9"])
        #expect(merged.identifiers.count == 3)
        #expect(merged.without([.applicationEntity]).identifiers.count == 2)
        #expect(String(reflecting: merged).contains("A1") == false)
    }
}
