import NIOCore

/// Base 64 with padding and without line breaks (RFC 4648 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each character, 255 where it is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func write(_ bytes: ByteBuffer, into output: inout ByteBuffer) {
        output.writeBytes(encoded(Array(bytes.readableBytesView)))
    }

    /// The text of bytes.
    static func encoded(_ source: [UInt8]) -> [UInt8] {
        // Arrays, not buffers, in the loop: one check a byte instead of one call.
        var characters = [UInt8](repeating: 0x3D, count: (source.count + 2) / 3 * 4)
        var target = 0
        var position = 0
        while position < source.count {
            let left = source.count - position
            let second = left > 1 ? source[position + 1] : 0
            let third = left > 2 ? source[position + 2] : 0
            let bits = UInt32(source[position]) << 16 | UInt32(second) << 8 | UInt32(third)
            characters[target] = alphabet[Int(bits >> 18)]
            characters[target + 1] = alphabet[Int(bits >> 12 & 0x3F)]
            if left > 1 { characters[target + 2] = alphabet[Int(bits >> 6 & 0x3F)] }
            if left > 2 { characters[target + 3] = alphabet[Int(bits & 0x3F)] }
            position += 3
            target += 4
        }
        return characters
    }

    /// The bytes of a text; `nil` when a character, the length, the padding or the unused bits are not as they must be.
    static func decode(_ text: String) -> ByteBuffer? {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        let padding = characters.suffix(2).count { $0 == 0x3D }
        guard padding == 0 || characters.last == 0x3D else { return nil }
        var output = ByteBufferAllocator().buffer(capacity: characters.count / 4 * 3)
        var bits: UInt32 = 0
        for (position, character) in characters.dropLast(padding).enumerated() {
            let value = values[Int(character)]
            guard value != 255 else { return nil }
            bits = bits << 6 | UInt32(value)
            if position % 4 == 3 {
                output.writeInteger(UInt16(truncatingIfNeeded: bits >> 8), endianness: .big)
                output.writeInteger(UInt8(truncatingIfNeeded: bits))
                bits = 0
            }
        }
        switch padding {
        case 1:
            guard bits & 3 == 0 else { return nil }
            output.writeInteger(UInt16(truncatingIfNeeded: bits >> 2), endianness: .big)
        case 2:
            guard bits & 15 == 0 else { return nil }
            output.writeInteger(UInt8(truncatingIfNeeded: bits >> 4))
        default: break
        }
        return output
    }
}
