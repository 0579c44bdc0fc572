import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Scanning an instance` {
    private func instance(_ pixels: [UInt8] = [UInt8](repeating: 7, count: 3000)) -> ByteBuffer {
        var bytes = Bytes()
        bytes.identity()
        bytes.explicit(0x0028_0010, "US", [50, 0])
        bytes.explicit(0x0028_0011, "US", [60, 0])
        bytes.explicit(0x0028_0100, "US", [8, 0])
        bytes.explicit(0x0088_0200, "SQ", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: Bytes.undefined)
        bytes.explicit(0x7FE0_0010, "OB", [1, 2])
        bytes.marker(Bytes.itemEnd, length: 0)
        bytes.marker(Bytes.sequenceEnd, length: 0)
        bytes.explicit(0x7FE0_0010, "OB", pixels)
        return bytes.buffer
    }

    @Test func `identity, header, bulk and frames are found in one pass`() throws {
        let result = try scanned(instance())

        // 80 bytes of identity, 3 × 10, 12 + 8 + 14 + 8 + 8 of the sequence, 12 of the header of Pixel Data.
        let pixelData = BulkValue(offset: 172, length: 3000)
        #expect(result.identity.sopInstanceUID.string == "1.2.3.4")
        #expect(result.identity.seriesInstanceUID.string == "1.2.3.1")
        #expect(result.header[.pixelData]?.value == .bulk(pixelData))
        #expect(result.frameIndex?.byteRanges(frameIndex: 0) == [172..<3172])
        #expect(result.frameIndex?.byteRanges(frameIndex: 1) == [])
        #expect(result.dataSetLength == 3172)
        let path = try #require(BulkPath("00880200/1/7FE00010"))
        #expect(path.element(in: result.header)?.value == .bulk(BulkValue(offset: 142, length: 2)))
    }

    @Test func `a Data Set that names another Transfer Syntax than its own is refused`() throws {
        func named(_ uid: String) -> ByteBuffer {
            var bytes = Bytes()
            bytes.text(0x0002_0010, "UI", uid)
            bytes.identity()
            return bytes.buffer
        }

        let error = #expect(throws: DataSetError.self) { try scanned(named("1.2.840.10008.1.2")) }

        #expect(error?.code == .otherTransferSyntax)
        #expect(error?.path == [.transferSyntaxUID])
        #expect(try scanned(named("1.2.840.10008.1.2.1")).identity.sopInstanceUID.string == "1.2.3.4")
    }

    @Test(
        arguments: [
            ([0x0021_0010, 0x0021_0011], false), ([0x0021_0010, 0x0021_0010], true),
            ([0x0021_0011, 0x0021_0010], true),
        ] as [([UInt32], Bool)]
    )
    func `elements out of order or twice are noticed`(tags: [UInt32], isDisordered: Bool) throws {
        var bytes = Bytes()
        bytes.identity()
        for tag in tags { bytes.text(tag, "LO", "A") }
        var scanner = InstanceScanner(transferSyntax: .explicitVRLittleEndian)

        try scanner.scan(bytes.buffer)

        #expect(scanner.isDisordered == isDisordered)
    }

    @Test func `an instance cut anywhere is whole between two elements and refused elsewhere`() throws {
        let whole = instance([1, 2, 3, 4])
        // Where one of the outermost elements ends behind the identity: Rows, Columns, Bits, the sequence; and where only
        // the delimiter of that sequence is missing, which is forgiven at the very end.
        let ends: Set<Int> = [80, 90, 100, 110, 122, 152, 160]
        // Fewer than eight zeros behind an element would be padding; these begin with a tag that is not zero.
        for length in 0..<whole.readableBytes {
            let cut = whole.getSlice(at: 0, length: length) ?? ByteBuffer()
            if ends.contains(length) {
                #expect(try scanned(cut).dataSetLength == UInt64(length))
            } else {
                #expect(throws: DataSetError.self, "\(length)") { try scanned(cut) }
            }
        }
    }

    @Test(arguments: [1, 5, 64, 1000]) func `pieces of any size give the same instance`(pieceLength: Int) throws {
        #expect(try scanned(instance(), pieceLength: pieceLength) == scanned(instance()))
    }

    @Test func `the identity is known when the last of its identifiers has passed`() throws {
        var scanner = InstanceScanner(transferSyntax: .explicitVRLittleEndian)
        let bytes = instance()

        try scanner.scan(bytes.getSlice(at: 0, length: 79) ?? ByteBuffer())
        #expect(scanner.identity == nil)
        try scanner.scan(bytes.getSlice(at: 79, length: 1) ?? ByteBuffer())
        #expect(scanner.identity != nil)
    }

    @Test(arguments: [0x0008_0016, 0x0008_0018, 0x0020_000D, 0x0020_000E] as [UInt32])
    func `an absent identifier is named`(tag: UInt32) throws {
        var bytes = Bytes()
        for other in [0x0008_0016, 0x0008_0018, 0x0020_000D, 0x0020_000E] as [UInt32] where other != tag {
            bytes.text(other, "UI", "1.2")
        }

        let error = #expect(throws: DataSetError.self) { try scanned(bytes.buffer) }

        #expect(error?.code == .missingIdentity)
        #expect(error?.path == [Tag(rawValue: tag)])
    }

    @Test(arguments: ["", "../../etc/passwd", ".", "1..2", "1.2.", "1,2", String(repeating: "1", count: 65)])
    func `a malformed identifier is refused`(uid: String) {
        var bytes = Bytes()
        bytes.text(0x0008_0016, "UI", "1.2")
        bytes.text(0x0008_0018, "UI", uid)
        bytes.text(0x0020_000D, "UI", "1.2")
        bytes.text(0x0020_000E, "UI", "1.2")

        let error = #expect(throws: DataSetError.self) { try scanned(bytes.buffer) }

        #expect(error?.code == .missingIdentity)
    }

    @Test(arguments: [0x0008_0016, 0x0008_0018, 0x0020_000D, 0x0020_000E, 0x0010_0020] as [UInt32])
    func `an identifying element that stands twice is refused`(tag: UInt32) {
        var bytes = Bytes()
        bytes.text(tag, "UI", "1.2")
        bytes.text(tag, "UI", "1.2")

        let error = #expect(throws: DataSetError.self) { try scanned(bytes.buffer) }

        #expect(error?.code == .duplicateIdentity)
    }

    @Test func `of other elements that stand twice the first counts, in any order of tags`() throws {
        var bytes = Bytes()
        bytes.text(0x0020_0011, "IS", "1")
        bytes.identity()
        bytes.text(0x0020_0011, "IS", "2")

        let header = try scanned(bytes.buffer).header

        #expect(header.integers(.seriesNumber) == [1])
        #expect(header.elements.map(\.tag) == header.elements.map(\.tag).sorted())
    }

    @Test func `identifiers inside of items are not the object's`() throws {
        var bytes = Bytes()
        bytes.identity()
        bytes.explicit(0x0020_9222, "SQ", [], length: 20)
        bytes.marker(Bytes.item, length: 12)
        bytes.text(0x0008_0018, "UI", "9.8")

        #expect(try scanned(bytes.buffer).identity.sopInstanceUID.string == "1.2.3.4")
    }

    @Test func `elements in descending order take no quadratic time`() throws {
        var bytes = Bytes()
        for element in stride(from: UInt32(60_000), to: 0, by: -1) {
            bytes.explicit(0x0029_0000 + element, "LO", [])
        }
        bytes.identity()

        #expect(try scanned(bytes.buffer).header.elements.count == 60_004)
    }
}
