import DICOMCoding
import DICOMCore
import Deidentification
import NIOCore
import Testing

@Suite struct `The leak scanner` {
    private static let identifiers = SubjectIdentifiers([
        .init(kind: .patientName, tag: .patientName, text: "Schönefeld^Waltraud=山田^太郎=やまだ^たろう"),
        .init(kind: .patientName, tag: .otherPatientNames, text: "홍^길동"),
        .init(kind: .patientID, tag: .patientID, text: "PAT-00471198"),
        .init(kind: .patientID, tag: .otherPatientIDs, text: "1"),
        .init(kind: .birthDate, tag: .patientBirthDate, text: "19610305"),
        .init(kind: .date, tag: .studyDate, text: "20200115"),
        .init(kind: .date, tag: .seriesDate, text: "20200116"),
        .init(kind: .uid, tag: .studyInstanceUID, text: "1.2.276.0.7230010.3.1.2.4711"),
        .init(kind: .institution, tag: .institutionName, text: "Walpurgaspital Oberhausen"),
    ])
    private static let patterns = LeakPatterns(identifiers)

    private static func file(
        _ elements: [DataElement],
        in transferSyntax: TransferSyntax = .explicitVRLittleEndian
    ) throws -> ByteBuffer {
        var file = try Part10Header.encoded(
            sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.7"),
            sopInstanceUID: UID(literal: "2.25.1"),
            transferSyntax: transferSyntax,
            implementationClassUID: UID(literal: "2.25.2"),
            implementationVersionName: "TEST"
        )
        file.writeImmutableBuffer(try DataSetEncoder.encode(DataSet(elements), in: transferSyntax))
        return file
    }

    private static func leaks(
        _ file: ByteBuffer,
        _ patterns: LeakPatterns = patterns,
        original: SubjectIdentifiers = SubjectIdentifiers(),
        pieceLength: Int = .max
    ) -> [Leak] {
        var scanner = LeakScanner(patterns, original: original)
        var rest = file
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)) {
            scanner.append(piece)
        }
        return scanner.finish()
    }

    private static func leaks(_ elements: [DataElement]) throws -> [Leak] { leaks(try file(elements)) }

    private static func binary(
        _ bytes: [UInt8],
        _ tag: DICOMCore.Tag = DICOMCore.Tag(rawValue: 0x0009_1001),
        _ vr: VR = .ob
    ) -> DataElement {
        DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(bytes: bytes.count % 2 == 0 ? bytes : bytes + [0])))
    }

    /// Bytes that look like noise, always the same ones.
    private static func noise(_ count: Int, seed: UInt32 = 7) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }

    // MARK: What must be found

    @Test(arguments: [
        ("WALTRAUD", IdentifierKind.patientName), ("x Schoenefeld y", .patientName), ("schonefeld", .patientName),
        ("ID00471198", .patientID), ("471198", .patientID), ("pat 00471198", .patientID), ("5.3.1961", .birthDate),
        ("Jan 15, 2020", .date), ("20200115", .date), ("1.2.276.0.7230010.3.1.2.4711", .uid),
        ("1.2.276.0.7230010.3.1.2.4711.3.4", .uid), ("Walpurgaspital", .institution), ("Oberhausen", .institution),
        ("V2FsdHJhdWQgU2Now7ZuZWZlbGQ=", .patientName),
    ]) func `an identifier in text is found`(text: String, kind: IdentifierKind) throws {
        for (tag, vr) in [(DICOMCore.Tag.imageComments, VR.lt), (.seriesDescription, .lo), (.textValue, .ut)] {
            let found = try Self.leaks([
                .text(.specificCharacterSet, .cs, "ISO_IR 192"), .text(tag, vr, text),
            ])
            #expect(found.map(\.path) == Array(repeating: [tag], count: found.count))
            #expect(
                found.contains { leak in
                    if case .identifier(kind, from: _) = leak.finding { true } else { false }
                },
                "\(text) in \(vr)"
            )
        }
    }

    @Test func `an identifier is found in every text VR, nested, private and in File Meta Information`() throws {
        for vr in [VR.ae, .cs, .lo, .sh, .st, .lt, .ut, .uc, .ur, .pn, .un, .tm, .da, .is, .ui] {
            let text = vr == .ui ? "1.2.276.0.7230010.3.1.2.4711" : "WALTRAUD"
            let element = DataElement.text(DICOMCore.Tag(rawValue: 0x0009_1001), vr, text)
            let nested = DataElement.sequence(
                .referencedSeriesSequence,
                [DataSet(), DataSet([.sequence(.referencedImageSequence, [DataSet([element])])])]
            )
            let found = try Self.leaks([nested])
            #expect(
                found.first?.path == [.referencedSeriesSequence, .referencedImageSequence, element.tag],
                "\(vr)"
            )
        }
    }

    @Test func `an identifier in the preamble and the File Meta Information is found`() throws {
        var file = try Self.file([.text(.modality, .cs, "CT")])
        file.setString("xx WALTRAUD", at: 10)
        let inPreamble = Self.leaks(file)
        let meta = DataSet([.uid(.transferSyntaxUID, TransferSyntax.explicitVRLittleEndian.uid)])
        var named = ByteBuffer(repeating: 0, count: 128)
        named.writeString("DICM")
        var elements = meta
        elements.set(.text(.sourceApplicationEntityTitle, .ae, "WALTRAUD"))
        named.writeImmutableBuffer(try DataSetEncoder.encodeGroup(2, of: elements, in: .explicitVRLittleEndian))
        named.writeImmutableBuffer(
            try DataSetEncoder.encode(DataSet([.text(.modality, .cs, "CT")]), in: .explicitVRLittleEndian)
        )

        #expect(inPreamble.first?.path == [])
        #expect(inPreamble.isEmpty == false)
        #expect(Self.leaks(named).first?.path == [.sourceApplicationEntityTitle])
    }

    @Test(arguments: [
        (["ISO_IR 100"], "Schönefeld"), (["ISO_IR 101"], "SCHÖNEFELD"), (["", "ISO 2022 IR 87"], "山田太郎"),
        (["", "ISO 2022 IR 149"], "길동"), (["GB18030"], "山田"), (["ISO_IR 192"], "山田"), (["ISO_IR 13"], "ﾔﾏﾀﾞ"),
    ]) func `text in its declared character set is read`(terms: [String], text: String) throws {
        let set = SpecificCharacterSet(terms: terms)
        let bytes = try #require(set.encode(text))
        let found = try Self.leaks([
            .text(.specificCharacterSet, .cs, terms),
            DataElement(tag: .imageComments, vr: .lt, value: .bytes(bytes)),
        ])

        #expect(found.contains { $0.form == .text })
    }

    @Test(arguments: [
        (["ISO_IR 100"], "Schönefeld"), (["ISO_IR 109"], "SCHÖNEFELD"), (["", "ISO 2022 IR 87"], "山田太郎"),
        (["", "ISO 2022 IR 149"], "길동"), (["GB18030"], "山田^太郎"), (["ISO_IR 192"], "山田太郎"),
        (["ISO_IR 192"], "waltraud"),
    ]) func `bytes in another character set than the declared one are found`(terms: [String], text: String) throws {
        let bytes = try #require(SpecificCharacterSet(terms: terms).encode(text, isPersonName: true))
        let array = [1, 2] + Array(bytes.readableBytesView) + [0, 3]

        let found = try Self.leaks([Self.binary(array)])

        #expect(found.isEmpty == false)
    }

    @Test(arguments: 0..<4) func `UTF-16 and exchanged bytes are found wherever they begin`(shift: Int) throws {
        let text = "Waltraud Schönefeld"
        let little = Array(text.utf16).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let big = Array(text.utf16).flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let plain = Array("xx WALTRAUD 00471198 ".utf8).prefix(20)
        let padded = Array(repeating: UInt8(0x20), count: shift) + plain + Array(repeating: 0x20, count: 4 - shift % 2)
        let even = padded.count % 2 == 0 ? padded : padded + [0x20]
        let swapped = stride(from: 0, to: even.count, by: 2).flatMap { [even[$0 + 1], even[$0]] }

        for (form, bytes) in [(LeakForm.utf16, little), (.utf16, big), (.swapped, swapped)] {
            let around = Self.noise(2_000 + shift)
            let found = try Self.leaks([Self.binary(around + bytes + around)])
            #expect(found.contains { $0.form == form }, "\(form)")
        }
    }

    @Test func `a planted string in pixel data is found, in one piece or in many`() throws {
        var pixels = Self.noise(300_000)
        pixels.replaceSubrange(150_000..<150_010, with: Array(" Waltraud ".utf8))
        let elements: [DataElement] = [
            .unsignedShort(.rows, 500), Self.binary(pixels, .pixelData, .ow),
        ]
        let file = try Self.file(elements)

        for pieceLength in [Int.max, 65_536, 997] {
            let found = Self.leaks(file, pieceLength: pieceLength)
            #expect(found.map(\.path) == [[.pixelData]])
            #expect(found.first?.offset == 150_001)
            #expect(found.first?.form == .plain)
        }
    }

    @Test func `a planted string is found at every cut between two pieces`() throws {
        let file = try Self.file([
            .text(.imageComments, .lt, "by Waltraud"), Self.binary(Self.noise(40) + Array(" 00471198 ".utf8)),
        ])

        for cut in 0...file.readableBytes {
            var scanner = LeakScanner(Self.patterns)
            for range in [0..<cut, cut..<file.readableBytes] {
                if let piece = file.getSlice(at: file.readerIndex + range.lowerBound, length: range.count) {
                    scanner.append(piece)
                }
            }
            #expect(Set(scanner.finish().map(\.path)).count == 2, "cut at \(cut)")
        }
    }

    @Test func `deflated Data Sets and compressed streams inside of values are inflated`() throws {
        // zlib.compress(b"BT (Waltraud Schoenefeld) Tj ET " * 2), and gzip of "x Waltraud y", by Python.
        let zlib: [UInt8] = [
            0x78, 0x9C, 0x73, 0x0A, 0x51, 0xD0, 0x08, 0x4F, 0xCC, 0x29, 0x29, 0x4A, 0x2C, 0x4D, 0x51, 0x08, 0x4E, 0xCE,
            0xC8, 0x4F, 0xCD, 0x4B, 0x4D, 0x4B, 0xCD, 0x49, 0xD1, 0x54, 0x08, 0xC9, 0x52, 0x70, 0x0D, 0x51, 0x70, 0x22,
            0x20, 0x0F, 0x00, 0xB4, 0xC4, 0x15, 0x05,
        ]
        let deflated = try Self.file(
            [.text(.imageComments, .lt, "for Waltraud")],
            in: .deflatedExplicitVRLittleEndian
        )

        let found = try Self.leaks([Self.binary(Array("%PDF-1.4 stream\r\n".utf8) + zlib, .encapsulatedDocument)])
        let long = try Self.leaks([
            Self.binary(Self.noise(1_200_000) + Array("stream\n".utf8) + zlib, .encapsulatedDocument)
        ])

        #expect(found.contains { $0.isInflated })
        #expect(long.contains { $0.isInflated })
        #expect(Self.leaks(deflated).map(\.path) == [[.imageComments]])
        var hiding = try Self.file([.text(.modality, .cs, "CT")], in: .deflatedExplicitVRLittleEndian)
        hiding.writeString(" WALTRAUD 00471198 ")
        #expect(Self.leaks(hiding).isEmpty == false)
    }

    @Test func `base 64 is found wherever it begins in its group`() throws {
        for text in ["CltXYWx0cmF1ZF0=", "W1dhbHRyYXVkXQ==", "V2FsdHJhdWQu"] {
            let found = try Self.leaks([.text(.textValue, .ut, "data:" + text)])
            #expect(found.contains { $0.form == .base64 }, "\(text)")
        }
    }

    // MARK: What must not be found

    @Test func `what may legitimately stand there raises no alarm`() throws {
        let found = try Self.leaks([
            .text(.specificCharacterSet, .cs, "ISO_IR 192"), .text(.modality, .cs, "CT"), .text(.patientSex, .cs, "M"),
            .text(.studyDate, .da, "19000101"), .text(.studyTime, .tm, "101500"), .text(.patientAge, .as, "059Y"),
            .text(.patientName, .pn, "PROJ-6CT072XWVDPA40VBG09K"), .text(.patientID, .lo, "1"),
            .text(.sliceThickness, .ds, "1.25"), .text(.instanceNumber, .is, "1961"),
            .text(.imagePositionPatient, .ds, ["-161.0305", "1961.0305", "47.1198"]),
            .text(.imageComments, .lt, "Year 2020, 1961, walter, schon, 15 January"),
            .uid(.studyInstanceUID, UID(literal: "2.25.338103693497852223253595395034578501806")),
            .sequence(.procedureCodeSequence, [DataSet([.text(.codeMeaning, .lo, "Waltraud sign")])]),
            Self.binary(Self.noise(200_000, seed: 99), .pixelData, .ow),
        ])

        #expect(found == [])
    }

    @Test func `a shifted date may be another of the patient's dates, but not where that stood`() throws {
        let patterns = LeakPatterns(
            Self.identifiers,
            policy: LeakPolicy(dates: .shifted(keepsWeekday: false))
        )
        let file = try Self.file([.text(.studyDate, .da, "20200115")])
        let original = SubjectIdentifiers([.init(kind: .date, tag: .studyDate, text: "20200115")])
        let other = SubjectIdentifiers([.init(kind: .date, tag: .studyDate, text: "20200116")])

        #expect(Self.leaks(file, patterns, original: other) == [])
        #expect(Self.leaks(file, patterns, original: original).count == 1)
        #expect(Self.leaks(file).count == 1)
        #expect(Self.leaks(file, LeakPatterns(Self.identifiers, policy: LeakPolicy(dates: .kept))) == [])
        #expect(Self.leaks(try Self.file([.text(.imageComments, .lt, "20200115")]), patterns).count == 1)
    }

    @Test func `what the profile retains may stay`() throws {
        let patterns = LeakPatterns(Self.identifiers, policy: LeakPolicy(retained: [.institution, .uid]))
        let file = try Self.file([
            .text(.institutionName, .lo, "Walpurgaspital Oberhausen"),
            .uid(.studyInstanceUID, UID(literal: "1.2.276.0.7230010.3.1.2.4711")),
        ])

        #expect(Self.leaks(file, patterns) == [])
        #expect(Self.leaks(file).count == 2)
    }

    @Test func `an object that cannot be read does not leave`() throws {
        let file = try Self.file([.text(.modality, .cs, "CT"), .text(.imageComments, .lt, "fine")])

        for length in [0, 100, file.readableBytes - 3] {
            let found = Self.leaks(file.getSlice(at: 0, length: length) ?? ByteBuffer())
            let isUnreadable = found.contains { if case .unreadable = $0.finding { true } else { false } }
            #expect(isUnreadable, "\(length) bytes")
        }
        #expect(Self.leaks(file) == [])
    }

    @Test func `a leak does not say what was found`() throws {
        let found = try Self.leaks([.text(.imageComments, .lt, "by Waltraud")])

        #expect(found.map(\.description) == ["patient-name of (0010,0010) in (0020,4000) at 3, as text"])
    }
}
