import NIOCore

extension PixelFrame {
    /// The frame with nothing in the bits beside the stored ones: of Bits Allocated 16 and Bits Stored 12, the other four.
    ///
    /// Old objects keep overlays there, with text among them, whether or not an element says so (PS3.5 8.1.2, retired).
    /// Above a signed sample its sign is repeated.
    ///
    /// - Returns: `nil` when there is nothing to clear.
    public func withoutUnusedBits() -> PixelFrame? {
        guard format.bitsStored < format.bitsAllocated, format.kind != .float,
            [8, 16, 32, 64].contains(format.bitsAllocated)
        else { return nil }
        switch format.bitsAllocated {
        case 8: return cleared(UInt8.self)
        case 16: return cleared(UInt16.self)
        case 32: return cleared(UInt32.self)
        default: return cleared(UInt64.self)
        }
    }

    private func cleared<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ type: Word.Type
    ) -> PixelFrame? {
        let shift = Word(truncatingIfNeeded: format.highBit + 1 - format.bitsStored)
        let stored = (Word.max >> Word(truncatingIfNeeded: Word.bitWidth - format.bitsStored)) << shift
        let sign = format.kind == .signed ? Word(1) << Word(truncatingIfNeeded: format.highBit) : 0
        // What stands above a sign bit: nothing where that is the highest of all.
        let above = format.highBit + 1 < Word.bitWidth ? Word.max << Word(truncatingIfNeeded: format.highBit + 1) : 0
        var words = bytes
        var result = ByteBufferAllocator().buffer(capacity: bytes.readableBytes)
        var isChanged = false
        while let word = words.readInteger(endianness: .little, as: Word.self) {
            let kept = word & stored | (word & sign != 0 ? above : 0)
            // Some writers leave the bits above a negative sample empty: that tells nothing.
            isChanged = isChanged || (kept != word && word != word & stored)
            result.writeInteger(kept, endianness: .little)
        }
        guard isChanged, result.readableBytes == format.frameLength else { return nil }
        return try? PixelFrame(format, result)
    }
}
