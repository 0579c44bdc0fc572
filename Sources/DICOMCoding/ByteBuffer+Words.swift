import NIOCore

extension ByteBuffer {
    /// Reverses the bytes of each word of so many bytes; a rest that is no word stays as it is.
    mutating func swapWords(of wordLength: Int) {
        guard wordLength > 1, readableBytes >= wordLength else { return }
        let count = readableBytes / wordLength
        // The pointer stays inside the closure, and every access is within `count` words of the readable bytes.
        unsafe withUnsafeMutableReadableBytes { bytes in
            switch wordLength {
            case 2: unsafe Self.swap(bytes, count, as: UInt16.self)
            case 4: unsafe Self.swap(bytes, count, as: UInt32.self)
            default: unsafe Self.swap(bytes, count, as: UInt64.self)
            }
        }
    }

    // Loads and stores need no alignment.
    private static func swap<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ count: Int,
        as: Word.Type
    ) {
        for position in 0..<count {
            let offset = position * MemoryLayout<Word>.size
            // `offset` and a word behind it are within the buffer: see the caller.
            let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Word.self)
            // As above.
            unsafe bytes.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
        }
    }
}
