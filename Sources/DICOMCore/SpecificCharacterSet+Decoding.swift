extension SpecificCharacterSet {
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The characters of a value field, backslashes and padding included.
    public func decode(_ bytes: some Collection<UInt8>) -> String {
        // Text is nearly always ASCII, which all sets share; escape sequences are ASCII too.
        let isPlain = bytes.allSatisfy { $0 < 0x80 && $0 != 0x1B }
        if isPlain || first == .utf8 {
            return String(decoding: bytes, as: UTF8.self)
        }
        var scalars = String.UnicodeScalarView()
        var reader = Reader(characterSet: self)
        for byte in bytes {
            reader.read(byte, into: &scalars)
        }
        reader.finish(into: &scalars)
        return String(scalars)
    }

    /// Walks over the bytes with the sets that escape sequences have chosen.
    private struct Reader {
        let characterSet: SpecificCharacterSet
        /// The set of bytes below 80, and of those above.
        var lower = Repertoire.ascii
        var upper: Repertoire
        /// Escape sequence so far, or the first byte of a two-byte character.
        var escape: [UInt8] = []
        var isEscaping = false
        var pending = 0

        init(characterSet: SpecificCharacterSet) {
            self.characterSet = characterSet
            upper = characterSet.first
        }

        mutating func read(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
            if isEscaping {
                continueEscape(byte, into: &scalars)
                return
            }
            if pending > 0 {
                pending -= 1
                if pending == 0 { scalars.append(SpecificCharacterSet.replacement) }
                return
            }
            switch byte {
            case 0x1B where characterSet.allowsCodeExtensions:
                isEscaping = true
            case 0x0A, 0x0C, 0x0D, 0x09,
                0x5C where lower != .doubleByte, 0x5E where lower != .doubleByte,
                0x3D where lower != .doubleByte:
                // The delimiters of values and of name parts switch back to the first set (PS3.5 6.1.2.5.3).
                resetSets()
                scalars.append(Unicode.Scalar(byte))
            case ..<0x80:
                readLower(byte, into: &scalars)
            default:
                readUpper(byte, into: &scalars)
            }
        }

        mutating func finish(into scalars: inout String.UnicodeScalarView) {
            if isEscaping || pending > 0 { scalars.append(SpecificCharacterSet.replacement) }
        }

        private mutating func resetSets() {
            lower = .ascii
            upper = characterSet.first
        }

        private mutating func readLower(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
            if lower == .doubleByte, byte > 0x20, byte < 0x7F {
                pending = 1
            } else {
                scalars.append(Unicode.Scalar(byte))
            }
        }

        private mutating func readUpper(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
            switch upper {
            case .latin1:
                scalars.append(Unicode.Scalar(byte))
            case .table(let table) where byte >= 0xA0:
                scalars.append(
                    Unicode.Scalar(table.codePoints[Int(byte) - 0xA0]) ?? SpecificCharacterSet.replacement
                )
            case .katakana where (0xA1...0xDF).contains(byte):
                // JIS X 0201 lies in Unicode in the same order: A1 is FF61.
                scalars.append(Unicode.Scalar(0xFEC0 + UInt16(byte)) ?? SpecificCharacterSet.replacement)
            case .doubleByte, .gb18030:
                pending = 1
            case .table, .katakana, .ascii, .utf8:
                scalars.append(SpecificCharacterSet.replacement)
            }
        }

        private mutating func continueEscape(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
            escape.append(byte)
            // Intermediate bytes 20 to 2F, then one final byte (ISO/IEC 2022).
            if (0x20...0x2F).contains(byte), escape.count < 4 { return }
            select(escape, into: &scalars)
            escape.removeAll(keepingCapacity: true)
            isEscaping = false
        }

        private mutating func select(_ sequence: [UInt8], into scalars: inout String.UnicodeScalarView) {
            switch sequence {
            case [0x28, 0x42], [0x28, 0x4A]: lower = .ascii
            case [0x29, 0x49]: upper = .katakana
            case [0x24, 0x42], [0x24, 0x28, 0x44]: lower = .doubleByte
            case [0x24, 0x29, 0x43], [0x24, 0x29, 0x41]: upper = .doubleByte
            case [0x2D, 0x41]: upper = .latin1
            case [0x2D, 0x42]: upper = .table(.latin2)
            case [0x2D, 0x43]: upper = .table(.latin3)
            case [0x2D, 0x44]: upper = .table(.latin4)
            case [0x2D, 0x46]: upper = .table(.greek)
            case [0x2D, 0x47]: upper = .table(.arabic)
            case [0x2D, 0x48]: upper = .table(.hebrew)
            case [0x2D, 0x4C]: upper = .table(.cyrillic)
            case [0x2D, 0x4D]: upper = .table(.latin5)
            case [0x2D, 0x54]: upper = .table(.thai)
            case [0x2D, 0x62]: upper = .table(.latin9)
            default: scalars.append(SpecificCharacterSet.replacement)
            }
        }
    }
}
