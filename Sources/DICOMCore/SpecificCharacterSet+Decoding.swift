extension SpecificCharacterSet {
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The characters of a value field, backslashes and padding included.
    ///
    /// - Parameter isPersonName: Whether `^` and `=` delimit parts of a name, hence switch back to the first set.
    public func decode(_ bytes: some Collection<UInt8>, isPersonName: Bool = false) -> String {
        // Text is nearly always ASCII, which all sets share; escape sequences are ASCII too.
        let isPlain = bytes.allSatisfy { $0 < 0x80 && $0 != 0x1B }
        if isPlain || first == .utf8 {
            return String(decoding: bytes, as: UTF8.self)
        }
        if first == .gb18030 {
            return MultiByteText.decodeGB18030(Array(bytes))
        }
        var scalars = String.UnicodeScalarView()
        var reader = Reader(characterSet: self, isPersonName: isPersonName)
        for byte in bytes {
            reader.read(byte, into: &scalars)
        }
        reader.finish(into: &scalars)
        return String(scalars)
    }

    /// Walks over the bytes with the sets that escape sequences have chosen.
    private struct Reader {
        let characterSet: SpecificCharacterSet
        let isPersonName: Bool
        /// The set of bytes below 80, and of those above.
        var lower = Repertoire.ascii
        var upper: Repertoire
        /// The escape sequence so far.
        var escape: [UInt8] = []
        var isEscaping = false
        /// Bytes of two-byte characters that have come one after another, all of one set.
        var pairs: [UInt8] = []
        var pairSet = MultiByteText.DoubleByteSet.jisX0208

        init(characterSet: SpecificCharacterSet, isPersonName: Bool) {
            self.characterSet = characterSet
            self.isPersonName = isPersonName
            upper = characterSet.first
        }

        mutating func read(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
            if isEscaping {
                continueEscape(byte, into: &scalars)
                return
            }
            if pairs.count % 2 == 1, byte > 0x20 {
                pairs.append(byte)
                return
            }
            if let set = doubleByteSet(of: byte) {
                if set != pairSet { flush(into: &scalars) }
                pairSet = set
                pairs.append(byte)
                return
            }
            flush(into: &scalars)
            switch byte {
            case 0x1B where characterSet.allowsCodeExtensions:
                isEscaping = true
            case 0x5E where !isPersonName, 0x3D where !isPersonName:
                scalars.append(Unicode.Scalar(byte))
            case 0x09, 0x0A, 0x0C, 0x0D, 0x5C, 0x5E, 0x3D:
                // The delimiters of values and of name parts switch back to the first set (PS3.5 6.1.2.5.3).
                lower = .ascii
                upper = characterSet.first
                scalars.append(Unicode.Scalar(byte))
            case ..<0x80:
                scalars.append(Unicode.Scalar(byte))
            default:
                readUpper(byte, into: &scalars)
            }
        }

        /// The set whose character begins with this byte, if it is one of two bytes.
        private func doubleByteSet(of byte: UInt8) -> MultiByteText.DoubleByteSet? {
            switch (byte, lower, upper) {
            case (0x21...0x7E, .doubleByte(let set), _), (0xA1...0xFE, _, .doubleByte(let set)): set
            default: nil
            }
        }

        private mutating func flush(into scalars: inout String.UnicodeScalarView) {
            guard !pairs.isEmpty else { return }
            scalars.append(contentsOf: MultiByteText.decode(pairs: pairs, of: pairSet).unicodeScalars)
            pairs.removeAll(keepingCapacity: true)
        }

        mutating func finish(into scalars: inout String.UnicodeScalarView) {
            flush(into: &scalars)
            if isEscaping { scalars.append(SpecificCharacterSet.replacement) }
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
            case .table, .katakana, .ascii, .utf8, .gb18030, .doubleByte:
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
            case [0x24, 0x42]: lower = .doubleByte(.jisX0208)
            case [0x24, 0x28, 0x44]: lower = .doubleByte(.jisX0212)
            case [0x24, 0x29, 0x43]: upper = .doubleByte(.ksX1001)
            case [0x24, 0x29, 0x41]: upper = .doubleByte(.gb2312)
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
