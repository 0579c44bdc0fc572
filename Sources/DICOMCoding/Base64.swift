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
        var rest = bytes
        while let high = rest.readInteger(endianness: .big, as: UInt16.self) {
            guard let low = rest.readInteger(as: UInt8.self) else {
                writeGroup(UInt32(high) << 8, characters: 3, into: &output)
                return
            }
            writeGroup(UInt32(high) << 8 | UInt32(low), characters: 4, into: &output)
        }
        if let last = rest.readInteger(as: UInt8.self) {
            writeGroup(UInt32(last) << 16, characters: 2, into: &output)
        }
    }

    private static func writeGroup(_ bits: UInt32, characters: Int, into output: inout ByteBuffer) {
        var word: UInt32 = 0
        for position in 0..<4 {
            let sextet = Int(bits >> UInt32(18 - 6 * position)) & 0x3F
            word = word << 8 | UInt32(position < characters ? alphabet[sextet] : 0x3D)
        }
        output.writeInteger(word, endianness: .big)
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
