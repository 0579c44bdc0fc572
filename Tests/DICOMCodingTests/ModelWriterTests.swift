import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Writing a model from tokens` {
    private func text(
        _ bytes: ByteBuffer,
        _ form: ModelWriter.Form = .json,
        in transferSyntax: TransferSyntax = .explicitVRLittleEndian,
        pieceLength: Int = .max,
        bulkDataURI: ModelWriter.BulkDataURI? = nil
    ) throws -> String {
        let thresholds = BulkThresholds(binaryLength: 4, textLength: .max)
        var decoder = DataSetDecoder(transferSyntax: transferSyntax, thresholds: thresholds)
        var writer = ModelWriter(form, bulkDataURI: bulkDataURI)
        var text = ByteBuffer()
        var rest = bytes
        while let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
            decoder.append(piece)
            while let token = try decoder.next() {
                writer.accept(token)
                text.writeImmutableBuffer(writer.take())
            }
        }
        try decoder.finish()
        while let token = try decoder.next() { writer.accept(token) }
        writer.finish()
        text.writeImmutableBuffer(writer.take())
        return String(buffer: text)
    }

    private func fragments(_ contents: [UInt8]...) -> ByteBuffer {
        var bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        for content in contents {
            bytes.marker(Bytes.item, length: UInt32(content.count))
            bytes.buffer.writeBytes(content)
        }
        bytes.marker(Bytes.sequenceEnd, length: 0)
        return bytes.buffer
    }

    @Test(arguments: ModelWriter.Form.allCases) func `tokens and Data Set give one text`(form: ModelWriter.Form) throws
    {
        let dataSet = DataSet([
            .text(.specificCharacterSet, .cs, "ISO_IR 192"),
            .text(Tag(rawValue: 0x0009_0010), .lo, "ACME"),
            .text(Tag(rawValue: 0x0009_1001), .sh, "1"),
            .text(.patientName, .pn, ["A^B=山", "C"]),
            .text(.seriesNumber, .is, ["7", "12345678901234567890"]),
            .unsignedShort(.rows, 1, 2),
            DataElement(tag: .iccProfile, vr: .ob, value: .bytes(ByteBuffer(bytes: [1, 2, 3, 4, 5, 6]))),
            .sequence(.referencedStudySequence, [DataSet([.text(.codeMeaning, .lo, "ä")]), DataSet()]),
            .sequence(.referencedPatientSequence, []),
        ])
        let bytes = try DataSetEncoder.encode(dataSet, in: .explicitVRLittleEndian)

        #expect(try text(bytes, form) == String(buffer: ModelWriter.text(of: dataSet, as: form)))
        #expect(try text(bytes, form, pieceLength: 1) == text(bytes, form))
        if form == .json {
            var expected = ByteBuffer()
            DICOMJSONWriter.write(dataSet, into: &expected)
            #expect(try text(bytes, form) == String(buffer: expected) + "\n")
        }
    }

    @Test func `of two elements with one tag the first is written, whatever stands between and inside`() throws {
        var bytes = Bytes()
        bytes.text(0x0010_0020, "LO", "B1")
        bytes.text(0x0008_0060, "CS", "CT")
        bytes.text(0x0010_0020, "LO", "B2")
        bytes.text(0x0008_0060, "CS", "MR")
        bytes.explicit(0x0040_A730, "SQ", [])
        bytes.explicit(0x0040_A730, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.text(0x0010_0021, "LO", "X")
        bytes.explicit(0x0040_A730, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.text(0x0040_A731, "LO", "Y")

        #expect(
            try text(bytes.buffer)
                == #"{"00100020":{"vr":"LO","Value":["B1"]},"00080060":{"vr":"CS","Value":["CT"]},"#
                + #""0040A730":{"vr":"SQ"},"0040A731":{"vr":"LO","Value":["Y"]}}"# + "\n"
        )
    }

    @Test func `bulk in pieces is one base 64 text, words of big-endian files turned around`() throws {
        let words = Array(0..<26 as Range<UInt8>)
        var little = Bytes()
        little.explicit(0x7FE0_0010, "OW", words)
        var big = ByteBuffer(bytes: [0x7F, 0xE0, 0, 0x10, 0x4F, 0x57, 0, 0, 0, 0, 0, 26])
        for start in stride(from: 0, to: 26, by: 2) { big.writeBytes([words[start + 1], words[start]]) }
        // printf of the bytes 0 to 25, piped through base64.
        let expected = #"{"7FE00010":{"vr":"OW","InlineBinary":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk="}}"# + "\n"

        for pieceLength in [1, 2, 3, 5, 7, 100] {
            #expect(try text(little.buffer, pieceLength: pieceLength) == expected)
            #expect(try text(big, in: .explicitVRBigEndian, pieceLength: pieceLength) == expected)
        }
    }

    @Test func `fragments are items with their headers`() throws {
        #expect(
            try text(fragments([], [0xFF, 0xD8]))
                == #"{"7FE00010":{"vr":"OB","InlineBinary":"/v8A4AAAAAD+/wDgAgAAAP/Y"}}"# + "\n"
        )
        #expect(try text(fragments()) == #"{"7FE00010":{"vr":"OB"}}"# + "\n")
    }

    @Test func `bulk for which there is an address is a reference with its place`() throws {
        let uri: ModelWriter.BulkDataURI = { path, bulk in
            bulk.length > 6 ? "\(path) \(bulk.offset) \(bulk.length)\(bulk.isEncapsulated ? " e" : "")" : nil
        }
        var native = Bytes()
        native.explicit(0x0028_2000, "OB", [1, 2, 3, 4, 5, 6])
        native.explicit(0x7FE0_0010, "OB", [1, 2, 3, 4, 5, 6, 7, 8])

        #expect(
            try text(native.buffer, bulkDataURI: uri)
                == #"{"00282000":{"vr":"OB","InlineBinary":"AQIDBAUG"},"#
                + #""7FE00010":{"vr":"OB","BulkDataURI":"7FE00010 30 8"}}"# + "\n"
        )
        #expect(
            try text(fragments([], [1, 2]), bulkDataURI: uri)
                == #"{"7FE00010":{"vr":"OB","BulkDataURI":"7FE00010 12 18 e"}}"# + "\n"
        )
    }

    @Test func `64-bit integers beyond what double precision keeps are strings`() throws {
        var bytes = Bytes()
        bytes.explicit(0x0008_0001, "UV", [0, 0, 0, 0, 0, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0x20, 0])
        bytes.explicit(0x0008_0002, "SV", [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])

        let json = try text(bytes.buffer)

        #expect(json.contains(#""Value":[9007199254740992,"9007199254740993"]"#))
        #expect(json.contains(#""Value":["-9223372036854775808",-1]"#))
        let read = try DICOMJSONReader.dataSets(from: ByteBuffer(string: json))
        #expect(try DataSetEncoder.encode(read[0].dataSet, in: .explicitVRLittleEndian) == bytes.buffer)
    }

    @Test func `an IS that is written as another number is read as the integer it is`() throws {
        func read(_ number: String) throws -> DataSet {
            try DICOMJSONReader.dataSets(
                from: ByteBuffer(string: #"{"00200011":{"vr":"IS","Value":[\#(number)]}}"#)
            )[0].dataSet
        }

        #expect(try read("5.0").string(.seriesNumber) == "5")
        #expect(try read("1e3").string(.seriesNumber) == "1000")
        #expect(throws: DataSetError.self) { try read("1.5") }
    }

    @Test func `an item without own character set has that of the Data Set around it`() throws {
        let json = #"{"00081110":{"vr":"SQ","Value":[{"00080104":{"vr":"LO","Value":["ä"]}}]}}"#

        let dataSet = try DICOMJSONReader.dataSets(from: ByteBuffer(string: json))[0].dataSet

        #expect(dataSet.string(.specificCharacterSet) == "ISO_IR 192")
        #expect(dataSet.items(.referencedStudySequence) == [DataSet([.text(.codeMeaning, .lo, "ä")])])
    }
}
