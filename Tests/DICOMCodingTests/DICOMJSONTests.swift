import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Writing DICOM JSON` {
    private func json(_ elements: DataElement...) -> String {
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(DataSet(elements), into: &bytes) { path, bulk in "bulk/\(path)?\(bulk.length)" }
        return String(buffer: bytes)
    }

    @Test func `the forms of PS3.18 F`() {
        #expect(json() == "{}")
        #expect(json(.empty(.patientName, .pn)) == #"{"00100010":{"vr":"PN"}}"#)
        #expect(
            json(
                .text(.patientName, .pn, "Yamada^Tarou=山田^太郎=やまだ^たろう"),
                .text(.specificCharacterSet, .cs, "ISO_IR 192")
            )
                == #"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":["#
                + #"{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]}}"#
        )
        #expect(json(.unsignedShort(.rows, 512)) == #"{"00280010":{"vr":"US","Value":[512]}}"#)
        #expect(json(.tags(.selectorAttribute, [.rows])) == #"{"00720026":{"vr":"AT","Value":["00280010"]}}"#)
        #expect(json(.text(.imageType, .cs, ["A", "", "B"])) == #"{"00080008":{"vr":"CS","Value":["A",null,"B"]}}"#)
        #expect(
            json(.sequence(.referencedStudySequence, [DataSet([.text(.codeValue, .sh, "1")]), DataSet()]))
                == #"{"00081110":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["1"]}},{}]}}"#
        )
        #expect(json(.sequence(.referencedStudySequence, [])) == #"{"00081110":{"vr":"SQ"}}"#)
    }

    @Test func `text of other character sets becomes Unicode`() {
        let latin = DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(bytes: [0x4D, 0xFC])))

        #expect(
            json(.text(.specificCharacterSet, .cs, "ISO_IR 100"), latin)
                == #"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Mü"}]}}"#
        )
    }

    @Test(
        arguments: [
            ("1.5", "1.5"), ("+1.5", "1.5"), (".5", "0.5"), ("-0", "-0"), ("1E3", "1E3"), ("007", "7"),
            ("-.50", "-0.50"), ("5.", "5"), ("+1.E5", "1E5"), ("", ""),
            ("NaN", #""NaN""#), ("1e9999", #""1e9999""#), ("--1", #""--1""#), ("0x1p3", #""0x1p3""#),
        ]
    )
    func `a DS is a number where it is one`(text: String, expected: String) {
        let value = expected.isEmpty ? "" : #","Value":["# + expected + "]"
        #expect(json(.text(.sliceThickness, .ds, text)) == #"{"00180050":{"vr":"DS""# + value + "}}")
    }

    @Test func `a DS with more digits than readers take is the number it means`() {
        let longest = String(repeating: "7", count: 64)
        let longer = "1" + String(repeating: "0", count: 64)

        #expect(json(.text(.sliceThickness, .ds, longest)) == #"{"00180050":{"vr":"DS","Value":[\#(longest)]}}"#)
        #expect(json(.text(.sliceThickness, .ds, longer)) == #"{"00180050":{"vr":"DS","Value":[1e+64]}}"#)
    }

    @Test func `an IS is a number where it is one`() {
        #expect(json(.text(.seriesNumber, .is, ["+7", "1.0"])).contains(#"[7,"1.0"]"#))
    }

    @Test func `bytes are base 64 and bulk is a reference`() {
        let binary = DataElement(tag: .iccProfile, vr: .ob, value: .bytes(ByteBuffer(bytes: [0, 1, 254, 255])))
        let bulk = DataElement(tag: .pixelData, vr: .ow, value: .bulk(BulkValue(offset: 4, length: 9)))

        #expect(json(binary) == #"{"00282000":{"vr":"OB","InlineBinary":"AAH+/w=="}}"#)
        #expect(json(bulk) == #"{"7FE00010":{"vr":"OW","BulkDataURI":"bulk/7FE00010?9"}}"#)
        #expect(
            json(.sequence(.iconImageSequence, [DataSet(), DataSet([bulk])])).contains("bulk/00880200/2/7FE00010?9")
        )
    }

    @Test func `characters that end a string are escaped`() {
        #expect(json(.text(.patientComments, .lt, "a\"\\\r\n\u{1}\u{1B}")).contains(#""a\"\\\r\n\u0001\u001B""#))
    }

    @Test func `numbers that are not finite are strings`() {
        #expect(json(.double(.diffusionBValue, .nan, -.infinity, 0.1)).contains(#"["NaN","-Infinity",0.1]"#))
        #expect(json(.float(.recommendedDisplayFrameRateInFloat, 0.1)).contains("[0.1]"))
    }
}

@Suite struct `Reading DICOM JSON` {
    private func read(_ text: String, limits: DataSetLimits = DataSetLimits()) throws -> [ModelObject] {
        try DICOMJSONReader.dataSets(from: ByteBuffer(string: text), limits: limits)
    }

    private func code(_ text: String) -> DataSetError.Code? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return (error as? DataSetError)?.code
        }
    }

    @Test func `what is written reads back equal`() throws {
        let dataSet = DataSet([
            .text(.specificCharacterSet, .cs, "ISO_IR 192"),
            .text(.imageType, .cs, ["A", "", "B"]),
            .text(.patientName, .pn, ["A^B=山", "C", ""]),
            .text(.sliceThickness, .ds, ["1.5", "2"]),
            .unsignedShort(.rows, 0, 65535),
            .signedLong(.referencePixelX0, -5),
            .double(.diffusionBValue, 0.1, .infinity),
            .tags(.selectorAttribute, [.rows]),
            .empty(.patientID, .lo),
            DataElement(tag: .iccProfile, vr: .ob, value: .bytes(ByteBuffer(bytes: [1, 2, 3, 4, 5]))),
            .sequence(.referencedStudySequence, [DataSet([.text(.codeValue, .sh, "1")]), DataSet()]),
            .sequence(.referencedPatientSequence, []),
        ])
        var bytes = ByteBuffer()
        DICOMJSONWriter.write(dataSet, into: &bytes)

        let objects = try DICOMJSONReader.dataSets(from: bytes)

        #expect(objects.map(\.dataSet) == [dataSet])
    }

    @Test func `members may come in any order`() throws {
        let object = try read(#" [ {"00100020" : {"Value":["A"] , "vr":"LO"}} ] "#)[0]

        #expect(object.dataSet == DataSet([.text(.patientID, .lo, "A")]))
        #expect(try read("[]").isEmpty)
        #expect(try read("[{},{}]").count == 2)
    }

    @Test func `references are told with their place and are not elements`() throws {
        let object = try read(
            #"{"00880200":{"vr":"SQ","Value":[{},{"7FE00010":{"vr":"OB","BulkDataURI":"file:///etc/passwd"}}]}}"#
        )[0]

        let path = BulkPath(steps: [.init(sequence: .iconImageSequence, itemNumber: 2)], tag: .pixelData)
        #expect(object.references == [.init(path: path, vr: .ob, uri: "file:///etc/passwd")])
        #expect(object.dataSet.items(.iconImageSequence) == [DataSet(), DataSet()])
    }

    @Test func `text beyond ASCII says its character set`() throws {
        let object = try read(#"{"00100010":{"vr":"PN","Value":[{"Alphabetic":"M\u00fcller \ud83d\ude00"}]}}"#)[0]

        #expect(object.dataSet.string(.specificCharacterSet) == "ISO_IR 192")
        #expect(object.dataSet.personName(.patientName)?.alphabetic == "Müller 😀")
    }

    @Test(
        arguments: [
            "x", "{]", "[1]", "{\"00100020\":1}", "{\"0010002\":{\"vr\":\"LO\"}}", "{\"00100020\":{}}",
            "{\"00100020\":{\"vr\":\"XX\"}}", "{\"00100020\":{\"vr\":\"LO\"},\"00100020\":{\"vr\":\"LO\"}}",
            "{\"00100020\":{\"vr\":\"LO\",\"vr\":\"LO\"}}", "{\"00280010\":{\"vr\":\"US\",\"Value\":[65536]}}",
            "{\"00280010\":{\"vr\":\"US\",\"Value\":[-1]}}", "{\"00280010\":{\"vr\":\"US\",\"Value\":[01]}}",
            "{\"00282000\":{\"vr\":\"OB\",\"InlineBinary\":\"A\"}}",
            "{\"00282000\":{\"vr\":\"OB\",\"InlineBinary\":\"AB=C\"}}",
            "{\"00282000\":{\"vr\":\"OB\",\"InlineBinary\":\"AB==\"}}",
            "{\"00282000\":{\"vr\":\"OB\",\"InlineBinary\":\"AA A\"}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\u{1}\"]}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\ud800\"]}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\ud800\\u0041\"]}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[{}]}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"a\\\\b\"]}}", "{\"00100020\":{\"vr\":\"LO\",\"Other\":\"x\"}}",
            "{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"a\",\"00100020\":{\"vr\":\"LO\"}}]}}",
            "{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"a\"],}}", "{},{}", "[{},]",
            "{\"00400275\":{\"vr\":\"SQ\",\"Value\":[1]}}",
            "{\"00181151\":{\"vr\":\"IS\",\"Value\":[" + String(repeating: "1", count: 1_000_000) + "]}}",
        ]
    )
    func `what does not follow the model is refused`(text: String) {
        #expect(code(text) == .badJSON)
    }

    @Test func `invalid UTF-8 is refused`() {
        var bytes = ByteBuffer(string: #"{"00100020":{"vr":"LO","Value":[""#)
        bytes.writeBytes([0xC3, 0x28])
        bytes.writeString(#""]}}"#)

        #expect(throws: DataSetError.self) { try DICOMJSONReader.dataSets(from: bytes) }
    }

    @Test func `a text cut at any byte is refused`() throws {
        let text = #"[{"00100020":{"vr":"LO","Value":["\u0041",null]},"00280010":{"vr":"US","Value":[1,2]}}]"#
        #expect(code(text) == nil)

        for length in 0..<text.utf8.count {
            #expect(code(String(text.prefix(length))) != nil)
        }
    }

    @Test func `nesting beyond the limit is refused`() {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"0040A730":{"vr":"SQ","Value":["#, count: depth) + "{}"
                + String(repeating: "]}}", count: depth)
        }

        #expect(code(nested(64)) == nil)
        #expect(code(nested(66)) == .nestedTooDeep)
        #expect(code(nested(100_000)) == .nestedTooDeep)
        #expect(code(String(repeating: "[", count: 100_000)) == .badJSON)
    }

    @Test func `elements are limited`() {
        var limits = DataSetLimits()
        limits.elementCount = 1

        #expect(throws: DataSetError.self) {
            try read(#"{"00100020":{"vr":"LO"},"00100030":{"vr":"DA"}}"#, limits: limits)
        }
    }
}

@Suite struct `Paths to bulk` {
    @Test(arguments: ["7FE00010", "00880200/1/7FE00010", "00880200/12/00880200/3/7FE00010"])
    func `a path has one text`(text: String) throws {
        #expect(try #require(BulkPath(text)).description == text)
    }

    @Test(
        arguments: [
            "", "/", "7FE0001", "7FE000100", "00880200/1", "00880200/0/7FE00010", "00880200/01/7FE00010",
            "00880200/-1/7FE00010", "00880200//7FE00010", "../7FE00010", "00880200/9999999999/7FE00010", "7FE00010/",
            String(repeating: "00880200/1/", count: 65) + "7FE00010",
        ]
    )
    func `anything else is none`(text: String) {
        #expect(BulkPath(text) == nil)
    }
}
