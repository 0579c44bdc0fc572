/// Bytes as digits and capital letters without I, L, O and U: nothing to misread, and in any case the same word.
enum Base32 {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// The first so many characters of the text of the bytes, five bits each; bits behind the last byte are zeros.
    static func encode(_ bytes: [UInt8], length: Int) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(length)
        var bits: UInt32 = 0
        var count = 0
        var rest = bytes[...]
        while characters.count < length {
            if count < 5 {
                bits = bits << 8 | UInt32(rest.popFirst() ?? 0)
                count += 8
            }
            count -= 5
            characters.append(alphabet[Int(bits >> UInt32(count) & 31)])
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
