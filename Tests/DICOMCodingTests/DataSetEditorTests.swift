import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

/// The bytes with edits done, fed in pieces of one size.
func edited(
    _ bytes: ByteBuffer,
    _ edits: [String],
    _ transferSyntax: TransferSyntax = .explicitVRLittleEndian,
    options: EditOptions = EditOptions(),
    pieceLength: Int = .max
) throws -> ByteBuffer {
    var editor = DataSetEditor(
        try edits.map { try AttributeEdit($0) },
        options: options,
        transferSyntax: transferSyntax
    )
    var rest = bytes
    while let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
        try editor.append(piece)
    }
    let plan = try editor.finish()
    var patcher = DataSetPatcher(plan.patch)
    var result = ByteBuffer()
    rest = bytes
    while let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
        for patched in patcher.patch(piece) { result.writeImmutableBuffer(patched) }
    }
    for patched in try patcher.finish() { result.writeImmutableBuffer(patched) }
    #expect(Int64(result.readableBytes) == Int64(bytes.readableBytes) + plan.patch.lengthChange)
    return result
}

@Suite struct `Editing the bytes of a Data Set` {
    private static let oddities: Bytes = {
        var bytes = Bytes()
        bytes.text(0x0010_0020, "LO", "17  ")
        // Out of order, of odd length, and twice.
        bytes.explicit(0x0008_0060, "CS", Array("CT ".utf8))
        bytes.text(0x0010_0010, "PN", "Doe^Jane")
        bytes.text(0x0010_0010, "PN", "Doe^John")
        bytes.explicit(0x0011_0010, "??", Array("AB".utf8))
        return bytes
    }()

    @Test func `no edit leaves all bytes as they are`() throws {
        #expect(try edited(Self.oddities.buffer, []) == Self.oddities.buffer)
        #expect(try edited(Self.oddities.buffer, ["remove StudyDate", "empty StudyDate"]) == Self.oddities.buffer)
        #expect(try edited(ByteBuffer(), ["remove StudyDate"]) == ByteBuffer())
    }

    @Test func `a value that is the same already changes nothing`() throws {
        #expect(try edited(Self.oddities.buffer, ["set PatientID=17  "]) == Self.oddities.buffer)
    }

    @Test func `around an edit odd encodings stay, and duplicates go`() throws {
        var expected = Bytes()
        expected.text(0x0010_0020, "LO", "18")
        expected.explicit(0x0008_0060, "CS", Array("CT ".utf8))
        expected.explicit(0x0010_0010, "PN", [])
        expected.explicit(0x0011_0010, "??", Array("AB".utf8))

        #expect(try edited(Self.oddities.buffer, ["set PatientID=18", "empty PatientName"]) == expected.buffer)
    }

    @Test func `a new element stands in front of the first with a higher tag`() throws {
        var bytes = Bytes()
        bytes.text(0x0008_0060, "CS", "CT")
        bytes.text(0x0020_0010, "SH", "5")
        var expected = Bytes()
        expected.text(0x0008_0005, "CS", "ISO_IR 100")
        expected.text(0x0008_0060, "CS", "CT")
        expected.explicit(0x0010_0010, "PN", [0xE9, 0x20])
        expected.text(0x0010_0020, "LO", "1")
        expected.text(0x0020_0010, "SH", "5")
        expected.explicit(0x0028_0010, "US", [2, 0])

        let edits = ["set Rows=2", "set PatientID=1", "set PatientName=é", "set SpecificCharacterSet=ISO_IR 100"]
        #expect(try edited(bytes.buffer, edits) == expected.buffer)
    }

    /// A sequence of two items by lengths, of which the second holds a sequence by delimiters; a group length around.
    private func nested(patientID: String, extra: Bytes = Bytes(), item: Bytes? = nil) -> ByteBuffer {
        var inner = Bytes()
        inner.text(0x0010_0020, "LO", patientID)
        var second = Bytes()
        second.explicit(0x0010_1002, "SQ", [], length: Bytes.undefined)
        second.marker(Bytes.item, length: Bytes.undefined)
        second.buffer.writeImmutableBuffer(inner.buffer)
        second.marker(Bytes.itemEnd, length: 0)
        second.marker(Bytes.sequenceEnd, length: 0)
        second.buffer.writeImmutableBuffer(extra.buffer)
        var items = Bytes()
        items.marker(Bytes.item, length: 0)
        items.marker(Bytes.item, length: UInt32(second.buffer.readableBytes))
        items.buffer.writeImmutableBuffer(second.buffer)
        if let item {
            items.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
            items.buffer.writeImmutableBuffer(item.buffer)
        }
        var bytes = Bytes()
        let groupLength = UInt32(12 + items.buffer.readableBytes)
        bytes.explicit(0x0040_0000, "UL", (0..<4).map { UInt8(truncatingIfNeeded: groupLength >> ($0 * 8)) })
        bytes.explicit(0x0040_0275, "SQ", Array(items.buffer.readableBytesView))
        bytes.text(0x0050_0004, "CS", "YES")
        return bytes.buffer
    }

    @Test func `lengths around an edit deep inside follow`() throws {
        let path = "RequestAttributesSequence[1].OtherPatientIDsSequence[0].PatientID"
        var extra = Bytes()
        extra.text(0x0040_0009, "SH", "step")

        #expect(try edited(nested(patientID: "1"), ["set \(path)=longer id"]) == nested(patientID: "longer id"))
        #expect(try edited(nested(patientID: "12"), ["empty \(path)"]) == nested(patientID: ""))
        #expect(
            try edited(nested(patientID: "1"), ["set RequestAttributesSequence[1].ScheduledProcedureStepID=step"])
                == nested(patientID: "1", extra: extra)
        )
    }

    @Test func `an item is added behind the last one and taken out again`() throws {
        var item = Bytes()
        item.text(0x0040_0009, "SH", "step")
        let longer = nested(patientID: "1", item: item)

        #expect(
            try edited(nested(patientID: "1"), ["set RequestAttributesSequence[2].ScheduledProcedureStepID=step"])
                == longer
        )
        #expect(try edited(longer, ["remove RequestAttributesSequence[2]"]) == nested(patientID: "1"))
    }

    @Test func `pieces of any size give the same`() throws {
        let bytes = nested(patientID: "1")
        let edits = ["set RequestAttributesSequence[*].PatientName=A^B", "remove OutputPower", "set PatientID=7"]
        let whole = try edited(bytes, edits)

        for length in 1...40 {
            #expect(try edited(bytes, edits, pieceLength: length) == whole)
        }
    }

    @Test func `implicit and big-endian Data Sets are edited in their encoding`() throws {
        var implicit = Bytes()
        implicit.implicit(0x0028_0010, [1, 0])
        var expected = Bytes()
        expected.implicit(0x0010_0020, Array("AB".utf8))
        expected.implicit(0x0028_0010, [2, 1])
        let big = ByteBuffer(bytes: [0x00, 0x28, 0x00, 0x10, 0x55, 0x53, 0x00, 0x02, 0x00, 0x01])
        let expectedBig = ByteBuffer(bytes: [0x00, 0x28, 0x00, 0x10, 0x55, 0x53, 0x00, 0x02, 0x01, 0x02])

        #expect(
            try edited(implicit.buffer, ["set Rows=258", "set PatientID=AB"], .implicitVRLittleEndian)
                == expected.buffer
        )
        #expect(try edited(big, ["set Rows=258"], .explicitVRBigEndian) == expectedBig)
    }

    @Test func `Pixel Data in fragments can go and stays otherwise`() throws {
        var bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.item, length: 2)
        bytes.buffer.writeBytes([1, 2])
        bytes.marker(Bytes.sequenceEnd, length: 0)
        var expected = Bytes()
        expected.text(0x0010_0020, "LO", "1")
        let transferSyntax = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50"))
        let edits = ["set PatientID=1"]
        var kept = expected.buffer
        kept.writeImmutableBuffer(bytes.buffer)

        #expect(try edited(bytes.buffer, edits, transferSyntax) == kept)
        #expect(try edited(bytes.buffer, edits + ["remove PixelData"], transferSyntax) == expected.buffer)
    }

    @Test func `text of the whole Data Set is turned into UTF-8 when asked`() throws {
        var item = Bytes()
        item.explicit(0x0010_0010, "PN", [0xE4, 0x20])
        var bytes = Bytes()
        bytes.text(0x0008_0005, "CS", "ISO_IR 100")
        bytes.text(0x0008_0060, "CS", "CT")
        bytes.explicit(0x0010_0010, "PN", [0xE9, 0x20])
        bytes.explicit(0x0010_1002, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
        bytes.buffer.writeImmutableBuffer(item.buffer)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        var options = EditOptions()
        options.characterSet = .utf8

        let turned = try edited(bytes.buffer, ["set StudyDescription=山"], options: options)
        let dataSet = try DataSetReader.dataSet(from: turned, transferSyntax: .explicitVRLittleEndian)

        #expect(dataSet.string(.specificCharacterSet) == "ISO_IR 192")
        #expect(dataSet.string(.patientName) == "é")
        #expect(dataSet.string(.studyDescription) == "山")
        #expect(dataSet.items(.otherPatientIDsSequence).first?.string(.patientName, characterSet: .utf8) == "ä")
        #expect(throws: EditError.self) {
            try edited(bytes.buffer, ["set SpecificCharacterSet=ISO_IR 101"], options: options)
        }
    }

    @Test(arguments: [[0x0008_0005], [0x0010_0000], [0x0008_0005, 0x0010_0000]] as [[UInt32]])
    func `what is written anew is not turned, whatever VR it came with`(_ tags: [UInt32]) throws {
        var bytes = Bytes()
        if tags.contains(0x0008_0005) { bytes.explicit(0x0008_0005, "LO", Array("ISO_IR 100\\".utf8) + [0xE9]) }
        if !tags.contains(0x0008_0005) { bytes.text(0x0008_0005, "CS", "ISO_IR 100") }
        if tags.contains(0x0010_0000) { bytes.explicit(0x0010_0000, "LO", [0xE9, 0x61, 0x62, 0x63]) }
        bytes.explicit(0x0010_0010, "PN", [0xE9, 0x20])
        var options = EditOptions()
        options.characterSet = .utf8

        let turned = try edited(bytes.buffer, [], options: options)
        let dataSet = try DataSetReader.dataSet(from: turned, transferSyntax: .explicitVRLittleEndian)

        #expect(dataSet.string(.patientName, characterSet: .utf8) == "é")
    }

    @Test func `text that does not follow its character set is not turned`() {
        var bytes = Bytes()
        bytes.text(0x0008_0005, "CS", "ISO_IR 192")
        bytes.explicit(0x0010_0010, "PN", [0xFF, 0x20])
        var options = EditOptions()
        options.characterSet = .utf8

        let error = #expect(throws: EditError.self) { try edited(bytes.buffer, [], options: options) }

        #expect(error?.code == .undecodableText)
    }

    @Test func `previous values are noted`() throws {
        var bytes = Bytes()
        bytes.text(0x0010_0010, "PN", "Doe^Jane")
        bytes.text(0x0010_0020, "LO", "17")
        var options = EditOptions()
        options.originalAttributes = OriginalAttributes(
            dateTime: "20260102030405",
            modifyingSystem: "CASSETTE",
            reason: .correct
        )
        let edits = ["set PatientName=Doe^John", "set StudyID=1", "remove PatientAge"]

        var result = try DataSetReader.dataSet(
            from: edited(bytes.buffer, edits, options: options),
            transferSyntax: .explicitVRLittleEndian
        )

        let item = try #require(result.items(.originalAttributesSequence).first)
        #expect(item.items(.modifiedAttributesSequence) == [DataSet([.text(.patientName, .pn, "Doe^Jane")])])
        #expect(item.string(.attributeModificationDateTime) == "20260102030405")
        #expect(item.string(.modifyingSystem) == "CASSETTE")
        #expect(item[.sourceOfPreviousValues] == .empty(.sourceOfPreviousValues, .lo))
        #expect(item.string(.reasonForTheAttributeModification) == "CORRECT")
        let again = try edited(
            edited(bytes.buffer, edits, options: options),
            ["set PatientID=18"],
            options: options
        )
        result = try DataSetReader.dataSet(from: again, transferSyntax: .explicitVRLittleEndian)
        #expect(result.items(.originalAttributesSequence).count == 2)
        #expect(try edited(bytes.buffer, ["remove PatientAge"], options: options) == bytes.buffer)
    }

    @Test func `a value longer than its length field is refused`() throws {
        let limit = String(repeating: "a", count: 10_240)
        let error = #expect(throws: EditError.self) {
            try edited(ByteBuffer(), ["set DetectorDescription=" + String(repeating: limit, count: 7)])
        }

        #expect(error?.code == .invalidValue || error?.code == .valueTooLong)
    }

    @Test func `a Data Set that is cut is refused`() {
        let bytes = nested(patientID: "1")

        for length in 1..<bytes.readableBytes where length != 12 && length != bytes.readableBytes - 12 {
            let cut = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: EditError.self) { try edited(cut, ["set PatientID=1"]) }
        }
    }
}
