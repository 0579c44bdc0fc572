import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Writing the Native DICOM Model` {
    private func body(_ elements: DataElement...) -> String {
        let text = String(
            buffer: ModelWriter.text(of: DataSet(elements), as: .xml) { path, bulk in "bulk/\(path)?a&b" }
        )
        let opening =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" xml:space=\"preserve\">\n"
        #expect(text.hasPrefix(opening) && text.hasSuffix("</NativeDicomModel>\n"))
        return String(text.dropFirst(opening.count).dropLast("</NativeDicomModel>\n".count).filter { $0 != "\n" })
    }

    @Test func `the forms of PS3.19 A.1`() {
        #expect(body() == "")
        #expect(
            body(.empty(.patientName, .pn))
                == "<DicomAttribute tag=\"00100010\" vr=\"PN\" keyword=\"PatientName\"></DicomAttribute>"
        )
        #expect(
            body(.text(.imageType, .cs, ["A", "", "B"]))
                == "<DicomAttribute tag=\"00080008\" vr=\"CS\" keyword=\"ImageType\"><Value number=\"1\">A</Value>"
                + "<Value number=\"2\"></Value><Value number=\"3\">B</Value></DicomAttribute>"
        )
        #expect(
            body(.text(.specificCharacterSet, .cs, "ISO_IR 192"), .text(.patientName, .pn, "A^B^^Dr=山^太"))
                .hasSuffix(
                    "<PersonName number=\"1\"><Alphabetic><FamilyName>A</FamilyName><GivenName>B</GivenName>"
                        + "<NamePrefix>Dr</NamePrefix></Alphabetic><Ideographic><FamilyName>山</FamilyName>"
                        + "<GivenName>太</GivenName></Ideographic></PersonName></DicomAttribute>"
                )
        )
        #expect(body(.tags(.selectorAttribute, [.rows])).contains("<Value number=\"1\">00280010</Value>"))
        #expect(body(.double(.diffusionBValue, 0.1, .nan, -.infinity)).contains(">0.1<"))
        #expect(
            body(.double(.diffusionBValue, 0.1, .nan, -.infinity)).contains(">NaN</Value><Value number=\"3\">-INF<")
        )
    }

    @Test func `items have numbers, also empty ones`() {
        #expect(
            body(.sequence(.referencedStudySequence, [DataSet([.unsignedShort(.rows, 1)]), DataSet()]))
                .contains("</DicomAttribute></Item><Item number=\"2\"></Item></DicomAttribute>")
        )
    }

    @Test func `bytes are base 64 and bulk is a reference`() {
        let binary = DataElement(tag: .iccProfile, vr: .ob, value: .bytes(ByteBuffer(bytes: [0, 1, 254, 255])))
        let bulk = DataElement(tag: .pixelData, vr: .ow, value: .bulk(BulkValue(offset: 4, length: 9)))

        #expect(body(binary).contains("<InlineBinary>AAH+/w==</InlineBinary>"))
        #expect(body(bulk).contains("<BulkData uri=\"bulk/7FE00010?a&amp;b\"/>"))
    }

    @Test func `private elements are named by their creator`() {
        let creator = DataElement.text(Tag(rawValue: 0x0009_0011), .lo, "<ACME>")
        let element = DataElement.text(Tag(rawValue: 0x0009_1102), .sh, "x")

        let text = body(creator, element)

        #expect(text.contains("<DicomAttribute tag=\"00090011\" vr=\"LO\">"))
        #expect(text.contains("<DicomAttribute tag=\"00090002\" vr=\"SH\" privateCreator=\"&lt;ACME&gt;\">"))
        #expect(body(element).contains("tag=\"00091102\" vr=\"SH\">"))
    }

    @Test func `characters that end something are escaped, and those that XML lacks are kept in base 64`() {
        #expect(body(.text(.patientComments, .lt, "a<&>\"\r\n\tb")).contains(">a&lt;&amp;&gt;&quot;&#13;&#10;&#9;b<"))
        #expect(body(.text(.patientID, .lo, "A\u{1}")).contains("<InlineBinary>QQE=</InlineBinary>"))
    }

    @Test func `a name keeps its empty components at the end`() throws {
        for name in ["A^^", "^^^^", "A^B^C^D^E^F", "=山", "A=B=C"] {
            let dataSet = DataSet([
                .text(.specificCharacterSet, .cs, "ISO_IR 192"), .text(.patientName, .pn, name),
            ])
            let text = ModelWriter.text(of: dataSet, as: .xml)

            #expect(try NativeXMLReader.object(from: text).dataSet == dataSet)
        }
    }
}

@Suite struct `Reading the Native DICOM Model` {
    private func read(_ text: String, limits: DataSetLimits = DataSetLimits()) throws(DataSetError) -> ModelObject {
        try NativeXMLReader.object(from: ByteBuffer(string: text), limits: limits)
    }

    private func code(_ text: String) -> DataSetError.Code? {
        do throws(DataSetError) {
            _ = try read(text)
            return nil
        } catch {
            return error.code
        }
    }

    private func attribute(_ body: String, tag: String = "00100020", vr: String = "LO") -> String {
        "<NativeDicomModel><DicomAttribute tag=\"\(tag)\" vr=\"\(vr)\">\(body)</DicomAttribute></NativeDicomModel>"
    }

    @Test func `an empty CDATA section is no text`() throws {
        let empty = "<![CDATA[]]>"
        let name = "<PersonName number=\"1\"><Alphabetic><FamilyName>\(empty)</FamilyName></Alphabetic></PersonName>"

        #expect(try read(attribute(name, tag: "00100010", vr: "PN")).dataSet.string(.patientName) == nil)
        #expect(try read(attribute("<Value number=\"1\">\(empty)</Value>")).dataSet.strings(for: .patientID).count < 2)
        #expect(try read(attribute("<Value number=\"1\">\(empty)A</Value>")).dataSet.string(.patientID) == "A")
    }

    @Test func `what is written reads back equal`() throws {
        let dataSet = DataSet([
            .text(.specificCharacterSet, .cs, "ISO_IR 192"),
            .text(.imageType, .cs, ["A", "", "B", ""]),
            .text(Tag(rawValue: 0x0009_0010), .lo, "ACME"),
            .text(Tag(rawValue: 0x0009_0011), .lo, "ACME"),
            .text(Tag(rawValue: 0x0009_0020), .lo, "OTHER"),
            .text(Tag(rawValue: 0x0009_1001), .sh, "1"),
            .text(Tag(rawValue: 0x0009_1101), .sh, "2"),
            .text(Tag(rawValue: 0x0009_2001), .sh, "3"),
            .text(Tag(rawValue: 0x0009_2101), .sh, "4"),
            .text(.patientName, .pn, ["A^B=山", "C", ""]),
            .text(.sliceThickness, .ds, ["1.50", "2"]),
            .text(.patientComments, .lt, " <a>\r\n\t]]> \\ b"),
            .text(.patientID, .lo, "a\u{7}\u{1B}b"),
            .unsignedShort(.rows, 0, 65535),
            .signedLong(.referencePixelX0, -5),
            .double(.diffusionBValue, 0.1, .infinity, -0.0),
            .float(.recommendedDisplayFrameRateInFloat, .nan, 0.1),
            .tags(.selectorAttribute, [.rows]),
            .empty(.studyID, .sh),
            DataElement(tag: .iccProfile, vr: .ob, value: .bytes(ByteBuffer(bytes: [1, 2, 3, 4, 5]))),
            .sequence(.referencedStudySequence, [DataSet([.text(.codeMeaning, .lo, "ä")]), DataSet()]),
            .sequence(.referencedPatientSequence, []),
        ])

        let object = try NativeXMLReader.object(from: ModelWriter.text(of: dataSet, as: .xml))

        #expect(object.dataSet == dataSet)
        #expect(object.references.isEmpty)
    }

    @Test func `what XML allows and the model can be written with is read`() throws {
        let text = """
            \u{FEFF}<?xml version='1.0' encoding='utf-8' standalone="yes" ?>
            <!-- made <by> hand --><?style none?>
            <n:NativeDicomModel xmlns:n="http://dicom.nema.org/PS3.19/models/NativeDICOM" >
              <n:DicomAttribute vr='LO' tag="0010&#x30;020" keyword="PatientID" other="x"
                ><n:Value number="1">A<!-- - -->&#66;<![CDATA[<&]]>&apos;</n:Value ></n:DicomAttribute>
              <n:DicomAttribute tag="00280010" vr="US"><n:Value number="2">2</n:Value></n:DicomAttribute>
            </n:NativeDicomModel>
            """
        #expect(code(text) == .badXML, "a number has no empty value in front of it")

        let object = try read(String(text.split(separator: "\"2\"").joined(separator: "\"1\"")))

        #expect(object.dataSet == DataSet([.text(.patientID, .lo, "AB<&'"), .unsignedShort(.rows, 2)]))
    }

    @Test func `values that are left out are empty`() throws {
        let object = try read(attribute("<Value number=\"2\">B</Value><Value number=\"4\"/>", vr: "CS"))

        #expect(object.dataSet[.patientID]?.strings(.ascii) == ["", "B", "", ""])
    }

    @Test func `a private element whose creator has no block gets the first one that is free`() throws {
        let object = try read(
            "<NativeDicomModel>"
                + "<DicomAttribute tag=\"00090010\" vr=\"LO\"><Value number=\"1\">OTHER</Value></DicomAttribute>"
                + "<DicomAttribute tag=\"00090002\" vr=\"SH\" privateCreator=\"ACME\"><Value number=\"1\">x</Value></DicomAttribute>"
                + "<DicomAttribute tag=\"00090003\" vr=\"SH\" privateCreator=\"ACME\"/></NativeDicomModel>"
        )

        #expect(object.dataSet.elements.map(\.tag.rawValue) == [0x0009_0010, 0x0009_0011, 0x0009_1102, 0x0009_1103])
        #expect(object.dataSet.string(Tag(rawValue: 0x0009_0011)) == "ACME")
    }

    @Test func `references are told with their place and are not elements`() throws {
        let object = try read(
            "<NativeDicomModel><DicomAttribute tag=\"00880200\" vr=\"SQ\"><Item number=\"1\"/><Item number=\"2\">"
                + "<DicomAttribute tag=\"7FE00010\" vr=\"OB\"><BulkData uri=\"file:///etc/passwd\"/></DicomAttribute>"
                + "<DicomAttribute tag=\"00282000\" vr=\"OB\"><BulkData uuid=\"1-2\"/></DicomAttribute>"
                + "</Item></DicomAttribute></NativeDicomModel>"
        )

        let item = BulkPath.Step(sequence: .iconImageSequence, itemNumber: 2)
        #expect(
            object.references == [
                .init(path: BulkPath(steps: [item], tag: .pixelData), vr: .ob, uri: "file:///etc/passwd"),
                .init(path: BulkPath(steps: [item], tag: .iccProfile), vr: .ob, uri: "urn:uuid:1-2"),
            ]
        )
        #expect(object.dataSet.items(.iconImageSequence) == [DataSet(), DataSet()])
    }

    @Test(
        arguments: [
            "<a/>", "<NativeDicomModel/><NativeDicomModel/>", "<NativeDicomModel>x</NativeDicomModel>", "x",
            "<NativeDicomModel></DicomAttribute>", "<NativeDicomModel a='1' a='1'/>", "<NativeDicomModel a='<'/>",
            "<NativeDicomModel a=1/>", "<NativeDicomModel>&nbsp;</NativeDicomModel>", "<1/>", "< NativeDicomModel/>",
            "<NativeDicomModel><DicomAttribute vr=\"LO\"/></NativeDicomModel>",
            "<NativeDicomModel><DicomAttribute tag=\"0010002\" vr=\"LO\"/></NativeDicomModel>",
            "<NativeDicomModel><DicomAttribute tag=\"00100020\" vr=\"XX\"/></NativeDicomModel>",
            "<NativeDicomModel><DicomAttribute tag=\"00100020\"/><DicomAttribute tag=\"00100020\"/></NativeDicomModel>",
            "<NativeDicomModel><xi:include href=\"file:///etc/passwd\"/></NativeDicomModel>",
            "<?xml version=\"1.1\"?><NativeDicomModel/>", "<NativeDicomModel/><?xml version=\"1.0\"?>",
            "<NativeDicomModel><!-- -- --></NativeDicomModel>", "<NativeDicomModel>]]></NativeDicomModel>",
            "<NativeDicomModel>&#0;</NativeDicomModel>", "<NativeDicomModel>&#xD800;</NativeDicomModel>",
            "<NativeDicomModel>&#xFFFE;</NativeDicomModel>", "<NativeDicomModel>\u{1}</NativeDicomModel>",
            "<NativeDicomModel>\u{FFFF}</NativeDicomModel>", "<NativeDicomModel>&#+65;</NativeDicomModel>",
        ]
    )
    func `what does not follow the model is refused`(text: String) {
        #expect(code(text) == .badXML)
    }

    @Test(
        arguments: [
            ("<Value>x</Value>", "LO"), ("<Value number=\"0\">x</Value>", "LO"),
            ("<Value number=\"1\"><a/></Value>", "LO"),
            ("<Value number=\"1\">a\\b</Value>", "LO"), ("<Value number=\"1\">65536</Value>", "US"),
            ("<Value number=\"1\"/>", "US"), ("<Value number=\"1\">x</Value>", "OB"), ("<Item number=\"1\"/>", "LO"),
            ("<InlineBinary>A</InlineBinary>", "OB"), ("<InlineBinary>AAAA</InlineBinary>", "SQ"),
            ("<BulkData/>", "OB"), ("<BulkData uri=\"x\">y</BulkData>", "OB"),
            ("<InlineBinary>AAAA</InlineBinary><BulkData uri=\"x\"/>", "OB"), ("text", "LO"),
            ("<PersonName number=\"1\"><Alphabetic><GivenName/><FamilyName/></Alphabetic></PersonName>", "PN"),
            ("<PersonName number=\"1\"><Alphabetic/><Alphabetic/></PersonName>", "PN"),
            ("<PersonName number=\"1\"><Alphabetic><FamilyName>a=b</FamilyName></Alphabetic></PersonName>", "PN"),
            ("<Value number=\"2\">x</Value><Value number=\"1\">y</Value>", "LO"),
        ]
    )
    func `a value that does not fit is refused`(body: String, vr: String) {
        #expect(code(attribute(body, vr: vr)) == .badXML)
    }

    @Test(
        arguments: [
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><NativeDicomModel/>",
            "<?xml version=\"1.0\"?>\n<!doctype a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\">]><NativeDicomModel/>",
            "<NativeDicomModel><!DOCTYPE></NativeDicomModel>",
        ]
    )
    func `a document type is refused wherever it stands and before anything is read`(text: String) {
        #expect(code(text) == .documentTypeDeclaration)
    }

    @Test func `other encodings than UTF-8 are refused`() {
        #expect(code("<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-a+AD4-") == .encodingNotUTF8)
        #expect(code("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><NativeDicomModel/>") == .encodingNotUTF8)
        for bytes in [[0xFE, 0xFF, 0, 0x3C], [0xFF, 0xFE, 0x3C, 0], [0, 0x3C, 0, 0x61], [0x3C, 0, 0x61, 0]] as [[UInt8]]
        {
            let error = #expect(throws: DataSetError.self) {
                try NativeXMLReader.object(from: ByteBuffer(bytes: bytes))
            }
            #expect(error?.code == .encodingNotUTF8)
        }
        var invalid = ByteBuffer(
            string: "<NativeDicomModel><DicomAttribute tag=\"00100020\" vr=\"LO\"><Value number=\"1\">"
        )
        invalid.writeBytes([0xC3, 0x28])
        invalid.writeString("</Value></DicomAttribute></NativeDicomModel>")
        let error = #expect(throws: DataSetError.self) { try NativeXMLReader.object(from: invalid) }
        #expect(error?.code == .encodingNotUTF8)
    }

    @Test func `a text cut at any byte is refused`() {
        let text =
            "<?xml version=\"1.0\"?><NativeDicomModel><!-- c --><DicomAttribute tag=\"00100020\" vr=\"LO\">"
            + "<Value number=\"1\">&#65;<![CDATA[b]]></Value></DicomAttribute></NativeDicomModel>"
        #expect(code(text) == nil)

        for length in 0..<text.utf8.count {
            #expect(code(String(text.prefix(length))) != nil)
        }
    }

    @Test func `nesting beyond the limit is refused`() {
        func nested(_ depth: Int) -> String {
            "<NativeDicomModel>"
                + String(repeating: "<DicomAttribute tag=\"0040A730\" vr=\"SQ\"><Item number=\"1\">", count: depth)
                + String(repeating: "</Item></DicomAttribute>", count: depth) + "</NativeDicomModel>"
        }

        #expect(code(nested(64)) == nil)
        #expect(code(nested(65)) == .nestedTooDeep)
        #expect(code(nested(100_000)) == .nestedTooDeep)
        #expect(code(String(repeating: "<a>", count: 100_000)) == .badXML)
    }

    @Test func `elements and the values between numbers are limited`() {
        var limits = DataSetLimits()
        limits.elementCount = 3
        func code(_ text: String) -> DataSetError.Code? {
            do throws(DataSetError) {
                _ = try read(text, limits: limits)
                return nil
            } catch {
                return error.code
            }
        }

        #expect(code(attribute("<Value number=\"2\">x</Value>")) == nil)
        #expect(code(attribute("<Value number=\"3\">x</Value>")) == .tooManyElements)
        #expect(code(attribute("<Value number=\"9223372036854775807\">x</Value>")) == .tooManyElements)
        limits.headerLength = 10
        #expect(code(attribute("")) == .tooMuchText)
    }
}
