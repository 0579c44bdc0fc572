import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Writing a kept header as JSON` {
    /// What the Data Set's own writer makes of it, and what is made of the kept bytes.
    private func texts(_ dataSet: DataSet) throws -> (plain: String, kept: String, isDirect: Bool) {
        let header = try ArchivedHeader(HeaderArchive.encode(dataSet))
        let uri: DICOMJSONWriter.BulkDataURI = { path, bulk in "u/\(path)/\(bulk.length)" }
        var plain = ByteBuffer()
        var kept = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &plain, bulkDataURI: uri)
        try DICOMJSONWriter.write(header, into: &kept, bulkDataURI: uri)
        let isDirect = HeaderJSONWriter.text(of: header, bulkDataURI: uri) != nil
        return (String(buffer: plain), String(buffer: kept), isDirect)
    }

    private static func raw(_ tag: DICOMCore.Tag, _ vr: VR, _ bytes: [UInt8]) -> DataElement {
        DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(bytes: bytes)))
    }

    @Test func `the values of an element are written as the model says`() throws {
        let texts: [(DataElement, String)] = [
            (.text(.patientID, .lo, "A\"B/C "), #"{"vr":"LO","Value":["A\"B/C"]}"#),
            (.text(.patientID, .lo, ""), #"{"vr":"LO"}"#),
            (.text(.patientID, .lo, "  "), #"{"vr":"LO"}"#),
            (.text(.patientID, .lo, "\\B\\"), #"{"vr":"LO","Value":[null,"B",null]}"#),
            (.text(.patientID, .lt, " a\\b\r\n\u{1}\u{1F} "), #"{"vr":"LT","Value":[" a\\b\r\n\u0001\u001F"]}"#),
            (.text(.patientID, .uc, " a\\ b"), #"{"vr":"UC","Value":[" a"," b"]}"#),
            (
                .text(.patientID, .pn, "A^B=C=D=E\\\\=I"),
                #"{"vr":"PN","Value":[{"Alphabetic":"A^B","Ideographic":"C","Phonetic":"D"},null,{"Ideographic":"I"}]}"#
            ),
            (.text(.patientID, .pn, "= ==E"), #"{"vr":"PN"}"#),
            (.text(.patientID, .pn, "===E\\A"), #"{"vr":"PN","Value":[null,{"Alphabetic":"A"}]}"#),
            (
                .text(.patientID, .is, "1\\-0\\007\\+5\\x\\\\123456789012345678901"),
                #"{"vr":"IS","Value":[1,0,7,5,"x",null,"123456789012345678901"]}"#
            ),
            (
                .text(.patientID, .ds, "1.50\\-0\\.5\\1e3\\1e999\\01\\-2"),
                #"{"vr":"DS","Value":[1.50,-0,0.5,1e3,"1e999",1,-2]}"#
            ),
            (.unsignedShort(.patientID, 0, 65_535), #"{"vr":"US","Value":[0,65535]}"#),
            (.signedShort(.patientID, -32_768, 9), #"{"vr":"SS","Value":[-32768,9]}"#),
            (.signedLong(.patientID, .min), #"{"vr":"SL","Value":[-2147483648]}"#),
            (.unsignedLong(.patientID, .max), #"{"vr":"UL","Value":[4294967295]}"#),
            (.float(.patientID, 0.1, .nan), #"{"vr":"FL","Value":[0.1,"NaN"]}"#),
            (.double(.patientID, -0.25, .infinity), #"{"vr":"FD","Value":[-0.25,"Infinity"]}"#),
            (
                Self.raw(.patientID, .uv, [255, 255, 255, 255, 255, 255, 255, 255]),
                #"{"vr":"UV","Value":["18446744073709551615"]}"#
            ),
            (Self.raw(.patientID, .us, [7]), #"{"vr":"US"}"#),
            (Self.raw(.patientID, .ob, [1, 2]), #"{"vr":"OB","InlineBinary":"AQI="}"#),
            (.tags(.patientID, [.patientName]), #"{"vr":"AT","Value":["00100010"]}"#),
        ]
        for (element, json) in texts {
            let made = try self.texts(DataSet([element]))

            #expect(made.kept == "{\"00100020\":\(json)}")
            #expect(made.plain == made.kept)
            #expect(made.isDirect)
        }
    }

    @Test func `sequences, bulk and character sets come out as from the Data Set`() throws {
        let latin = DataElement.text(.specificCharacterSet, .cs, "ISO_IR 100")
        let name = Self.raw(.patientName, .pn, [0x4D, 0xFC, 0x6C])
        let pixels = DataElement(tag: .pixelData, vr: .ow, value: .bulk(BulkValue(offset: 9, length: 8)))
        let dataSet = DataSet([
            latin, name, Self.raw(DICOMCore.Tag(rawValue: 0x0010_0000), .ul, [4, 0, 0, 0]),
            .sequence(.referencedPatientSequence, []),
            .sequence(
                .referencedStudySequence,
                [
                    DataSet(), DataSet([name, pixels]), DataSet([.text(.specificCharacterSet, .cs, ""), name]),
                    DataSet([.sequence(.purposeOfReferenceCodeSequence, [DataSet([name])])]),
                ]
            ), pixels,
        ])
        let made = try texts(dataSet)

        #expect(made.kept == made.plain)
        #expect(made.isDirect)
        #expect(made.kept.contains(#""00100010":{"vr":"PN","Value":[{"Alphabetic":"Mül"}]}"#))
        #expect(made.kept.contains(#""BulkDataURI":"u/00081110/2/7FE00010/8""#))
    }

    @Test func `text in front of its character set takes the way over the Data Set`() throws {
        let early = Self.raw(DICOMCore.Tag(rawValue: 0x0005_0010), .lo, [0xFC, 0xFC])
        let made = try texts(DataSet([early, .text(.specificCharacterSet, .cs, "ISO_IR 100")]))

        #expect(!made.isDirect)
        #expect(made.kept == made.plain)
    }

    @Test func `a body cut anywhere is refused as its Data Set is`() throws {
        let dataSet = DataSet([
            .text(.patientName, .pn, "A^B"),
            .sequence(.referencedStudySequence, [DataSet([.unsignedShort(.rows, 1)]), DataSet()]),
            DataElement(tag: .pixelData, vr: .ow, value: .bulk(BulkValue(offset: 9, length: 8))),
        ])
        let whole = try ArchivedHeader(HeaderArchive.encode(dataSet)).body
        for length in 0..<whole.count {
            let body = Array(whole[..<length])
            var stored = ByteBuffer(bytes: [1])
            stored.writeInteger(UInt32(length), endianness: .little)
            // A stored block of deflate (RFC 1951 3.2.4).
            stored.writeInteger(1 as UInt8)
            stored.writeInteger(UInt16(length), endianness: .little)
            stored.writeInteger(~UInt16(length), endianness: .little)
            stored.writeBytes(body)
            let header = try ArchivedHeader(stored)

            #expect(HeaderJSONWriter.text(of: header) { _, _ in nil } == nil)
            #expect(throws: DataSetError.self) { try header.dataSet() }
        }
    }
}
