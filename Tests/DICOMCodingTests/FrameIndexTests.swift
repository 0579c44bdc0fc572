import DICOMCoding
import DICOMCore
import NIOCore
import Testing

@Suite struct `Finding frames` {
    /// An instance with the attributes that decide about frames, and native Pixel Data of that length.
    private func native(
        rows: UInt8 = 2,
        columns: UInt8 = 3,
        samples: UInt8 = 1,
        bits: UInt8 = 16,
        frames: String? = nil,
        photometric: String? = nil,
        length: Int
    ) throws -> FrameIndex? {
        var bytes = Bytes()
        bytes.identity()
        bytes.explicit(0x0028_0002, "US", [samples, 0])
        if let photometric { bytes.text(0x0028_0004, "CS", photometric) }
        if let frames { bytes.text(0x0028_0008, "IS", frames) }
        bytes.explicit(0x0028_0010, "US", [rows, 0])
        bytes.explicit(0x0028_0011, "US", [columns, 0])
        bytes.explicit(0x0028_0100, "US", [bits, 0])
        bytes.explicit(0x7FE0_0010, "OW", [UInt8](repeating: 0, count: length))
        return try scanned(bytes.buffer).frameIndex
    }

    /// An instance with these fragments; each table entry and fragment as given.
    private func encapsulated(
        frames: String? = nil,
        table: [UInt32] = [],
        extended: [UInt64] = [],
        fragments: [[UInt8]],
        transferSyntax: TransferSyntax = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50")),
        pieceLength: Int = .max
    ) throws -> (index: FrameIndex?, first: UInt64) {
        var bytes = Bytes()
        bytes.identity()
        if let frames { bytes.text(0x0028_0008, "IS", frames) }
        if !extended.isEmpty {
            var entries = ByteBuffer()
            for entry in extended { entries.writeInteger(entry, endianness: .little) }
            bytes.explicit(0x7FE0_0001, "OV", Array(entries.readableBytesView))
        }
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        bytes.marker(Bytes.item, length: UInt32(table.count * 4))
        for entry in table { bytes.buffer.writeInteger(entry, endianness: .little) }
        let first = UInt64(bytes.buffer.writerIndex) + 8
        for fragment in fragments {
            bytes.marker(Bytes.item, length: UInt32(fragment.count))
            bytes.buffer.writeBytes(fragment)
        }
        bytes.marker(Bytes.sequenceEnd, length: 0)
        return (try scanned(bytes.buffer, transferSyntax, pieceLength: pieceLength).frameIndex, first)
    }

    @Test func `fragments in a Transfer Syntax without any are no frames to hand out`() throws {
        let index = try encapsulated(fragments: [[1, 2]], transferSyntax: .explicitVRLittleEndian).index

        #expect(index == nil)
    }

    @Test func `native frames follow one another`() throws {
        let index = try #require(try native(frames: "3", length: 36))

        let first = try #require(index.byteRanges(frameIndex: 0).first?.lowerBound)
        #expect(index.frameCount == 3)
        #expect(index.byteRanges(frameIndex: 2) == [first + 24..<first + 36])
        #expect(index.byteRanges(frameIndex: 3) == [])
        #expect(index.byteRanges(frameIndex: -1) == [])
    }

    @Test func `frames of single bits need not end with a byte`() throws {
        // 2 × 3 pixels: 6 bits; two frames in 12 bits.
        let index = try #require(try native(bits: 1, frames: "2", length: 2))

        let first = try #require(index.byteRanges(frameIndex: 0).first?.lowerBound)
        #expect(index.byteRanges(frameIndex: 0) == [first..<first + 1])
        #expect(index.firstBit(frameIndex: 0) == 0)
        #expect(index.byteRanges(frameIndex: 1) == [first..<first + 2])
        #expect(index.firstBit(frameIndex: 1) == 6)
    }

    @Test func `an odd number of bytes may be padded`() throws {
        #expect(try native(rows: 3, columns: 3, bits: 8, length: 9) != nil)
        #expect(try native(rows: 3, columns: 3, bits: 8, length: 10) != nil)
        #expect(try native(rows: 3, columns: 3, bits: 8, length: 8) == nil)
    }

    @Test func `padding behind the frames is less than one of them, and no more than a block`() throws {
        #expect(try native(rows: 3, columns: 3, bits: 8, length: 17) != nil)
        #expect(try native(rows: 3, columns: 3, bits: 8, length: 19) == nil)
        #expect(try native(rows: 100, columns: 100, bits: 8, length: 14_096) != nil)
        #expect(try native(rows: 100, columns: 100, bits: 8, length: 14_098) == nil)
    }

    @Test func `subsampled chrominance has two samples a pixel`() throws {
        #expect(try native(rows: 2, columns: 4, samples: 3, bits: 8, photometric: "YBR_FULL_422", length: 16) != nil)
        #expect(try native(rows: 2, columns: 4, samples: 3, bits: 8, photometric: "YBR_FULL_422", length: 24) != nil)
        #expect(try native(rows: 2, columns: 4, samples: 3, bits: 8, photometric: "RGB", length: 16) == nil)
    }

    @Test(arguments: ["0", "-1", "2147483647", "x", "99999999999999999999"])
    func `a number of frames that cannot be has no index`(frames: String) throws {
        #expect(try native(frames: frames, length: 12) == nil)
        #expect(try encapsulated(frames: frames, fragments: [[0xFF, 0xD8]]).index == nil)
    }

    @Test func `no rows, samples or bits have no index`() throws {
        #expect(try native(rows: 0, length: 0) == nil)
        #expect(try native(samples: 0, length: 12) == nil)
        #expect(try native(bits: 0, length: 12) == nil)
    }

    @Test func `one fragment is one frame where the numbers are equal`() throws {
        let (index, first) = try encapsulated(frames: "3", fragments: [[1, 2], [3, 4, 5, 6], []])

        #expect(index?.byteRanges(frameIndex: 0) == [first..<first + 2])
        #expect(index?.byteRanges(frameIndex: 1) == [first + 10..<first + 14])
        #expect(index?.byteRanges(frameIndex: 2) == [first + 22..<first + 22])
    }

    /// MPEG-4 AVC and HEVC of PS3.6 table A-1, and a fragmentable variant; JPEG 2000 is none of them.
    @Test(arguments: [
        ("1.2.840.10008.1.2.4.102", true), ("1.2.840.10008.1.2.4.107", true), ("1.2.840.10008.1.2.4.100.1", true),
        ("1.2.840.10008.1.2.4.90", false), ("1.2.840.10008.1.2.4.110", false), ("1.2.840.10008.1.2.4.1000", false),
    ])
    func `a video is one frame of all fragments whatever Number of Frames says`(uid: String, isVideo: Bool) throws {
        let transferSyntax = TransferSyntax(uid: try #require(UID(uid)))

        let (index, first) = try encapsulated(
            frames: "250",
            fragments: [[1, 2], [3, 4]],
            transferSyntax: transferSyntax
        )

        #expect(transferSyntax.isVideo == isVideo)
        #expect(index?.frameCount == (isVideo ? 1 : nil))
        #expect(index?.byteRanges(frameIndex: 0) == (isVideo ? [first..<first + 2, first + 10..<first + 12] : nil))
    }

    @Test func `all fragments are the only frame`() throws {
        let (index, first) = try encapsulated(fragments: [[1, 2], [3, 4]])

        #expect(index?.frameCount == 1)
        #expect(index?.byteRanges(frameIndex: 0) == [first..<first + 2, first + 10..<first + 12])
    }

    @Test func `the Basic Offset Table tells the first fragments`() throws {
        let (index, first) = try encapsulated(frames: "2", table: [0, 20], fragments: [[1, 2], [3, 4], [5, 6]])

        #expect(index?.byteRanges(frameIndex: 0) == [first..<first + 2, first + 10..<first + 12])
        #expect(index?.byteRanges(frameIndex: 1) == [first + 20..<first + 22])
    }

    @Test func `the Extended Offset Table counts where the basic one is empty`() throws {
        let (index, first) = try encapsulated(frames: "2", extended: [0, 10], fragments: [[1, 2], [3, 4], [5, 6]])

        #expect(index?.byteRanges(frameIndex: 0) == [first..<first + 2])
        #expect(index?.byteRanges(frameIndex: 1) == [first + 10..<first + 12, first + 20..<first + 22])
    }

    @Test(arguments: [[0, 11], [10, 0], [0, 0], [10, 20], [0, 4_000_000_000], [0], [0, 10, 20]] as [[UInt32]])
    func `a wrong table gives way to the markers of images`(table: [UInt32]) throws {
        let fragments: [[UInt8]] = [[0xFF, 0xD8], [1, 2], [0xFF, 0xD8]]

        let (index, first) = try encapsulated(frames: "2", table: table, fragments: fragments)

        #expect(index?.byteRanges(frameIndex: 0) == [first..<first + 2, first + 10..<first + 12])
        #expect(index?.byteRanges(frameIndex: 1) == [first + 20..<first + 22])
    }

    @Test(arguments: [1, 3]) func `markers are found in pieces of any size`(pieceLength: Int) throws {
        let fragments: [[UInt8]] = [[0xFF, 0x4F, 0xFF, 0x51], [1, 2], [0xFF, 0x4F, 0xFF, 0x51]]

        let whole = try encapsulated(frames: "2", fragments: fragments)

        #expect(try encapsulated(frames: "2", fragments: fragments, pieceLength: pieceLength).index == whole.index)
        #expect(whole.index != nil)
    }

    @Test func `fragments that cannot be told apart have no index`() throws {
        #expect(try encapsulated(frames: "2", fragments: [[1, 2], [3, 4], [5, 6]]).index == nil)
        #expect(try encapsulated(frames: "4", fragments: [[1, 2]]).index == nil)
        #expect(try encapsulated(fragments: []).index == nil)
    }

    @Test func `fragments are limited`() throws {
        var limits = DataSetLimits()
        limits.fragmentCount = 3
        var bytes = Bytes()
        bytes.identity()
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        for _ in 0..<4 { bytes.marker(Bytes.item, length: 0) }

        let error = #expect(throws: DataSetError.self) { try scanned(bytes.buffer, limits: limits) }

        #expect(error?.code == .tooManyFragments)
    }

    @Test func `the stored form reads back equal, and its bytes are those of the format`() throws {
        let one = try #require(FrameIndex(frameCount: 2, bitsPerFrame: 96, offset: 0x1234))
        let many = try #require(try encapsulated(frames: "2", table: [0, 18], fragments: [[1, 2], [], [5]]).index)

        #expect(try FrameIndex(decoding: one.encoded()) == one)
        #expect(try FrameIndex(decoding: many.encoded()) == many)
        #expect(
            Array(one.encoded().readableBytesView)
                == [1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0]
        )
    }

    @Test func `a damaged stored form is refused or tells nothing, and never traps`() throws {
        let index = try #require(
            try encapsulated(frames: "2", table: [0, 20], fragments: [[1, 2], [3, 4], [5]]).index
        )
        let encoded = index.encoded()

        for length in 0..<encoded.readableBytes {
            let cut = encoded.getSlice(at: 0, length: length) ?? ByteBuffer()
            #expect(throws: DataSetError.self) { try FrameIndex(decoding: cut) }
        }
        for position in 0..<encoded.readableBytes {
            var damaged = encoded
            damaged.setInteger(0xFF as UInt8, at: position)
            guard let read = try? FrameIndex(decoding: damaged) else { continue }
            for frameIndex in [0, 1, read.frameCount - 1] { _ = read.byteRanges(frameIndex: frameIndex) }
        }
        #expect(FrameIndex(frameCount: .max, bitsPerFrame: .max, offset: .max) == nil)
        #expect(FrameIndex(frameCount: 1, bitsPerFrame: 8, offset: .max) == nil)
    }
}
