extension SpecificCharacterSet {
    /// The characters of a value field, backslashes and padding included.
    ///
    /// - Parameter isPersonName: Whether `^` and `=` delimit parts of a name, hence switch back to the first set.
    public func decode(_ bytes: some Collection<UInt8>, isPersonName: Bool = false) -> String {
        decoded(bytes, isPersonName ? .personNames : .values).text
    }

    /// The characters of a value field of that VR, and whether every byte of it meant one.
    public func decoded(_ bytes: some Collection<UInt8>, _ vr: VR) -> DecodedText {
        decoded(bytes, TextDelimiters(vr))
    }

    func decoded(_ bytes: some Collection<UInt8>, _ delimiters: TextDelimiters) -> DecodedText {
        // Text is nearly always ASCII, which all sets share; escape sequences are ASCII too.
        if bytes.allSatisfy({ $0 < 0x80 && $0 != 0x1B }) {
            return DecodedText(text: String(decoding: bytes, as: UTF8.self))
        }
        let bytes = Array(bytes)
        let text = declared.decoded(bytes, delimiters)
        guard !text.isExact, let assumed, declared.first.isTelling else { return text }
        let other = assumed.decoded(bytes, delimiters)
        // Who says nothing has said nothing wrong.
        if declared.sets == [.ascii] { return other }
        // Characters of several bytes do not come about by chance: where there are any, the rest is damaged.
        let hasMeaning = text.text.unicodeScalars.contains { $0.value >= 0x80 && $0 != "\u{FFFD}" }
        return other.isExact && !hasMeaning ? other : text
    }
}

extension SpecificCharacterSet.Coding {
    fileprivate func decoded(_ bytes: [UInt8], _ delimiters: TextDelimiters) -> DecodedText {
        switch first {
        case .utf8:
            if let text = String(validating: bytes, as: UTF8.self) { return DecodedText(text: text) }
            return DecodedText(text: String(decoding: bytes, as: UTF8.self), isExact: false)
        case .gb18030: return MultiByteText.decode(bytes, from: .gb18030)
        case .gbk: return MultiByteText.decode(bytes, from: .gbk)
        case .ascii, .latin1, .table, .katakana, .doubleByte:
            var reader = CodeExtensionReader(bytes, self, delimiters)
            return reader.read()
        }
    }
}

/// Walks over bytes with the sets that escape sequences have chosen (PS3.5 6.1.2.5).
private struct CodeExtensionReader {
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    private let bytes: [UInt8]
    private let coding: SpecificCharacterSet.Coding
    private let delimiters: TextDelimiters
    private var position = 0
    /// The set of bytes below 80, and of those above.
    private var lower = Repertoire.ascii
    private var upper: Repertoire
    private var scalars = String.UnicodeScalarView()
    private var isExact = true

    init(_ bytes: [UInt8], _ coding: SpecificCharacterSet.Coding, _ delimiters: TextDelimiters) {
        self.bytes = bytes
        self.coding = coding
        self.delimiters = delimiters
        upper = coding.first
    }

    mutating func read() -> DecodedText {
        scalars.reserveCapacity(bytes.count)
        while position < bytes.count {
            let byte = bytes[position]
            if let set = doubleByteSet(of: byte) {
                readPairs(set, isUpper: byte >= 0x80)
            } else if byte == 0x1B {
                readEscape()
            } else {
                position += 1
                readSingle(byte)
            }
        }
        return DecodedText(text: String(scalars), isExact: isExact)
    }

    private mutating func readSingle(_ byte: UInt8) {
        guard byte < 0x80 else { return append(upperCharacter(byte)) }
        if delimiters.contains(byte) {
            lower = .ascii
            upper = coding.first
        }
        // As G0, JIS X 0201 has Katakana where ASCII has letters.
        let isKatakana = lower == .katakana && (0x21...0x5F).contains(byte)
        scalars.append(isKatakana ? Unicode.Scalar(0xFF40 + UInt16(byte)) ?? Self.replacement : Unicode.Scalar(byte))
    }

    private func upperCharacter(_ byte: UInt8) -> Unicode.Scalar? {
        switch upper {
        case .latin1: return Unicode.Scalar(byte)
        case .table(let table):
            // 80 to 9F are control characters beside all of these sets.
            guard byte >= 0xA0 else { return Unicode.Scalar(byte) }
            let codePoint = table.codePoints[Int(byte) - 0xA0]
            return codePoint == 0xFFFD ? nil : Unicode.Scalar(codePoint)
        case .katakana:
            // JIS X 0201 lies in Unicode in the same order: A1 is FF61.
            return (0xA1...0xDF).contains(byte) ? Unicode.Scalar(0xFEC0 + UInt16(byte)) : nil
        case .ascii, .utf8, .gb18030, .gbk, .doubleByte: return nil
        }
    }

    /// A character, or its replacement.
    private mutating func append(_ scalar: Unicode.Scalar?) {
        scalars.append(scalar ?? Self.replacement)
        if scalar == nil { isExact = false }
    }

    /// The set whose character begins with this byte, if it is one of two bytes.
    private func doubleByteSet(of byte: UInt8) -> MultiByteText.DoubleByteSet? {
        switch (byte, lower, upper) {
        case (0x21...0x7E, .doubleByte(let set), _), (0xA1...0xFE, _, .doubleByte(let set)): set
        default: nil
        }
    }

    /// Reads the characters of two bytes that follow each other; half of one is replaced alone.
    private mutating func readPairs(_ set: MultiByteText.DoubleByteSet, isUpper: Bool) {
        let valid: ClosedRange<UInt8> = isUpper ? 0xA1...0xFE : 0x21...0x7E
        let start = position
        while position + 1 < bytes.count, valid.contains(bytes[position]), valid.contains(bytes[position + 1]) {
            position += 2
        }
        if position > start {
            let decoded = MultiByteText.decode(pairs: bytes[start..<position], of: set)
            scalars.append(contentsOf: decoded.text.unicodeScalars)
            isExact = isExact && decoded.isExact
        } else {
            position += 1
            append(nil)
        }
    }

    private mutating func readEscape() {
        if let sequence = EscapeSequence.leading(bytes[(position + 1)...]) {
            position += 1 + sequence.bytes.count
            if sequence.isUpper { upper = sequence.repertoire } else { lower = sequence.repertoire }
            return
        }
        position += 1
        guard coding.allowsCodeExtensions else {
            // Nobody said that ESC means anything here.
            scalars.append("\u{1B}")
            return
        }
        // Intermediate bytes 20 to 2F, then one final byte (ISO/IEC 2022).
        let limit = min(bytes.count, position + 4)
        while position < limit, (0x20...0x2F).contains(bytes[position]) { position += 1 }
        if position < limit { position += 1 }
        append(nil)
    }
}
