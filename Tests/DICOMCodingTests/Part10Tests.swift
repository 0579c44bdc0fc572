import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Reading a DICOM file` {
    private let sopClassUID = UID(literal: "1.2.840.10008.5.1.4.1.1.7")
    private let sopInstanceUID = UID(literal: "1.2.3.4")

    private func header() throws -> ByteBuffer {
        try Part10Header.encoded(
            sopClassUID: sopClassUID,
            sopInstanceUID: sopInstanceUID,
            transferSyntax: .explicitVRLittleEndian,
            sourceAETitle: AETitle("CT1"),
            implementationClassUID: UID(literal: "1.2.3"),
            implementationVersionName: "TEST"
        )
    }

    private func file() throws -> ByteBuffer {
        var bytes = Bytes()
        bytes.buffer = try header()
        bytes.text(0x0010_0020, "LO", "A1")
        return bytes.buffer
    }

    /// The header, and the bytes behind it, of a file that comes in pieces of one size.
    private func read(
        _ file: ByteBuffer,
        pieceLength: Int = .max
    ) throws -> (header: Part10Header, dataSet: [UInt8]) {
        var decoder = Part10Decoder()
        var dataSet: [UInt8] = []
        var rest = file
        while rest.readableBytes > 0 {
            let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)) ?? ByteBuffer()
            if let bytes = try decoder.read(piece) { dataSet += bytes.readableBytesView }
        }
        if let bytes = try decoder.finish() { dataSet += bytes.readableBytesView }
        return (try #require(decoder.header), dataSet)
    }

    @Test func `the header that is written has the bytes of PS3.10`() throws {
        let bytes = Array(try header().readableBytesView)

        // (0002,0001) 14, (0002,0002) 34, (0002,0003) 16, (0002,0010) 28, (0002,0012) 14, (0002,0013) 12, (0002,0016) 12.
        #expect(bytes.prefix(128).allSatisfy { $0 == 0 })
        #expect(Array(bytes[128..<132]) == Array("DICM".utf8))
        #expect(Array(bytes[132..<144]) == [2, 0, 0, 0, 0x55, 0x4C, 4, 0, 130, 0, 0, 0])
        #expect(Array(bytes[144..<158]) == [2, 0, 1, 0, 0x4F, 0x42, 0, 0, 2, 0, 0, 0, 0, 1])
        #expect(bytes.count == 144 + 130)
    }

    @Test(arguments: [1, 3, 130, 10_000]) func `header and Data Set are separated`(pieceLength: Int) throws {
        let (header, dataSet) = try read(try file(), pieceLength: pieceLength)

        #expect(header.dataSetOffset == 274)
        #expect(header.transferSyntax == .explicitVRLittleEndian)
        #expect(header.fileMetaInformation.mediaStorageSOPClassUID == sopClassUID)
        #expect(header.fileMetaInformation.mediaStorageSOPInstanceUID == sopInstanceUID)
        #expect(header.fileMetaInformation.sourceAETitle == AETitle("CT1"))
        #expect(header.preamble?.readableBytes == 128)
        #expect(header.quirks.isEmpty)
        #expect(dataSet == [0x10, 0, 0x20, 0, 0x4C, 0x4F, 2, 0, 0x41, 0x31])
    }

    @Test(arguments: [0, 129, 131, 0xFFFF_FFFF] as [UInt32])
    func `a wrong group length is reported and not believed`(length: UInt32) throws {
        var bytes = try file()
        bytes.setInteger(length, at: 140, endianness: .little)

        let (header, dataSet) = try read(bytes)

        #expect(header.quirks == [Quirk(.wrongFileMetaInformationGroupLength, at: 132)])
        #expect(header.dataSetOffset == 274)
        #expect(dataSet.count == 10)
    }

    @Test func `a file without preamble is read`() throws {
        let bytes = try file().getSlice(at: 128, length: 156) ?? ByteBuffer()

        let (header, dataSet) = try read(bytes)

        #expect(header.quirks.map(\.kind) == [.missingPreamble])
        #expect(header.preamble == nil)
        #expect(dataSet.count == 10)
    }

    @Test func `a file that begins with group 0002 is read`() throws {
        let bytes = try file().getSlice(at: 132, length: 152) ?? ByteBuffer()

        let (header, dataSet) = try read(bytes)

        #expect(header.quirks.map(\.kind) == [.missingPreamble, .missingPrefix])
        #expect(dataSet.count == 10)
    }

    @Test func `a Data Set without header tells its encoding by its first element`() throws {
        var explicit = Bytes()
        explicit.text(0x0008_0016, "UI", "1.2")
        var implicit = Bytes()
        implicit.implicit(0x0008_0016, Array("1.2\0".utf8))
        let big = ByteBuffer(bytes: [0, 8, 0, 0x16, 0x55, 0x49, 0, 4, 0x31, 0x2E, 0x32, 0])

        #expect(try read(explicit.buffer).header.transferSyntax == .explicitVRLittleEndian)
        #expect(try read(implicit.buffer).header.transferSyntax == .implicitVRLittleEndian)
        #expect(try read(big).header.transferSyntax == .explicitVRBigEndian)
        #expect(try read(big).header.has(.guessedTransferSyntax))
    }

    @Test func `File Meta Information without VRs, or in Big Endian, is read`() throws {
        var implicit = Bytes()
        implicit.buffer.writeRepeatingByte(0, count: 128)
        implicit.buffer.writeString("DICM")
        implicit.implicit(0x0002_0000, [28, 0, 0, 0])
        implicit.implicit(0x0002_0010, Array("1.2.840.10008.1.2.1\0".utf8))
        implicit.text(0x0010_0020, "LO", "A1")
        var big = ByteBuffer(repeating: 0, count: 128)
        big.writeString("DICM")
        big.writeBytes([0, 2, 0, 0, 0x55, 0x4C, 0, 4, 0, 0, 0, 28, 0, 2, 0, 0x10, 0x55, 0x49, 0, 20])
        big.writeString("1.2.840.10008.1.2.2\0")
        big.writeBytes([0, 0x10, 0, 0x20, 0x4C, 0x4F, 0, 2, 0x41, 0x31])

        for pieceLength in [1, 1_000] {
            let first = try read(implicit.buffer, pieceLength: pieceLength)
            #expect(first.header.quirks == [Quirk(.implicitFileMetaInformation, at: 132)])
            #expect(first.header.transferSyntax == .explicitVRLittleEndian)
            #expect(first.dataSet.count == 10)
            let second = try read(big, pieceLength: pieceLength)
            #expect(second.header.quirks == [Quirk(.bigEndianFileMetaInformation, at: 132)])
            #expect(second.header.transferSyntax == .explicitVRBigEndian)
            #expect(second.dataSet.count == 10)
        }
    }

    @Test func `behind a command set the first element tells the encoding`() throws {
        var bytes = Bytes()
        bytes.implicit(0x0000_0000, [10, 0, 0, 0])
        bytes.implicit(0x0000_0100, [1, 0])
        bytes.text(0x0008_0016, "UI", "1.2")

        for pieceLength in [1, 1_000] {
            let (header, dataSet) = try read(bytes.buffer, pieceLength: pieceLength)

            #expect(header.transferSyntax == .explicitVRLittleEndian)
            #expect(dataSet.count == bytes.buffer.readableBytes)
        }
    }

    @Test func `a header that names no Transfer Syntax leaves the default where nothing tells`() throws {
        var bytes = Bytes()
        bytes.buffer.writeRepeatingByte(0, count: 128)
        bytes.buffer.writeString("DICM")
        bytes.explicit(0x0002_0000, "UL", [0, 0, 0, 0])
        bytes.implicit(0x0009_0001, [], length: Bytes.undefined)

        let (header, _) = try read(bytes.buffer)

        #expect(header.transferSyntax == .implicitVRLittleEndian)
        #expect(header.quirks.map(\.kind) == [.guessedTransferSyntax])
    }

    @Test(arguments: ["", "x", "<html>", "MZ", "#!/bin/sh\n"]) func `what is no DICOM is refused`(text: String) throws {
        for length in [0, 127, 128, 5000] {
            var bytes = ByteBuffer(string: text)
            bytes.writeRepeatingByte(0, count: length)

            let error = #expect(throws: DataSetError.self) { try read(bytes) }

            #expect(error?.code == .notDICOM)
        }
    }

    @Test(arguments: [
        ("MZ", true), ("\u{7F}ELF", true), ("#!", true), ("PK", true), ("%PDF", true), ("<html>", true),
        ("II*\0", false), ("MM\0*", false), ("M", false), ("", false),
    ])
    func `a preamble that other software would run or open is reported`(text: String, isForeign: Bool) throws {
        var bytes = try file()
        bytes.setString(text, at: 0)

        #expect(try read(bytes).header.quirks.map(\.kind) == (isForeign ? [.foreignPreamble] : []))
    }

    @Test func `a preamble may hold anything`() throws {
        var bytes = try file()
        bytes.setString("MZ", at: 0)

        let (header, _) = try read(bytes)

        #expect(header.preamble.map { Array($0.readableBytesView.prefix(2)) } == [0x4D, 0x5A])
    }

    @Test func `a file that is cut before its Transfer Syntax is known is refused`() throws {
        let bytes = try file()

        // (0002,0010) ends at byte 236.
        for length in 0..<236 {
            let cut = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: DataSetError.self) { try read(cut) }
        }
        #expect(try read(bytes.getSlice(at: 0, length: 236) ?? ByteBuffer()).dataSet.isEmpty)
    }

    @Test(arguments: ["??", "\0\0", "sh"]) func `a VR that is none is refused in group 0002`(vr: String) throws {
        var bytes = try file()
        bytes.setString(vr, at: 148)

        let error = #expect(throws: DataSetError.self) { try read(bytes) }

        #expect(error?.code == .unknownValueRepresentation)
    }

    @Test func `a header without end is refused`() throws {
        var bytes = Bytes()
        bytes.buffer.writeRepeatingByte(0, count: 128)
        bytes.buffer.writeString("DICM")
        bytes.explicit(0x0002_0102, "OB", [], length: 0xFFFF_FFF0)

        let error = #expect(throws: DataSetError.self) { try read(bytes.buffer) }

        #expect(error?.code == .badFileMetaInformation)
    }
}
