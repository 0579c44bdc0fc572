import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `Cutting frames out of Pixel Data that passes` {
    private func frames(
        of bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        pieceLength: Int,
        limit: Int = 1 << 20,
        swapsWords: Bool = false
    ) throws -> (frames: [[UInt8]], isComplete: Bool) {
        let index = try #require(try scanned(bytes, transferSyntax).frameIndex)
        var cutter = FrameCutter(index, lengthLimit: limit, swapsWords: swapsWords)
        var decoder = DataSetDecoder(transferSyntax: transferSyntax)
        var frames: [[UInt8]] = []
        var isInside = false
        for token in try tokens(bytes, by: &decoder, pieceLength: pieceLength) {
            switch token {
            case .beginBulk, .beginFragments: isInside = true
            case .endBulk, .endFragments: isInside = false
            default: break
            }
            guard isInside else { continue }
            try cutter.accept(token)
            while let frame = cutter.next() { frames.append(Array(frame.readableBytesView)) }
        }
        return (frames, cutter.isComplete)
    }

    private func image(bits: UInt8, frames: String, _ pixels: [UInt8], columns: UInt16 = 3) -> ByteBuffer {
        var bytes = Bytes()
        bytes.identity()
        bytes.text(0x0028_0008, "IS", frames)
        bytes.explicit(0x0028_0010, "US", [1, 0])
        bytes.explicit(0x0028_0011, "US", [UInt8(columns & 0xFF), UInt8(columns >> 8)])
        bytes.explicit(0x0028_0100, "US", [bits, 0])
        bytes.explicit(0x7FE0_0010, "OB", pixels)
        return bytes.buffer
    }

    @Test(arguments: [1, 2, 3, 5, 1_000]) func `words are put in order before frames are cut`(piece: Int) throws {
        let three = image(bits: 8, frames: "3", [2, 1, 4, 3, 6, 5, 8, 7, 0, 9])
        // Bits from the lowest on, the second byte of the word first: 101 011 110 010.
        let bits = image(bits: 1, frames: "4", [0b0000_0100, 0b1111_0101])

        let cut = try frames(of: three, .explicitVRLittleEndian, pieceLength: piece, swapsWords: true)
        let cutBits = try frames(of: bits, .explicitVRLittleEndian, pieceLength: piece, swapsWords: true)

        #expect(cut.frames == [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        #expect(cutBits.frames == [[0b101], [0b110], [0b011], [0b010]])
    }

    @Test(arguments: [1, 2, 5, 1_000]) func `native frames come out whole, whatever the pieces`(piece: Int) throws {
        let bytes = image(bits: 8, frames: "2", [1, 2, 3, 4, 5, 6])

        let (frames, isComplete) = try frames(of: bytes, .explicitVRLittleEndian, pieceLength: piece)

        #expect(frames == [[1, 2, 3], [4, 5, 6]])
        #expect(isComplete)
    }

    @Test(arguments: [1, 1_000]) func `frames that do not end with a byte begin with one`(piece: Int) throws {
        // Bits from the lowest on: 101 011 110 010, padded.
        let bytes = image(bits: 1, frames: "4", [0b1111_0101, 0b0000_0100])

        let (frames, _) = try frames(of: bytes, .explicitVRLittleEndian, pieceLength: piece)

        #expect(frames == [[0b101], [0b110], [0b011], [0b010]])
    }

    @Test func `no more is held than a frame and a piece, and a frame that was handed out has memory of its own`()
        throws
    {
        // 16 frames of 1000 bytes, in pieces that end anywhere.
        let pixels = (0..<16_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let bytes = image(bits: 8, frames: "16", pixels, columns: 1_000)
        let index = try #require(try scanned(bytes, .explicitVRLittleEndian).frameIndex)
        var cutter = FrameCutter(index, lengthLimit: 1 << 20)
        let start = try #require(index.byteRanges(frameIndex: 0).first).lowerBound
        try cutter.accept(
            .beginBulk(
                ElementHeader(
                    tag: .pixelData,
                    vr: .ob,
                    offset: start - 12,
                    valueOffset: start,
                    length: 16_000,
                    isBigEndian: false
                )
            )
        )
        var held = 0
        var frames: [ByteBuffer] = []
        for lower in stride(from: 0, to: pixels.count, by: 300) {
            try cutter.accept(.bulkBytes(ByteBuffer(bytes: pixels[lower..<min(pixels.count, lower + 300)])))
            held = max(held, cutter.heldCapacity)
            while let frame = cutter.next() { frames.append(frame) }
            held = max(held, cutter.heldCapacity)
        }

        #expect(frames.flatMap { Array($0.readableBytesView) } == pixels)
        // Memory comes in powers of two.
        #expect(held <= 1_024 + 512)
        #expect(frames.allSatisfy { $0.storageCapacity <= 1_024 })
        #expect(cutter.heldCapacity == 0)
    }

    @Test(arguments: [1, 7, 1_000]) func `fragments are joined, and the offset table is no frame`(piece: Int) throws {
        var bytes = Bytes()
        bytes.identity()
        bytes.text(0x0028_0008, "IS", "2")
        bytes.explicit(0x7FE0_0010, "OB", [], length: Bytes.undefined)
        for fragment: [UInt8] in [[0, 0, 0, 0, 20, 0, 0, 0], [1, 2], [3, 4], [5, 6, 7, 8]] {
            bytes.marker(Bytes.item, length: UInt32(fragment.count))
            bytes.buffer.writeBytes(fragment)
        }
        bytes.marker(Bytes.sequenceEnd, length: 0)

        let (frames, isComplete) = try frames(of: bytes.buffer, .rleLossless, pieceLength: piece)

        #expect(frames == [[1, 2, 3, 4], [5, 6, 7, 8]])
        #expect(isComplete)
    }

    @Test func `a frame beyond the limit is refused before it is gathered`() throws {
        let bytes = image(bits: 8, frames: "2", [1, 2, 3, 4, 5, 6])

        let error = #expect(throws: DataSetError.self) {
            try frames(of: bytes, .explicitVRLittleEndian, pieceLength: 10, limit: 2)
        }

        #expect(error?.code == .lengthExceedsLimit)
        #expect(try frames(of: bytes, .explicitVRLittleEndian, pieceLength: 10, limit: 3).isComplete)
    }

    @Test func `joined, frames have no gap between them`() {
        var joiner = FrameJoiner(bitsPerFrame: 3)
        var bytes: [UInt8] = []
        for frame: UInt8 in [0b1111_1101, 0b110, 0b011, 0b010] {
            bytes += Array(joiner.join(ByteBuffer(bytes: [frame])).readableBytesView)
        }
        bytes += Array(joiner.finish().readableBytesView)

        #expect(bytes == [0b1111_0101, 0b0000_0100])
    }

    @Test func `a value of 4 GiB has no length field`() {
        let frame = UInt64(1 << 20) * 8

        #expect(PixelDataForm.native(vr: .ob, bitsPerFrame: frame, frameCount: 4_095).fits)
        #expect(!PixelDataForm.native(vr: .ob, bitsPerFrame: frame, frameCount: 4_096).fits)
        #expect(!PixelDataForm.native(vr: .ob, bitsPerFrame: .max, frameCount: 2).fits)
        #expect(PixelDataForm.encapsulated.fits)
    }
}
