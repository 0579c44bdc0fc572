import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Rewriting a file in another Transfer Syntax` {
    private static let encapsulated = TransferSyntax.encapsulatedUncompressedExplicitVRLittleEndian

    private func file(_ transferSyntax: TransferSyntax, _ dataSet: ByteBuffer) throws -> ByteBuffer {
        var file = try Part10Header.encoded(
            sopClassUID: UID(literal: "1.2"),
            sopInstanceUID: UID(literal: "1.2.3.4"),
            transferSyntax: transferSyntax,
            sourceAETitle: AETitle("CT1"),
            implementationClassUID: UID(literal: "1.2.3"),
            implementationVersionName: "OTHER"
        )
        file.writeImmutableBuffer(dataSet)
        return file
    }

    /// The header and the Data Set's bytes of the rewritten file.
    private func rewrite(
        _ file: ByteBuffer,
        to target: TransferSyntax,
        pieceLength: Int = .max
    ) throws -> (header: Part10Header, dataSet: [UInt8], transcoder: FileTranscoder) {
        var transcoder = FileTranscoder(
            to: target,
            implementationClassUID: UID(literal: "1.2.3.9"),
            implementationVersionName: "OURS"
        )
        var written = ByteBuffer()
        var rest = file
        while rest.readableBytes > 0 {
            let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)) ?? ByteBuffer()
            written.writeImmutableBuffer(try transcoder.transcode(piece))
        }
        written.writeImmutableBuffer(try transcoder.finish())
        var part10 = Part10Decoder()
        let first = try part10.read(written)
        let dataSet = try first ?? part10.finish()
        return (try #require(part10.header), Array((dataSet ?? ByteBuffer()).readableBytesView), transcoder)
    }

    @Test func `a Data Set that needs no change stays as it is, but for group lengths`() throws {
        var bytes = Bytes()
        bytes.text(0x0008_0060, "CS", "OT")
        bytes.explicit(0x0009_1001, "UN", [1, 2])
        bytes.explicit(0x0028_0010, "UN", [1, 2])
        bytes.explicit(0x0040_A730, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.text(0x0010_0020, "LO", "A1")
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0x7FE0_0010, "OW", [1, 2, 3, 4])
        var withLength = Bytes()
        withLength.explicit(0x0008_0000, "UL", [10, 0, 0, 0])
        withLength.buffer.writeImmutableBuffer(bytes.buffer)

        for pieceLength in [1, 7, 10_000] {
            let source = try file(.explicitVRLittleEndian, withLength.buffer)
            let (header, dataSet, transcoder) = try rewrite(
                source,
                to: .explicitVRLittleEndian,
                pieceLength: pieceLength
            )

            #expect(dataSet == Array(bytes.buffer.readableBytesView))
            #expect(header.quirks.isEmpty)
            #expect(header.fileMetaInformation.sourceAETitle == AETitle("CT1"))
            #expect(header.fileMetaInformation.dataSet.string(.implementationVersionName) == "OURS")
            #expect(transcoder.sourceTransferSyntax == .explicitVRLittleEndian)
        }
    }

    @Test(arguments: [1, 3, 5, 10_000]) func `numbers are swapped by their words, also in bulk that is cut`(
        pieceLength: Int
    ) throws {
        var bytes = Bytes()
        bytes.explicit(0x0028_0010, "US", [1, 2])
        bytes.explicit(0x0072_0026, "AT", [0x10, 0, 0x20, 0])
        bytes.explicit(0x7FE0_0008, "OF", [1, 2, 3, 4, 5, 6, 7, 8])
        bytes.explicit(0x7FE0_0009, "OD", [1, 2, 3, 4, 5, 6, 7, 8])
        bytes.explicit(0x7FE0_0010, "OW", [1, 2, 3])

        let source = try file(.explicitVRLittleEndian, bytes.buffer)
        let (header, dataSet, _) = try rewrite(source, to: .explicitVRBigEndian, pieceLength: pieceLength)

        #expect(header.transferSyntax == .explicitVRBigEndian)
        #expect(
            dataSet == [
                0, 0x28, 0, 0x10, 0x55, 0x53, 0, 2, 2, 1,
                0, 0x72, 0, 0x26, 0x41, 0x54, 0, 4, 0, 0x10, 0, 0x20,
                0x7F, 0xE0, 0, 8, 0x4F, 0x46, 0, 0, 0, 0, 0, 8, 4, 3, 2, 1, 8, 7, 6, 5,
                0x7F, 0xE0, 0, 9, 0x4F, 0x44, 0, 0, 0, 0, 0, 8, 8, 7, 6, 5, 4, 3, 2, 1,
                0x7F, 0xE0, 0, 0x10, 0x4F, 0x57, 0, 0, 0, 0, 0, 4, 2, 1, 0, 3,
            ]
        )
    }

    @Test func `unknown sequences keep their items without VRs`() throws {
        var bytes = Bytes()
        bytes.implicit(0x0009_1001, [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 10)
        bytes.implicit(0x0028_0010, [1, 2])
        bytes.marker(Bytes.sequenceEnd, length: 0)

        let (_, dataSet, _) = try rewrite(try file(.implicitVRLittleEndian, bytes.buffer), to: .explicitVRBigEndian)

        // (0009,1001) UN of undefined length in Big Endian; its items without VRs in Little Endian (PS3.5 6.2.2).
        var items = Bytes()
        items.marker(Bytes.item, length: Bytes.undefined)
        items.implicit(0x0028_0010, [1, 2])
        items.marker(Bytes.itemEnd, length: 0)
        items.marker(Bytes.sequenceEnd, length: 0)
        let header: [UInt8] = [0, 9, 0x10, 1, 0x55, 0x4E, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(dataSet == header + items.buffer.readableBytesView)
    }

    @Test func `bulk inside an unknown sequence is the same by way of big endian`() throws {
        let words = (0..<2_000).map { UInt8($0 % 2 + 1) }
        var item = Bytes()
        item.implicit(0x5400_1010, words)
        var bytes = Bytes()
        bytes.text(0x0008_0060, "CS", "OT")
        bytes.explicit(0x5400_0100, "UN", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: UInt32(item.buffer.readableBytes))
        bytes.buffer.writeImmutableBuffer(item.buffer)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        let direct = try rewrite(file(.explicitVRLittleEndian, bytes.buffer), to: .explicitVRLittleEndian)

        let there = try rewrite(file(.explicitVRLittleEndian, bytes.buffer), to: .explicitVRBigEndian)
        let back = try rewrite(
            file(.explicitVRBigEndian, ByteBuffer(bytes: there.dataSet)),
            to: .explicitVRLittleEndian
        )

        #expect(back.dataSet == direct.dataSet)
        #expect(ByteBuffer(bytes: back.dataSet).readableBytesView.ranges(of: words).count == 1)
    }

    @Test(arguments: [("UT", 0x20), ("OB", 0)] as [(String, UInt8)])
    func `an odd value is padded as its VR wants, however long it is`(vr: String, padding: UInt8) throws {
        var bytes = Bytes()
        bytes.explicit(0x0040_A160, vr, [UInt8](repeating: 0x78, count: 70_001))

        let written = try rewrite(file(.explicitVRLittleEndian, bytes.buffer), to: .explicitVRLittleEndian)

        #expect(written.dataSet.last == padding)
        #expect(written.dataSet.count % 2 == 0)
    }

    @Test(arguments: [(65_534, "LO"), (65_536, "UN")])
    func `a value too long for the length field of its VR becomes UN`(length: Int, vr: String) throws {
        var bytes = Bytes()
        bytes.implicit(0x0010_0020, [UInt8](repeating: 0x41, count: length))

        let (_, dataSet, _) = try rewrite(try file(.implicitVRLittleEndian, bytes.buffer), to: .explicitVRLittleEndian)

        #expect(Array(dataSet[4..<6]) == Array(vr.utf8))
    }

    @Test func `what is deflated inflates to the same bytes, and has even length`() throws {
        var bytes = Bytes()
        for number in 0..<400 { bytes.text(0x0011_1000 + UInt32(number), "LO", "value \(number * number)") }
        let source = try file(.explicitVRLittleEndian, bytes.buffer)

        let (header, deflated, _) = try rewrite(source, to: .deflatedExplicitVRLittleEndian, pieceLength: 100)
        var file = try file(header.transferSyntax, ByteBuffer(bytes: deflated))
        let (_, dataSet, transcoder) = try rewrite(file, to: .explicitVRLittleEndian, pieceLength: 33)

        file.clear()
        #expect(deflated.count % 2 == 0)
        #expect(deflated.count < bytes.buffer.readableBytes)
        #expect(dataSet == Array(bytes.buffer.readableBytesView))
        #expect(transcoder.quirks.isEmpty)
    }

    @Test func `compressed Pixel Data is refused`() throws {
        var bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        let jpeg = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50"))

        for target in FileTranscoder.targets {
            let error = #expect(throws: DataSetError.self) { try rewrite(try file(jpeg, bytes.buffer), to: target) }
            #expect(error?.code == .notEncodable)
        }
    }

    /// Frames of one row, without more two of 3 bytes, in fragments of their own, each padded.
    private func frames(
        _ fragments: [[UInt8]],
        _ count: Int = 2,
        columns: UInt8 = 3,
        bits: UInt8 = 8,
        chrominance: String? = nil
    ) -> ByteBuffer {
        var bytes = Bytes()
        if let chrominance {
            bytes.explicit(0x0028_0002, "US", [3, 0])
            bytes.text(0x0028_0004, "CS", chrominance)
        }
        bytes.explicit(0x0028_0008, "IS", Array("\(count) ".utf8))
        bytes.explicit(0x0028_0010, "US", [1, 0])
        bytes.explicit(0x0028_0011, "US", [columns, 0])
        bytes.explicit(0x0028_0100, "US", [bits, 0])
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: 0)
        for fragment in fragments {
            bytes.marker(Bytes.item, length: UInt32(fragment.count))
            bytes.buffer.writeBytes(fragment)
        }
        bytes.marker(Bytes.sequenceEnd, length: 0)
        return bytes.buffer
    }

    @Test(arguments: [1, 4, 10_000]) func `frames that are encapsulated as they are come out of their fragments`(
        pieceLength: Int
    ) throws {
        let source = try file(Self.encapsulated, frames([[1, 2, 3, 0], [4, 5, 6, 0]]))

        let (_, dataSet, _) = try rewrite(source, to: .explicitVRLittleEndian, pieceLength: pieceLength)

        #expect(dataSet.suffix(18) == [0xE0, 0x7F, 0x10, 0, 0x4F, 0x42, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6])
    }

    @Test(arguments: [1, 10_000], [TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian])
    func `frames that do not end with a byte come out without gaps`(pieceLength: Int, target: TransferSyntax) throws {
        // Three frames of 11 bits; what stands above them in the last byte is no part of a frame.
        let source = try file(
            Self.encapsulated,
            frames([[0x0F, 0xFD], [0x01, 0x03], [0, 6]], 3, columns: 11, bits: 1)
        )

        let (_, dataSet, _) = try rewrite(source, to: target, pieceLength: pieceLength)

        // 50FH, 301H, 600H: the first pixel is the lowest bit (PS3.5 8.1.1).
        let bits: UInt64 = 0x50F | 0x301 << 11 | 0x600 << 22
        let packed = (0..<5).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        #expect(dataSet.suffix(6) == packed + [0])
    }

    @Test func `subsampled chrominance has two samples a pixel in its fragments, too`() throws {
        let fragments: [[UInt8]] = [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15, 16]]
        let source = try file(Self.encapsulated, frames(fragments, columns: 4, chrominance: "YBR_FULL_422"))

        let (_, dataSet, _) = try rewrite(source, to: .explicitVRLittleEndian)

        #expect(dataSet.suffix(20) == [16, 0, 0, 0] + (1...16))
    }

    @Test(arguments: [[[1, 2, 3, 0]], [[1, 2, 3, 0], [4, 5, 6, 0], [7, 8]], [[1, 2, 3, 4, 5, 6]], []])
    func `fragments that are not what the frames need are refused`(fragments: [[UInt8]]) throws {
        let source = try file(Self.encapsulated, frames(fragments))

        #expect(throws: DataSetError.self) { try rewrite(source, to: .explicitVRLittleEndian) }
    }

    @Test func `a file without header gets one, with the names of its object`() throws {
        var bytes = Bytes()
        bytes.identity()

        let (header, dataSet, transcoder) = try rewrite(bytes.buffer, to: .implicitVRLittleEndian, pieceLength: 9)

        #expect(header.fileMetaInformation.mediaStorageSOPInstanceUID == UID(literal: "1.2.3.4"))
        #expect(header.quirks.isEmpty)
        #expect(transcoder.quirks.map(\.kind).contains(.missingFileMetaInformation))
        #expect(Array(dataSet.prefix(8)) == [8, 0, 0x16, 0, 26, 0, 0, 0])
    }

    @Test func `a file whose Pixel Data is cut is refused`() throws {
        var bytes = Bytes()
        bytes.explicit(0x7FE0_0010, "OW", [1, 2], length: 4)

        let error = #expect(throws: DataSetError.self) {
            try rewrite(try file(.explicitVRLittleEndian, bytes.buffer), to: .explicitVRBigEndian)
        }

        #expect(error?.code == .truncated)
    }
}
