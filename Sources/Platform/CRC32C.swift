public import NIOCore

/// The Castagnoli cyclic redundancy check (RFC 3720 12.1): finds accidents, not attackers.
///
/// Eight tables, eight bytes a step.
public struct CRC32C: Sendable, Hashable {
    private var state: UInt32 = 0xFFFF_FFFF

    /// Starts an empty check.
    public init() {}

    /// The check value of everything added so far.
    public var value: UInt32 { ~state }

    /// Adds the readable bytes of a buffer.
    public mutating func update(_ buffer: ByteBuffer) {
        update(buffer.readableBytesSpan)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: RawSpan) {
        var state = state
        var index = 0
        while index &+ 8 <= bytes.byteCount {
            // Eight bytes from the index on lie within the span, and the load needs no alignment.
            var word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            word ^= UInt64(state)
            state = 0
            for table in 0..<8 {
                state ^= tables[(7 - table) * 256 + Int((word >> (8 * UInt64(table))) & 0xFF)]
            }
            index &+= 8
        }
        while index < bytes.byteCount {
            // The index is below the count of bytes.
            let byte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self)
            state = tables[Int((state ^ UInt32(byte)) & 0xFF)] ^ (state >> 8)
            index &+= 1
        }
        self.state = state
    }

    /// The check value of the readable bytes of a buffer.
    public static func checksum(_ buffer: ByteBuffer) -> UInt32 {
        var check = CRC32C()
        check.update(buffer)
        return check.value
    }
}

/// Table k at k * 256: the effect of a byte that k more bytes follow.
private let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
        var value = UInt32(byte)
        for _ in 0..<8 {
            value = value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1
        }
        tables[byte] = value
    }
    for index in 256..<(8 * 256) {
        let previous = tables[index - 256]
        tables[index] = tables[Int(previous & 0xFF)] ^ (previous >> 8)
    }
    return tables
}()
