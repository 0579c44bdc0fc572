import DICOMCore
import Deidentification
import Testing

private let ctImage = UID(literal: "1.2.840.10008.5.1.4.1.1.2")
private let secondaryCapture = UID(literal: "1.2.840.10008.5.1.4.1.1.7")

private func action(
    _ tag: DICOMCore.Tag,
    _ options: Set<DeidentificationOption> = [],
    in sopClassUID: UID? = ctImage,
    path: [DICOMCore.Tag] = [],
    creator: String? = nil
) throws -> AttributeAction {
    let element = ProfiledElement(
        tag: tag,
        vr: DataElementDictionary.vr(of: tag) ?? .un,
        privateCreator: creator,
        path: path,
        sopClassUID: sopClassUID
    )
    return try DeidentificationProfile(options: options).action(for: element)
}

@Suite struct `A de-identification profile` {
    @Test(arguments: [
        (DICOMCore.Tag.patientName, AttributeAction.empty), (.patientID, .empty), (.patientAddress, .remove),
        (.sopInstanceUID, .mapUID), (.studyDate, .empty), (.studyDescription, .remove), (.rows, .keep),
        (.pixelData, .keep), (.iconImageSequence, .remove), (.operatorsName, .remove),
    ])
    func `does what Table E 1-1 says of a CT image`(tag: DICOMCore.Tag, expected: AttributeAction) throws {
        #expect(try action(tag) == expected)
    }

    @Test(arguments: [
        (DICOMCore.Tag.studyDescription, DeidentificationOption.cleanDescriptors, AttributeAction.clean),
        (.studyDate, .retainLongitudinalFullDates, .keep), (.studyDate, .retainLongitudinalModifiedDates, .clean),
        (.patientAge, .retainPatientCharacteristics, .keep), (.stationName, .retainDeviceIdentity, .keep),
        (.institutionName, .retainInstitutionIdentity, .keep), (.studyInstanceUID, .retainUIDs, .keep),
        (.graphicAnnotationSequence, .cleanGraphics, .clean), (.contentSequence, .cleanStructuredContent, .clean),
    ])
    func `does otherwise where an option says so`(
        tag: DICOMCore.Tag,
        option: DeidentificationOption,
        expected: AttributeAction
    ) throws {
        #expect(try action(tag, [option]) == expected)
    }

    @Test func `refuses dates that are full and modified at once`() {
        #expect(
            throws: ProfileError.contradiction(.retainLongitudinalFullDates, .retainLongitudinalModifiedDates)
        ) {
            try DeidentificationProfile(options: Set(DeidentificationOption.allCases))
        }
    }

    @Test func `keeps what one option keeps and another cleans`() throws {
        // Device Subject and its like: (0018,1004) Plate ID is kept with the device; nothing else speaks of it.
        #expect(try action(.gantryID, [.retainDeviceIdentity, .cleanDescriptors]) == .keep)
        #expect(try action(.allergies, [.retainPatientCharacteristics, .cleanDescriptors]) == .clean)
    }

    @Test func `resolves a compound code by the type of the attribute in the object`() throws {
        // Content Date is of type 2 in General Image, hence Z; and of type 1 in Grayscale Softcopy Presentation State's
        // sibling, the structured report, hence D.
        let report = UID(literal: "1.2.840.10008.5.1.4.1.1.88.22")
        #expect(try action(.contentDate, in: ctImage) == .empty)
        #expect(try action(.contentDate, in: report) == .dummy)
        // Type 3 in General Equipment, 1 in Enhanced General Equipment.
        #expect(try action(.deviceSerialNumber, in: ctImage) == .remove)
        #expect(try action(.deviceSerialNumber, in: UID(literal: "1.2.840.10008.5.1.4.1.1.2.1")) == .dummy)
    }

    @Test func `takes what keeps any object valid where the IOD is unknown`() throws {
        #expect(try action(.deviceSerialNumber, in: nil) == .dummy)
        #expect(try action(.contentDate, in: UID(literal: "1.2.3")) == .dummy)
        #expect(try action(.referencedImageSequence, in: ctImage, path: [.maskSubtractionSequence]) == .mapUID)
    }

    @Test func `removes elements that no dictionary knows`() throws {
        #expect(try action(DICOMCore.Tag(group: 0x0008, element: 0x7777)) == .remove)
        #expect(try action(DICOMCore.Tag(group: 0x0008, element: 0)) == .remove)
    }

    @Test func `removes curves and overlays whatever their group`() throws {
        for group in stride(from: UInt16(0), through: 0x1E, by: 2) {
            #expect(try action(DICOMCore.Tag(group: 0x5000 + group, element: 0x3000)) == .remove)
            #expect(try action(DICOMCore.Tag(group: 0x6000 + group, element: 0x3000)) == .remove)
            #expect(try action(DICOMCore.Tag(group: 0x6000 + group, element: 0x4000), [.cleanGraphics]) == .clean)
        }
    }

    @Test func `removes private elements, but for safe ones if that is asked for`() throws {
        let suvFactor = DICOMCore.Tag(group: 0x7053, element: 0x1200)
        let creator = "Philips PET Private Group"
        #expect(try action(suvFactor, creator: creator) == .remove)
        #expect(try action(suvFactor, [.retainSafePrivate], creator: creator) == .keep)
        #expect(try action(suvFactor, [.retainSafePrivate], creator: "ACME") == .remove)
        #expect(try action(suvFactor, [.retainSafePrivate]) == .remove)
        #expect(
            try action(DICOMCore.Tag(group: 0x7053, element: 0x1203), [.retainSafePrivate], creator: creator) == .remove
        )
    }

    @Test func `treats names, dates and addresses that the table does not list as it treats their like`() throws {
        #expect(try action(.urnCodeValue) == .keep)
        #expect(try action(.retrieveURL) == .remove)
        #expect(try action(.fiducialDescription) == .clean)
        #expect(try action(.sopClassUID) == .keep)
        #expect(try action(.referencedSOPClassUID) == .keep)
        #expect(try action(.tableFrameOfReferenceUID) == .mapUID)
        #expect(try action(.tableFrameOfReferenceUID, [.retainUIDs]) == .keep)
    }

    @Test func `treats content items after their concepts`() throws {
        let observer = ProfiledElement.Concept(code: "121008", scheme: "DCM", valueType: "PNAME")
        let finding = ProfiledElement.Concept(code: "121071", scheme: "DCM", valueType: "TEXT")
        let age = ProfiledElement.Concept(code: "121033", scheme: "DCM", valueType: "NUM")
        let unlisted = ProfiledElement.Concept(code: "G-D705", scheme: "SRT", valueType: "NUM")
        let plain = try DeidentificationProfile(options: [.cleanStructuredContent])
        let more = try DeidentificationProfile(options: [.cleanDescriptors, .retainPatientCharacteristics])

        #expect(plain.action(for: observer) == .dummy)
        #expect(plain.action(for: finding) == .dummy)
        #expect(more.action(for: finding) == .clean)
        #expect(plain.action(for: age) == .remove)
        #expect(more.action(for: age) == .keep)
        #expect(plain.action(for: unlisted) == nil)
    }
}
