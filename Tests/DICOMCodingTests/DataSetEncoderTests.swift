import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Encoding a Data Set` {
    private let sample = DataSet([
        .text(.specificCharacterSet, .cs, "ISO_IR 192"),
        .text(.patientName, .pn, "Müller^Jörg"),
        .unsignedShort(.rows, 512),
        .double(.diffusionBValue, 1000),
        .tags(.selectorAttribute, [.patientID]),
        .sequence(
            .referencedStudySequence,
            [
                DataSet([.uid(.referencedSOPInstanceUID, UID(literal: "1.2.3"))]),
                DataSet(),
                DataSet([.sequence(.purposeOfReferenceCodeSequence, [DataSet([.text(.codeValue, .sh, "1")])])]),
            ]
        ),
        .sequence(.referencedPatientSequence, []),
    ])

    @Test func `Explicit VR Little Endian`() throws {
        let bytes = try DataSetEncoder.encode(
            DataSet([
                .sequence(.referencedStudySequence, [DataSet([.text(.codeValue, .sh, "1")])]),
                .text(.patientID, .lo, "ABC"),
                .empty(.patientComments, .lt),
                .unsignedShort(.rows, 0x0102),
            ]),
            in: .explicitVRLittleEndian
        )

        #expect(
            Array(bytes.readableBytesView) == [
                8, 0, 0x10, 0x11, 0x53, 0x51, 0, 0, 18, 0, 0, 0,
                0xFE, 0xFF, 0, 0xE0, 10, 0, 0, 0,
                8, 0, 0, 1, 0x53, 0x48, 2, 0, 0x31, 0x20,
                0x10, 0, 0x20, 0, 0x4C, 0x4F, 4, 0, 0x41, 0x42, 0x43, 0x20,
                0x10, 0, 0, 0x40, 0x4C, 0x54, 0, 0,
                0x28, 0, 0x10, 0, 0x55, 0x53, 2, 0, 2, 1,
            ]
        )
    }

    @Test func `undefined lengths end with delimiters`() throws {
        let bytes = try DataSetEncoder.encode(
            DataSet([.sequence(.referencedStudySequence, [DataSet()])]),
            in: .implicitVRLittleEndian,
            sequenceLengths: .undefined
        )

        #expect(
            Array(bytes.readableBytesView) == [
                8, 0, 0x10, 0x11, 0xFF, 0xFF, 0xFF, 0xFF,
                0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF,
                0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0,
                0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
            ]
        )
    }

    @Test(
        arguments: [
            TransferSyntax.implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian,
            .deflatedExplicitVRLittleEndian, TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.90")),
        ],
        [DataSetEncoder.SequenceLengths.defined, .undefined]
    )
    func `what is written reads back equal`(
        transferSyntax: TransferSyntax,
        sequenceLengths: DataSetEncoder.SequenceLengths
    ) throws {
        let bytes = try DataSetEncoder.encode(sample, in: transferSyntax, sequenceLengths: sequenceLengths)

        #expect(try DataSetReader.dataSet(from: bytes, transferSyntax: transferSyntax) == sample)
    }

    @Test func `Group Length is computed, and others are left out`() throws {
        let dataSet = DataSet([
            .unsignedLong(Tag(rawValue: 0), 99), .unsignedShort(.commandField, 0x30),
            .unsignedLong(Tag(rawValue: 0x0010_0000), 99),
        ])

        let command = try DataSetEncoder.encodeGroup(0, of: dataSet, in: .implicitVRLittleEndian)
        let all = try DataSetEncoder.encode(dataSet, in: .implicitVRLittleEndian)

        #expect(
            Array(command.readableBytesView) == [0, 0, 0, 0, 4, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x30, 0]
        )
        #expect(all.readableBytes == 10)
    }

    @Test func `a value too long for its length field becomes UN`() throws {
        let long = DataSet([.text(.patientComments, .lt, String(repeating: "a", count: 65_536))])
        let limit = DataSet([.text(.patientComments, .lt, String(repeating: "a", count: 65_534))])

        let bytes = try DataSetEncoder.encode(long, in: .explicitVRLittleEndian)

        #expect(bytes.getString(at: 4, length: 2) == "UN")
        #expect(try DataSetEncoder.encode(limit, in: .explicitVRLittleEndian).getString(at: 4, length: 2) == "LT")
        #expect(try DataSetReader.dataSet(from: bytes, transferSyntax: .explicitVRLittleEndian) == long)
    }

    @Test func `bulk that is not in memory is refused`() {
        let dataSet = DataSet([
            DataElement(tag: .pixelData, vr: .ob, value: .bulk(BulkValue(offset: 0, length: 2)))
        ])

        let error = #expect(throws: DataSetError.self) {
            try DataSetEncoder.encode(dataSet, in: .explicitVRLittleEndian)
        }

        #expect(error?.code == .notEncodable)
        #expect(error?.path == [.pixelData])
    }
}
