import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@testable import Deidentification

private let ctImage = UID(literal: "1.2.840.10008.5.1.4.1.1.2")

/// An object on its way through the machines, as a caller takes it.
enum Journey {
    static let pseudonyms = pseudonyms(.removed)

    static func pseudonyms(_ dates: DatePolicy) -> Pseudonyms {
        // 32 bytes are a key.
        let key = ProjectKey(bytes: Array(repeating: 7, count: 32)) ?? .random()
        return Pseudonyms(key: key, dates: dates)
    }

    /// Takes out the words of the patient of these tests.
    static let texts = ObjectTexts(
        clean: { $0.replacing("Doe", with: "").replacing("Jane", with: "") },
        scrub: { $0.replacing("Doe", with: "") }
    )

    /// The bytes of a file.
    static func file(
        _ elements: [DataElement],
        sopClassUID: UID = ctImage,
        in transferSyntax: TransferSyntax = .explicitVRLittleEndian
    ) throws -> ByteBuffer {
        var dataSet = DataSet(elements)
        if dataSet[.sopClassUID] == nil { dataSet.set(.uid(.sopClassUID, sopClassUID)) }
        if dataSet[.sopInstanceUID] == nil { dataSet.set(.uid(.sopInstanceUID, UID(literal: "1.2.3.4"))) }
        var bytes = try Part10Header.encoded(
            sopClassUID: sopClassUID,
            sopInstanceUID: UID(literal: "1.2.3.4"),
            transferSyntax: transferSyntax,
            sourceAETitle: AETitle("DOE"),
            implementationClassUID: UID(literal: "1.2.3"),
            implementationVersionName: "DOE_1"
        )
        bytes.writeImmutableBuffer(try DataSetEncoder.encode(dataSet, in: transferSyntax))
        return bytes
    }

    static func survey(_ file: ByteBuffer, pieceLength: Int = .max) throws -> SurveyedObject {
        var survey = ObjectSurvey()
        for piece in pieces(file, pieceLength) { try survey.append(piece) }
        return try survey.finish()
    }

    /// Both passes.
    static func whole(
        _ file: ByteBuffer,
        _ options: Set<DeidentificationOption> = [],
        dates: DatePolicy = .removed,
        pieceLength: Int = .max
    ) throws -> (object: DeidentifiedObject, bytes: ByteBuffer) {
        let surveyed = try survey(file, pieceLength: pieceLength)
        let deidentifier = Deidentifier(profile: try DeidentificationProfile(options: options))
        let object = try deidentifier.transform(surveyed, pseudonyms: pseudonyms(dates), texts: texts)
        var writer = try ObjectWriter(object, of: surveyed)
        var bytes = ByteBuffer()
        for piece in pieces(file, pieceLength) { bytes.writeImmutableBuffer(try writer.write(piece)) }
        bytes.writeImmutableBuffer(try writer.finish())
        return (object, bytes)
    }

    /// The Data Set that is read from a file, bulk included as references.
    static func read(_ file: ByteBuffer) throws -> (part10: Part10Header, dataSet: DataSet) {
        let scanned = try survey(file).scanned
        return (scanned.part10, scanned.dataSet)
    }

    /// What becomes of elements of a CT image.
    static func result(
        _ elements: [DataElement],
        _ options: Set<DeidentificationOption> = [],
        dates: DatePolicy = .removed
    ) throws -> DataSet {
        try read(whole(file(elements), options, dates: dates).bytes).dataSet
    }

    private static func pieces(_ file: ByteBuffer, _ length: Int) -> [ByteBuffer] {
        var file = file
        var pieces: [ByteBuffer] = []
        while file.readableBytes > 0, let piece = file.readSlice(length: min(length, file.readableBytes)) {
            pieces.append(piece)
        }
        return pieces
    }
}

@Suite struct `De-identifying an object` {
    @Test func `gives it a new preamble, File Meta Information and identity`() throws {
        var file = try Journey.file([.uid(.studyInstanceUID, UID(literal: "1.2.9"))])
        file.setRepeatingByte(0x44, count: 128, at: file.readerIndex)

        let (object, bytes) = try Journey.whole(file)
        let (part10, dataSet) = try Journey.read(bytes)

        #expect(part10.preamble == ByteBuffer(repeating: 0, count: 128))
        #expect(part10.fileMetaInformation.sourceAETitle == nil)
        #expect(part10.fileMetaInformation.mediaStorageSOPInstanceUID == object.sopInstanceUID)
        #expect(dataSet.uid(.sopInstanceUID) == Journey.pseudonyms.uid(UID(literal: "1.2.3.4")))
        #expect(dataSet.uid(.studyInstanceUID) == Journey.pseudonyms.uid(UID(literal: "1.2.9")))
        #expect(dataSet.uid(.sopClassUID) == ctImage)
    }

    @Test func `says what was done to it`() throws {
        let dataSet = try Journey.result(
            [.text(.deidentificationMethod, .lo, "Doe's method")],
            [.cleanDescriptors, .retainLongitudinalModifiedDates],
            dates: .shifted(keepsWeekday: false)
        )

        #expect(dataSet.string(.patientIdentityRemoved) == "YES")
        #expect(dataSet.string(.longitudinalTemporalInformationModified) == "MODIFIED")
        #expect(dataSet.strings(for: .deidentificationMethod).allSatisfy { !$0.contains("Doe") })
        let codes = dataSet.items(.deidentificationMethodCodeSequence).compactMap { $0.string(.codeValue) }
        #expect(codes == ["113100", "113105", "113107"])
    }

    @Test func `names the patient by the project's pseudonym`() throws {
        let dataSet = try Journey.result([
            .text(.patientName, .pn, "Doe^Jane"), .text(.patientID, .lo, "4711"), .text(.accessionNumber, .sh, "A1"),
            .text(.patientBirthDate, .da, "19700101"),
        ])

        #expect(dataSet.string(.patientID) == Journey.pseudonyms.patientID("4711"))
        #expect(dataSet.string(.patientName) == dataSet.string(.patientID))
        #expect(dataSet.string(.accessionNumber) == Journey.pseudonyms.accessionNumber("A1"))
        #expect(dataSet[.patientBirthDate]?.bytes?.readableBytes == 0)
    }

    @Test func `goes into sequences`() throws {
        let item = DataSet([
            .uid(.referencedSOPClassUID, ctImage), .uid(.referencedSOPInstanceUID, UID(literal: "1.2.3.5")),
            .text(.patientID, .lo, "4711"), .text(.patientAddress, .lo, "Doe Street"),
        ])
        let outer = DataSet([.sequence(.referencedSeriesSequence, [item, item])])

        let dataSet = try Journey.result([.sequence(.referencedSeriesSequence, [outer])])
        let items = dataSet.items(.referencedSeriesSequence).first?.items(.referencedSeriesSequence) ?? []

        #expect(items.count == 2)
        for item in items {
            #expect(item.uid(.referencedSOPInstanceUID) == Journey.pseudonyms.uid(UID(literal: "1.2.3.5")))
            #expect(item.uid(.referencedSOPClassUID) == ctImage)
            #expect(item[.patientAddress] == nil)
        }
    }

    @Test func `keeps of private elements the safe ones and their creator only`() throws {
        let creator = DICOMCore.Tag(group: 0x7053, element: 0x0011)
        let elements: [DataElement] = [
            .text(creator, .lo, "Philips PET Private Group"),
            .text(DICOMCore.Tag(group: 0x7053, element: 0x1100), .ds, "1.5"),
            .text(DICOMCore.Tag(group: 0x7053, element: 0x1103), .st, "Doe.raw"),
            .text(DICOMCore.Tag(group: 0x0009, element: 0x0010), .lo, "ACME"),
            .text(DICOMCore.Tag(group: 0x0009, element: 0x1001), .lo, "Doe"),
        ]

        #expect(try Journey.result(elements).elements.allSatisfy { !$0.tag.isPrivate })
        let kept = try Journey.result(elements, [.retainSafePrivate]).elements.filter { $0.tag.isPrivate }
        #expect(kept.map(\.tag) == [creator, DICOMCore.Tag(group: 0x7053, element: 0x1100)])
    }

    @Test func `moves dates, keeps them, or takes them out`() throws {
        let elements: [DataElement] = [
            .text(.patientID, .lo, "4711"), .text(.studyDate, .da, "20240229"), .text(.studyTime, .tm, "101500"),
        ]
        let shifted = try Journey.result(
            elements,
            [.retainLongitudinalModifiedDates],
            dates: .shifted(keepsWeekday: false)
        )
        let kept = try Journey.result(elements, [.retainLongitudinalFullDates], dates: .kept)

        #expect(try Journey.result(elements).string(.studyDate) == nil)
        #expect(kept.string(.studyDate) == "20240229")
        #expect(shifted.string(.studyDate).map { $0 < "20240229" } == true)
        #expect(shifted.string(.studyTime) == "101500")
    }

    @Test func `takes out dates that are none, whatever an option keeps`() throws {
        let elements: [DataElement] = [.text(.studyDate, .da, "Doe Jane"), .text(.contentDate, .da, "20240229Doe")]
        for options: Set<DeidentificationOption> in [
            [.retainLongitudinalFullDates], [.retainLongitudinalModifiedDates],
        ] {
            let dataSet = try Journey.result(elements, options, dates: .kept)
            #expect(dataSet.string(.studyDate) == nil)
            #expect(dataSet.string(.contentDate) == nil)
        }
    }

    @Test func `takes identifiers out of texts that stay and cleans those that an option cleans`() throws {
        let elements: [DataElement] = [
            .text(.studyDescription, .lo, "Thorax Doe, Jane"), .text(.manufacturer, .lo, "Doe Inc"),
            .text(.rescaleType, .lo, "HU"), .text(.bodyPartExamined, .cs, "CHEST"),
        ]
        let cleaned = try Journey.result(elements, [.cleanDescriptors])

        #expect(cleaned.string(.studyDescription) == "Thorax ,")
        #expect(cleaned.string(.manufacturer) == "Inc")
        #expect(cleaned.string(.rescaleType) == "HU")
        #expect(cleaned.string(.bodyPartExamined) == "CHEST")
        #expect(try Journey.result(elements)[.studyDescription] == nil)
    }

    @Test func `leaves nothing that does not follow its Value Representation`() throws {
        let hidden = ByteBuffer(string: "HU\0Doe was here!")
        let dataSet = try Journey.result([
            .text(.sliceThickness, .ds, "Doe"), .text(.instanceNumber, .is, "Doe"),
            DataElement(tag: .rescaleType, vr: .lo, value: .bytes(hidden)),
            DataElement(tag: .convolutionKernel, vr: .sh, value: .bytes(ByteBuffer(bytes: [0x44, 0xE4]))),
            .text(.tableFrameOfReferenceUID, .ui, "Doe.1"),
        ])

        #expect(dataSet.string(.sliceThickness) == nil)
        #expect(dataSet.string(.instanceNumber) == nil)
        #expect(dataSet.string(.rescaleType) == "HU")
        // Bytes beyond ASCII without a character set are no text.
        #expect(dataSet.string(.convolutionKernel) == "ANONYMIZED")
        #expect(dataSet.uid(.tableFrameOfReferenceUID)?.string.hasPrefix("2.25.") == true)
    }

    @Test func `cleans descriptions of devices, and leaves addresses that are retained`() throws {
        let elements: [DataElement] = [
            .text(.longDeviceDescription, .st, "Jane has it"), .text(.institutionAddress, .st, "Jane Street 5"),
        ]
        let dataSet = try Journey.result(
            elements,
            [.retainDeviceIdentity, .retainInstitutionIdentity, .cleanDescriptors]
        )

        #expect(dataSet.string(.longDeviceDescription) == " has it")
        #expect(dataSet.string(.institutionAddress) == "Jane Street 5")
    }

    @Test func `leaves what an IOD requires as a dummy, and elsewhere nothing of it`() throws {
        let elements: [DataElement] = [
            .text(.presentationCreationDate, .da, "20200115"), .text(.presentationCreationTime, .tm, "101112"),
        ]
        let presentationState = UID(literal: "1.2.840.10008.5.1.4.1.1.11.1")
        let file = try Journey.file(elements, sopClassUID: presentationState)

        let state = try Journey.read(Journey.whole(file).bytes).dataSet
        let image = try Journey.result(elements)

        #expect(state.string(.presentationCreationDate) == "19000101")
        #expect(state.string(.presentationCreationTime) == "000000")
        #expect(image[.presentationCreationDate] == nil && image[.presentationCreationTime] == nil)
    }

    @Test func `keeps references that must not be missing, to their new names`() throws {
        let source = DataSet([.uid(.referencedSOPClassUID, ctImage), .text(.referencedSOPInstanceUID, .ui, "1.2.3.9")])
        let derivation = DataSet([.sequence(.sourceImageSequence, [source])])
        let group = DataSet([.sequence(.derivationImageSequence, [derivation])])
        let segmentation = UID(literal: "1.2.840.10008.5.1.4.1.1.66.4")
        let file = try Journey.file([.sequence(.perFrameFunctionalGroupsSequence, [group])], sopClassUID: segmentation)

        let dataSet = try Journey.read(Journey.whole(file).bytes).dataSet

        let references = dataSet.items(.perFrameFunctionalGroupsSequence).first?.items(.derivationImageSequence).first?
            .items(.sourceImageSequence)
        #expect(references?.map { $0.uid(.referencedSOPInstanceUID) } == [Journey.pseudonyms.uid(of: "1.2.3.9")])
    }

    @Test func `caps ages above 89`() throws {
        let options: Set<DeidentificationOption> = [.retainPatientCharacteristics]
        #expect(try Journey.result([.text(.patientAge, .as, "093Y")], options).string(.patientAge) == "090Y")
        #expect(try Journey.result([.text(.patientAge, .as, "089Y")], options).string(.patientAge) == "089Y")
        #expect(try Journey.result([.text(.patientAge, .as, "Doe")], options).string(.patientAge) == nil)
    }

    @Test func `writes text in the character set of the object`() throws {
        let latin = ByteBuffer(bytes: Array("M".utf8) + [0xFC] + Array("ller Doe".utf8))
        let dataSet = try Journey.result(
            [
                .text(.specificCharacterSet, .cs, "ISO_IR 100"),
                DataElement(tag: .studyDescription, vr: .lo, value: .bytes(latin)),
            ],
            [.cleanDescriptors]
        )

        #expect(dataSet.string(.specificCharacterSet) == "ISO_IR 100")
        #expect(dataSet.string(.studyDescription) == "Müller")
    }

    @Test func `takes overlays and curves away as a whole`() throws {
        let dataSet = try Journey.result(
            [
                .unsignedShort(DICOMCore.Tag(group: 0x6000, element: 0x0010), 2),
                .text(DICOMCore.Tag(group: 0x6000, element: 0x0022), .lo, "Doe"),
                DataElement(
                    tag: DICOMCore.Tag(group: 0x6002, element: 0x3000),
                    vr: .ow,
                    value: .bytes(ByteBuffer(bytes: [1, 2]))
                ),
                .text(DICOMCore.Tag(group: 0x5000, element: 0x0030), .sh, "Doe"),
            ],
            [.cleanGraphics]
        )

        #expect(dataSet.elements.allSatisfy { $0.tag.group < 0x5000 })
    }
}

@Suite struct `Writing a de-identified object` {
    private func image(
        _ elements: [DataElement] = [],
        count: Int,
        in transferSyntax: TransferSyntax
    ) throws -> ByteBuffer {
        let pixels = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0) })
        return try Journey.file(
            elements + [DataElement(tag: .pixelData, vr: .ow, value: .bytes(pixels))],
            in: transferSyntax
        )
    }

    private func pixels(_ file: ByteBuffer) throws -> [UInt8] {
        let (part10, dataSet) = try Journey.read(file)
        guard case .bulk(let bulk) = dataSet[.pixelData]?.value else { return [] }
        let start = file.readerIndex + Int(part10.dataSetOffset + bulk.offset)
        return file.getBytes(at: start, length: Int(bulk.length)) ?? []
    }

    @Test(arguments: [
        TransferSyntax.implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian,
        .deflatedExplicitVRLittleEndian,
    ])
    func `keeps native pixels whatever they came in`(transferSyntax: TransferSyntax) throws {
        let file = try image([.text(.patientName, .pn, "Doe^Jane")], count: 1000, in: transferSyntax)

        let (object, bytes) = try Journey.whole(file)

        #expect(object.transferSyntax == .explicitVRLittleEndian)
        #expect(try pixels(bytes) == (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func `is the same whatever pieces the bytes come in`() throws {
        let lut = DataElement(tag: .lutData, vr: .ow, value: .bytes(ByteBuffer(repeating: 3, count: 70_000)))
        let item = DataSet([lut])
        let file = try image([.sequence(.modalityLUTSequence, [item, item])], count: 301, in: .explicitVRLittleEndian)
        let (_, whole) = try Journey.whole(file)

        for length in [1, 7, 1_000] {
            #expect(try Journey.whole(file, pieceLength: length).bytes == whole)
        }
        #expect(whole.readableBytes > 140_000)
    }

    @Test func `keeps fragments as they are`() throws {
        var file = try Journey.file([], in: TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50")))
        file.writeBytes([0xE0, 0x7F, 0x10, 0, 0x4F, 0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
        let fragments: [UInt8] = [
            0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0, 0xE0, 4, 0, 0, 0, 0xFF, 0xD8, 0xFF, 0xD9,
            0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
        ]
        file.writeBytes(fragments)
        file.writeRepeatingByte(0, count: 32)

        let (object, bytes) = try Journey.whole(file)

        #expect(object.transferSyntax.uid.string == "1.2.840.10008.1.2.4.50")
        #expect(bytes.getBytes(at: bytes.writerIndex - fragments.count, length: fragments.count) == fragments)
    }

    @Test func `refuses an object with bytes behind it that are no elements`() throws {
        var file = try image([.text(.patientName, .pn, "Doe^Jane")], count: 64, in: .explicitVRLittleEndian)
        file.writeString("Doe behind the end")

        #expect(throws: DeidentificationError.self) { try Journey.whole(file) }
    }

    @Test func `ends with an error where the object was cut, and never writes what was not decided`() throws {
        let file = try image([.text(.patientName, .pn, "Doe^Jane")], count: 64, in: .explicitVRLittleEndian)
        for length in 0..<file.readableBytes {
            var cut = file
            guard let piece = cut.readSlice(length: length) else { break }
            guard let written = try? Journey.whole(piece).bytes else { continue }
            #expect(!String(decoding: written.readableBytesView, as: UTF8.self).contains("Doe"))
        }
    }

    @Test func `leaves out what stands behind the last element and in its padding`() throws {
        var file = try image(count: 10, in: .explicitVRLittleEndian)
        file.writeBytes([0xFC, 0xFF, 0xFC, 0xFF, 0x4F, 0x42, 0, 0, 4, 0, 0, 0])
        file.writeString("Doe ")

        let (_, bytes) = try Journey.whole(file)

        #expect(!String(decoding: bytes.readableBytesView, as: UTF8.self).contains("Doe"))
    }
}

@Suite struct `Objects that do not leave` {
    private func error(_ elements: [DataElement], sopClassUID: UID = ctImage) -> DeidentificationError? {
        #expect(throws: DeidentificationError.self) {
            _ = try Journey.whole(Journey.file(elements, sopClassUID: sopClassUID))
        }
    }

    @Test func `say so when text is burned in and nobody cleans it`() throws {
        let elements: [DataElement] = [.text(.burnedInAnnotation, .cs, "YES")]
        #expect(error(elements) == .burnedInAnnotation)
        #expect(throws: Never.self) { _ = try Journey.whole(Journey.file(elements), [.cleanPixelData]) }
    }

    @Test func `say so when they are directories, voices, or without identity`() {
        #expect(error([], sopClassUID: UID(literal: "1.2.840.10008.1.3.10")) == .directory)
        #expect(error([], sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.9.4.1")) == .voice)
        #expect(error([.text(.sopInstanceUID, .ui, "Doe")]) == .missingIdentity(.sopInstanceUID))
    }

    @Test func `say so when they are no DICOM`() {
        #expect(throws: DeidentificationError.self) { _ = try Journey.survey(ByteBuffer(string: "Doe")) }
        #expect(throws: DeidentificationError.self) { _ = try Journey.survey(ByteBuffer()) }
    }
}

@Suite struct `Identifiers that may stay` {
    private let identifiers = SubjectIdentifiers([
        .init(kind: .personName, tag: .referringPhysicianName, text: "Smith"),
        .init(kind: .personName, tag: .operatorsName, text: "ANONYMIZED"),
        .init(kind: .date, tag: .dateOfLastCalibration, text: "20200101"),
        .init(kind: .station, tag: .stationName, text: "CT-7"),
    ])

    @Test func `are dummies and what the profile keeps`() throws {
        let basic = try DeidentificationProfile()
        let device = try DeidentificationProfile(options: [.retainDeviceIdentity])

        #expect(identifiers.unwanted(by: basic).identifiers.map(\.text) == ["Smith", "20200101", "CT-7"])
        #expect(identifiers.unwanted(by: device).identifiers.map(\.text) == ["Smith"])
    }

    @Test func `are no UIDs of devices in reports where devices are retained, but all others`() throws {
        func item(_ code: String, _ uid: String) -> DataSet {
            DataSet([
                .text(.valueType, .cs, "UIDREF"),
                .sequence(.conceptNameCodeSequence, [DummyValue.code(code, "DCM", "Name")]), .text(.uid, .ui, uid),
            ])
        }
        // Device Observer UID, Series Instance UID, and one whose code nobody listed.
        let items = [item("121012", "1.2.3.1"), item("112002", "1.2.3.2"), item("999999", "1.2.3.3")]
        let found = SubjectIdentifiers(collecting: DataSet([.sequence(.contentSequence, items)]))
        let basic = try DeidentificationProfile(options: [.cleanStructuredContent])
        let device = try DeidentificationProfile(options: [.cleanStructuredContent, .retainDeviceIdentity])

        #expect(found.unwanted(by: basic).values(.uid) == ["1.2.3.1", "1.2.3.2", "1.2.3.3"])
        #expect(found.unwanted(by: device).values(.uid) == ["1.2.3.2", "1.2.3.3"])
    }

    @Test func `are names in an item whose own value is another`() throws {
        let item = DataSet([
            .text(.valueType, .cs, "TEXT"),
            .sequence(.conceptNameCodeSequence, [DummyValue.code("121013", "DCM", "Device Observer Name")]),
            .text(.textValue, .ut, "CT 7"), .text(.personName, .pn, "Okonkwo^Ada"),
        ])
        let options: Set<DeidentificationOption> = [.cleanStructuredContent, .retainDeviceIdentity]
        let header = DataSet([.sequence(.contentSequence, [item])])
        let unwanted = SubjectIdentifiers(collecting: header).unwanted(
            by: try DeidentificationProfile(options: options)
        )
        let report = UID(literal: "1.2.840.10008.5.1.4.1.1.88.22")
        let file = try Journey.file(header.elements, sopClassUID: report)
        let content = try Journey.read(Journey.whole(file, options).bytes).dataSet.items(.contentSequence)

        #expect(unwanted.values(.personName) == ["Okonkwo^Ada"])
        #expect(content.first?.string(.textValue) == "CT 7")
        #expect(content.first?.string(.personName) != "Okonkwo^Ada")
    }

    @Test func `are no dates where dates move, even those of a device`() throws {
        let options: Set<DeidentificationOption> = [.retainDeviceIdentity, .retainLongitudinalModifiedDates]
        let profile = try DeidentificationProfile(options: options)

        #expect(identifiers.unwanted(by: profile).identifiers.map(\.text) == ["Smith", "20200101"])
        let element = ProfiledElement(tag: .dateOfLastCalibration, vr: .da, sopClassUID: nil)
        #expect(profile.action(for: element) == .clean)
    }
}
