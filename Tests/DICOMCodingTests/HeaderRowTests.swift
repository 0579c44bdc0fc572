import DICOMCoding
import DICOMCore
import Foundation
import NIOCore
import Testing

@Suite struct `Headers as rows of a table` {
    private func element(_ keyword: String, _ vr: VR, _ text: String) throws -> DataElement {
        let tag = try #require(DataElementDictionary.tag(forKeyword: keyword))
        return DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(string: text)))
    }

    private func members(_ dataSet: DataSet, includesSequences: Bool = true) throws -> [String: Any] {
        let row = HeaderRow.json(of: dataSet, members: [("path", "a/\"b\".dcm")], includesSequences: includesSequences)
        let text = String(buffer: row)
        #expect(text.hasSuffix("}\n") && text.dropLast().allSatisfy { !$0.isNewline })
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func `types follow from the dictionary, and what is no number is null`() throws {
        let rows = DataElement(tag: .rows, vr: .us, value: .bytes(ByteBuffer(bytes: [0, 2])))
        let members = try members(
            DataSet([
                try element("ImageType", .cs, "DERIVED"), try element("SliceThickness", .ds, " +1.50"),
                try element("InstanceNumber", .is, "x"), try element("StudyDescription", .lo, "a \"b\"\\c"), rows,
                try element("PixelSpacing", .ds, ".5\\-0.25"),
            ])
        )

        #expect(members["path"] as? String == "a/\"b\".dcm")
        #expect(members["ImageType"] as? [String] == ["DERIVED"])
        #expect(members["SliceThickness"] as? Double == 1.5)
        #expect(members["InstanceNumber"] is NSNull)
        // Several values where one may be: the text is whole.
        #expect(members["StudyDescription"] as? String == "a \"b\"\\c")
        #expect(members["Rows"] as? Int == 512)
        #expect(members["PixelSpacing"] as? [Double] == [0.5, -0.25])
    }

    @Test func `sequences are lists of objects; bytes, private elements and what is in them are left out`() throws {
        let inner = DataSet([try element("CodeValue", .sh, "T-D1100")])
        let sequence = try #require(DataElementDictionary.tag(forKeyword: "AnatomicRegionSequence"))
        let dataSet = DataSet([
            DataElement(tag: Tag(group: 0x0009, element: 0x0010), vr: .lo, value: .bytes(ByteBuffer(string: "ACME"))),
            DataElement(tag: Tag(group: 0x0009, element: 0x1001), vr: .sq, value: .items([inner, DataSet()])),
            DataElement(tag: sequence, vr: .sq, value: .items([inner, DataSet(), inner])),
            DataElement(tag: .pixelData, vr: .ow, value: .bytes(ByteBuffer(bytes: [1, 2]))),
        ])

        let members = try members(dataSet)

        #expect(Set(members.keys) == ["path", "AnatomicRegionSequence"])
        let items = try #require(members["AnatomicRegionSequence"] as? [[String: String]])
        #expect(items == [["CodeValue": "T-D1100"], [:], ["CodeValue": "T-D1100"]])
        #expect(Set(try self.members(dataSet, includesSequences: false).keys) == ["path"])
    }

    @Test func `text is read with its character set`() throws {
        let characterSet = try element("SpecificCharacterSet", .cs, "ISO_IR 100")
        let name = DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(bytes: [0x4D, 0xFC, 0x72])))
        let dataSet = DataSet([characterSet, name])

        #expect(try members(dataSet)["PatientName"] as? String == "Mür")
        #expect(HeaderRow.cell(.patientName, of: dataSet) == "Mür")
        #expect(HeaderRow.cell(.rows, of: dataSet).isEmpty)
    }
}
