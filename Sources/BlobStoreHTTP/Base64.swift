/// Bytes as base64 with padding (RFC 4648 4) and back.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Four characters for every three bytes or part of them.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                digits += (0..<4).map { alphabet[Int(bits >> (18 - 6 * $0) & 0x3F)] }
                (bits, count) = (0, 0)
            }
        }
        if count > 0 {
            bits <<= UInt32(8 * (3 - count))
            digits += (0..<count + 1).map { alphabet[Int(bits >> (18 - 6 * $0) & 0x3F)] }
            digits += [UInt8](repeating: UInt8(ascii: "="), count: 3 - count)
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The bytes; `nil` for anything that ``encode(_:)`` does not write.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard text.utf8.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFF_FFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return encode(bytes) == String(text) ? bytes : nil
    }
}
