import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Keeping a header` {
    private let header = DataSet([
        .text(.patientName, .pn, "A^B"),
        DataElement(tag: .patientID, vr: .lo, value: .bytes(ByteBuffer(bytes: [1, 2, 3]))),
        DataElement(tag: Tag(rawValue: 0x0009_1001), vr: .un, value: .bytes(ByteBuffer())),
        .sequence(
            .referencedStudySequence,
            [DataSet(), DataSet([.sequence(.purposeOfReferenceCodeSequence, [DataSet()]), .unsignedShort(.rows, 1)])]
        ),
        .sequence(.referencedPatientSequence, []),
        DataElement(
            tag: .pixelData,
            vr: .ob,
            value: .bulk(BulkValue(offset: 1 << 40, length: 77, isEncapsulated: true))
        ),
    ])

    @Test func `a header reads back equal`() throws {
        #expect(try HeaderArchive.decode(HeaderArchive.encode(header)) == header)
        #expect(try HeaderArchive.decode(HeaderArchive.encode(DataSet())) == DataSet())
    }

    @Test func `the golden bytes of version 1 are read`() throws {
        // One element: (0010,0020) LO "AB", in a stored block of deflate.
        let body: [UInt8] = [1, 0, 0, 0, 0x20, 0, 0x10, 0, 0x4C, 0x4F, 0, 2, 0, 0, 0, 0x41, 0x42]
        let bytes: [UInt8] = [1, 17, 0, 0, 0, 1, 17, 0, 0xEE, 0xFF] + body

        #expect(try HeaderArchive.decode(ByteBuffer(bytes: bytes)) == DataSet([.text(.patientID, .lo, "AB")]))
    }

    @Test func `damage of any byte is refused or read, and never traps`() throws {
        let bytes = try HeaderArchive.encode(header)

        for length in 0..<bytes.readableBytes {
            let cut = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: DataSetError.self) { try HeaderArchive.decode(cut) }
        }
        for position in 0..<bytes.readableBytes {
            var damaged = bytes
            damaged.setInteger(0xFF as UInt8, at: position)
            _ = try? HeaderArchive.decode(damaged)
        }
    }

    @Test func `counts in the body are not believed`() throws {
        let bodies: [[UInt8]] = [
            [0xFF, 0xFF, 0xFF, 0xFF],
            [1, 0, 0, 0, 0x10, 0x11, 8, 0, 0x53, 0x51, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
            [1, 0, 0, 0, 0x20, 0, 0x10, 0, 0x4C, 0x4F, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0, 0, 0, 0],
        ]
        for body in bodies {
            var parser = HeaderBodyParser(body: ByteBuffer(bytes: body), limits: DataSetLimits())
            #expect(throws: DataSetError.self) { try parser.dataSet() }
        }
    }

    @Test func `nesting beyond the limit is refused`() throws {
        var dataSet = DataSet()
        let limits = DataSetLimits()
        for _ in 0..<64 { dataSet = DataSet([.sequence(.contentSequence, [dataSet])]) }

        #expect(try HeaderArchive.decode(HeaderArchive.encode(dataSet), limits: limits) == dataSet)
        dataSet = DataSet([.sequence(.contentSequence, [dataSet])])
        let bytes = try HeaderArchive.encode(dataSet)
        let error = #expect(throws: DataSetError.self) { try HeaderArchive.decode(bytes, limits: limits) }
        #expect(error?.code == .nestedTooDeep)
        #expect(try HeaderArchive.decode(bytes) == dataSet, "what was stored is read, whatever the limits are now")
    }
}
