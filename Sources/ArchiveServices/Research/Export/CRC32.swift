import CZlib
import NIOCore

/// The CRC-32 of ZIP (ISO 3309).
enum CRC32 {
    /// The sum with more bytes behind those that it is of.
    static func update(_ sum: UInt32, _ bytes: ByteBuffer) -> UInt32 {
        // The bytes live for the call; a buffer has fewer than 4 GiB, and 0 bytes leave the sum as it is.
        unsafe bytes.withUnsafeReadableBytes { source in
            // An empty buffer may have no address, of which zlib would make a sum of its own.
            guard source.count > 0, let start = unsafe source.bindMemory(to: UInt8.self).baseAddress else { return sum }
            // `start` is valid for `count` bytes.
            return unsafe UInt32(truncatingIfNeeded: CZlib.crc32(UInt(sum), start, UInt32(clamping: source.count)))
        }
    }
}
