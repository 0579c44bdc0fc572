/// Takes the padding from text (PS3.5 6.2): spaces and, from devices that pad wrongly, NUL.
enum PaddedText {
    static func trimmed(_ text: String, leading: Bool = true) -> String {
        let utf8 = text.utf8
        guard let first = utf8.first, let last = utf8.last else { return text }
        guard isPadding(last) || (leading && isPadding(first)) else { return text }
        var part = utf8[...]
        while let byte = part.last, isPadding(byte) { part = part.dropLast() }
        if leading {
            while let byte = part.first, isPadding(byte) { part = part.dropFirst() }
        }
        return String(Substring(part))
    }

    private static func isPadding(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 }
}
