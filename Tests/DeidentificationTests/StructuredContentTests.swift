import DICOMCore
import NIOCore
import Testing

@testable import Deidentification

private let slide = UID(literal: "1.2.840.10008.5.1.4.1.1.77.1.6")
private let report = UID(literal: "1.2.840.10008.5.1.4.1.1.88.22")

private func item(
    _ type: String,
    _ code: String,
    _ scheme: String,
    _ value: DataElement?,
    relationship: String = "CONTAINS"
) -> DataSet {
    DataSet(
        [
            .text(.relationshipType, .cs, relationship), .text(.valueType, .cs, type),
            .sequence(.conceptNameCodeSequence, [DummyValue.code(code, scheme, "Name")]),
        ] + [value].compactMap(\.self)
    )
}

private func content(
    _ items: [DataSet],
    _ options: Set<DeidentificationOption> = [.cleanStructuredContent]
) throws -> DataSet {
    let file = try Journey.file(
        [
            .text(.valueType, .cs, "CONTAINER"), .sequence(.contentSequence, items),
            .sequence(.contentTemplateSequence, [DataSet([.text(.templateIdentifier, .cs, "1500")])]),
        ],
        sopClassUID: report
    )
    return try Journey.read(Journey.whole(file, options).bytes).dataSet
}

@Suite struct `Structured content` {
    @Test func `is a single dummy without the option`() throws {
        let dataSet = try content([item("TEXT", "121071", "DCM", .text(.textValue, .ut, "Doe is ill"))], [])

        #expect(dataSet.items(.contentSequence).count == 1)
        #expect(dataSet.items(.contentSequence).first?.string(.textValue) == "ANONYMIZED")
        #expect(dataSet[.contentTemplateSequence] == nil)
    }

    @Test func `stays item by item with the option`() throws {
        let items = [
            item("TEXT", "121071", "DCM", .text(.textValue, .ut, "Doe is ill")),
            item("TEXT", "112233", "99X", .text(.textValue, .ut, "well, Doe")),
            item("PNAME", "121008", "DCM", .text(.personName, .pn, "Smith^Dr")),
            item("TEXT", "121022", "DCM", .text(.textValue, .ut, "A4711")),
            item(
                "NUM",
                "112233",
                "99X",
                .sequence(.measuredValueSequence, [DataSet([.text(.numericValue, .ds, "12.5")])])
            ),
            item("UIDREF", "112040", "DCM", .text(.uid, .ui, "1.2.3.9")),
        ]
        let dataSet = try content(items)
        let kept = dataSet.items(.contentSequence)

        #expect(kept.count == 5)
        #expect(kept[0].string(.textValue) == "ANONYMIZED")
        #expect(kept[1].string(.textValue) == "well,")
        #expect(kept[2].string(.personName).map { $0 != "Smith^Dr" && !$0.isEmpty } == true)
        #expect(kept[3].items(.measuredValueSequence).first?.string(.numericValue) == "12.5")
        #expect(kept[4].uid(.uid) == Journey.pseudonyms.uid(UID(literal: "1.2.3.9")))
        #expect(dataSet[.contentTemplateSequence] != nil)
    }

    @Test func `keeps its references to images, to their new names`() throws {
        let reference = DataSet([
            .uid(.referencedSOPClassUID, UID(literal: "1.2.840.10008.5.1.4.1.1.2")),
            .uid(.referencedSOPInstanceUID, UID(literal: "1.2.3.4")),
        ])
        let dataSet = try content([item("IMAGE", "121112", "DCM", .sequence(.referencedSOPSequence, [reference]))])
        let kept = dataSet.items(.contentSequence).first?.items(.referencedSOPSequence).first

        #expect(kept?.uid(.referencedSOPInstanceUID) == Journey.pseudonyms.uid(UID(literal: "1.2.3.4")))
        #expect(kept?.uid(.referencedSOPClassUID)?.string == "1.2.840.10008.5.1.4.1.1.2")
    }

    @Test func `has dummies in the place of items that go where others point at items by number`() throws {
        let pointer = DataSet([
            .text(.relationshipType, .cs, "INFERRED FROM"),
            .unsignedLong(.referencedContentItemIdentifier, 1, 2),
        ])
        let items = [
            item("TEXT", "121022", "DCM", .text(.textValue, .ut, "A4711")),
            item("TEXT", "112233", "99X", .text(.textValue, .ut, "fine")), pointer,
        ]
        let kept = try content(items).items(.contentSequence)

        #expect(kept.count == 3)
        #expect(kept[0].string(.textValue) == "ANONYMIZED")
        #expect(kept[2][.referencedContentItemIdentifier]?.integers == [1, 2])
    }

    @Test func `of a preparation of which nothing stays is a dummy, for something has to be there`() throws {
        let step = DataSet([
            .text(.valueType, .cs, "TEXT"),
            .sequence(.conceptNameCodeSequence, [DummyValue.code("121041", "DCM", "Specimen Identifier")]),
            .text(.textValue, .ut, "A4711"),
        ])
        let steps = DataElement.sequence(.specimenPreparationStepContentItemSequence, [step])
        let preparation = DataSet([.sequence(.specimenPreparationSequence, [DataSet([steps])])])
        let file = try Journey.file([.sequence(.specimenDescriptionSequence, [preparation])], sopClassUID: slide)

        let dataSet = try Journey.read(Journey.whole(file, [.cleanStructuredContent]).bytes).dataSet

        let items = dataSet.items(.specimenDescriptionSequence).first?.items(.specimenPreparationSequence).first?
            .items(.specimenPreparationStepContentItemSequence)
        #expect(items?.map { $0.string(.textValue) } == ["ANONYMIZED"])
        #expect(items?.first?[.relationshipType] == nil)
    }

    @Test func `goes with its sequence where nothing of it stays`() throws {
        let nested = item(
            "CONTAINER",
            "112233",
            "99X",
            .sequence(
                .contentSequence,
                [
                    item("TEXT", "121022", "DCM", .text(.textValue, .ut, "A4711"))
                ]
            )
        )
        let kept = try content([nested]).items(.contentSequence)

        #expect(kept.count == 1)
        #expect(kept.first?[.contentSequence] == nil)
    }
}

@Suite struct `Encapsulated documents` {
    @Test(arguments: ["application/pdf", "text/xml", "model/stl", "other"])
    func `are replaced by one without content`(mimeType: String) throws {
        let document = ByteBuffer(string: "%PDF Doe " + String(repeating: "Jane", count: 50_000))
        for length in [20, document.readableBytes] {
            let bytes = try #require(document.getSlice(at: 0, length: length))
            let file = try Journey.file([
                .text(.mimeTypeOfEncapsulatedDocument, .lo, mimeType),
                DataElement(tag: .encapsulatedDocument, vr: .ob, value: .bytes(bytes)),
                .unsignedLong(.encapsulatedDocumentLength, UInt32(length)),
                .text(.documentTitle, .st, "Doe's letter"),
            ])
            let (_, written) = try Journey.whole(file)
            let dataSet = try Journey.read(written).dataSet
            let expected = DummyDocument(mimeType: mimeType)

            #expect(dataSet[.encapsulatedDocument] == expected.element)
            #expect(dataSet.integer(.encapsulatedDocumentLength) == Int(expected.length))
            #expect(!String(decoding: written.readableBytesView, as: UTF8.self).contains("Doe"))
        }
    }
}
