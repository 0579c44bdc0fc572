import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Checking a file` {
    private static let jpegBaseline = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50"))

    private func file(
        _ dataSet: Bytes,
        _ transferSyntax: TransferSyntax = .explicitVRLittleEndian,
        sopInstanceUID: String = "1.2.3.4"
    ) throws -> ByteBuffer {
        var file = try Part10Header.encoded(
            sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.7"),
            sopInstanceUID: try #require(UID(sopInstanceUID)),
            transferSyntax: transferSyntax,
            implementationClassUID: UID(literal: "1.2.3"),
            implementationVersionName: "TEST"
        )
        file.writeImmutableBuffer(dataSet.buffer)
        return file
    }

    private func checked(_ file: ByteBuffer, pieceLength: Int = .max) throws -> ObjectChecker {
        var checker = ObjectChecker()
        var rest = file
        while let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
            try checker.check(piece)
        }
        try checker.finish()
        return checker
    }

    private func kinds(_ file: ByteBuffer) throws -> [String] {
        try checked(file).findings.map { finding in
            finding.kind.name + (finding.path.last.map { " \($0)" } ?? "")
        }
    }

    private func object(_ fill: (inout Bytes) -> Void) -> Bytes {
        var bytes = Bytes()
        bytes.identity()
        fill(&bytes)
        return bytes
    }

    @Test func `nothing is found in what is as it should be`() throws {
        let sound = object { $0.explicit(0x0028_0010, "US", [1, 0]) }

        #expect(try kinds(file(sound)) == [])
        #expect(try checked(file(sound)).severity == nil)
    }

    @Test func `values, their number and VRs are compared with the dictionary`() throws {
        let odd = object {
            $0.text(0x0020_0010, "LO", "1")
            $0.text(0x0020_4000, "LT", "a\\b")
            $0.explicit(0x0028_0010, "US", [1, 0, 2, 0])
            $0.text(0x0028_0030, "DS", "1")
            $0.text(0x0029_1010, "LO", "x")
            $0.text(0x0032_FFF0, "LO", "x")
            $0.text(0x0040_0002, "DA", "2020")
        }

        #expect(
            try kinds(file(odd)) == [
                "otherVR (0020,0010)", "badMultiplicity (0028,0010)", "badMultiplicity (0028,0030)",
                "unreservedPrivateElement (0029,1010)", "unknownElement (0032,FFF0)", "badDate (0040,0002)",
            ]
        )
    }

    @Test func `findings tell offset and path`() throws {
        var item = Bytes()
        item.text(0x0008_0060, "CS", "ct")
        let odd = object {
            $0.explicit(0x0040_0275, "SQ", [], length: Bytes.undefined)
            $0.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
            $0.buffer.writeImmutableBuffer(item.buffer)
            $0.marker(Bytes.sequenceEnd, length: 0)
        }
        let file = try file(odd)
        let finding = try #require(try checked(file).findings.first)

        #expect(finding.kind == .value(.badCharacter))
        #expect(finding.path == [.requestAttributesSequence, .modality])
        // The element of 10 bytes stands in front of the delimiter.
        #expect(finding.offset == UInt64(file.readableBytes - 18))
        #expect(finding.kind.severity == .warning)
    }

    @Test func `identifiers that are missing are errors`() throws {
        var bytes = Bytes()
        bytes.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.7")
        bytes.text(0x0008_0018, "UI", "1.2.3.5")

        let checker = try checked(file(bytes))

        #expect(checker.counts[.object(.missingIdentity)] == 2)
        #expect(checker.counts[.object(.otherMediaStorageUID)] == 1)
        #expect(checker.severity == .error)
        #expect(checker.isReadable)
    }

    @Test func `Pixel Data is measured against its description`() throws {
        func image(_ length: Int, frames: String = "2") -> Bytes {
            object {
                $0.explicit(0x0028_0002, "US", [1, 0])
                $0.text(0x0028_0008, "IS", frames)
                $0.explicit(0x0028_0010, "US", [2, 0])
                $0.explicit(0x0028_0011, "US", [3, 0])
                $0.explicit(0x0028_0100, "US", [8, 0])
                $0.explicit(0x7FE0_0010, "OB", [UInt8](repeating: 0, count: length))
            }
        }

        #expect(try kinds(file(image(12))) == [])
        #expect(try kinds(file(image(14))) == ["pixelDataLength (7FE0,0010)"])
        #expect(try kinds(file(image(12, frames: "1"))) == ["pixelDataLength (7FE0,0010)"])
        #expect(try kinds(file(image(12), Self.jpegBaseline)) == ["nativePixelData (7FE0,0010)"])
    }

    @Test func `fragments are counted against Number of Frames`() throws {
        let image = object {
            $0.text(0x0028_0008, "IS", "3")
            $0.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
            $0.marker(Bytes.item, length: 0)
            $0.marker(Bytes.item, length: 2)
            $0.buffer.writeBytes([1, 2])
            $0.marker(Bytes.sequenceEnd, length: 0)
        }

        #expect(try kinds(file(image, Self.jpegBaseline)) == ["frameCount (7FE0,0010)"])
    }

    @Test func `of each kind a hundred places are kept and all are counted`() throws {
        let many = object { bytes in
            for number in 0..<150 { bytes.text(0x0032_FF00 + UInt32(number), "LO", "x") }
        }
        let checker = try checked(file(many))

        #expect(checker.findings.count == 100)
        #expect(checker.counts == [.object(.unknownElement): 150])
        #expect(checker.severity == .note)
    }

    @Test func `what cannot be read further is told with its reason`() throws {
        let broken = object { $0.text(0x0040_0002, "DA", "2020") }
        var bytes = broken
        bytes.explicit(0x0040_0275, "SQ", [], length: Bytes.undefined)
        bytes.buffer.writeBytes([UInt8](repeating: 0xAA, count: 300))
        let checker = try checked(file(bytes))

        #expect(checker.counts[.value(.badDate)] == 1)
        #expect(checker.findings.allSatisfy { $0.code == nil || $0.kind == .object(.unreadable) })
    }

    @Test func `pieces of any size give the same`() throws {
        let odd = try file(object { $0.text(0x0020_0010, "LO", "1") })
        let whole = try checked(odd).findings

        for length in 1...50 { #expect(try checked(odd, pieceLength: length).findings == whole) }
    }

    @Test func `what is no DICOM object is refused`() {
        for text in ["", "x", String(repeating: "no DICOM ", count: 100)] {
            let error = #expect(throws: DataSetError.self) { try checked(ByteBuffer(string: text)) }

            #expect(error?.code == .notDICOM)
        }
    }
}
