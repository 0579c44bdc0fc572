public import NIOCore

extension SpecificCharacterSet {
    /// The bytes of a text; `nil` when it has characters that the sets do not have.
    ///
    /// Escape sequences stand where PS3.5 6.1.2.5.3 asks for them: in front of the first character of another set, and
    /// back to the first set before delimiters, control characters and the end.
    ///
    /// - Parameter isPersonName: Whether `^` and `=` delimit parts of a name.
    public func encode(_ text: String, isPersonName: Bool = false) -> ByteBuffer? {
        // All sets share ASCII; a bare ESC would be read as the beginning of a sequence.
        if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x1B }) { return ByteBuffer(string: text) }
        switch declared.first {
        case .utf8: return ByteBuffer(string: text)
        case .gb18030: return MultiByteText.encode(text, to: .gb18030).map { ByteBuffer(bytes: $0) }
        case .gbk: return MultiByteText.encode(text, to: .gbk).map { ByteBuffer(bytes: $0) }
        case .ascii, .latin1, .table, .katakana, .doubleByte:
            var writer = CodeExtensionWriter(declared, isPersonName ? .personNames : .values)
            return writer.write(text)
        }
    }
}

/// Writes characters with the escape sequences that they need.
private struct CodeExtensionWriter {
    private let coding: SpecificCharacterSet.Coding
    private let delimiters: TextDelimiters
    private var bytes = ByteBuffer()
    private var lower = Repertoire.ascii
    private var upper: Repertoire

    init(_ coding: SpecificCharacterSet.Coding, _ delimiters: TextDelimiters) {
        self.coding = coding
        self.delimiters = delimiters
        upper = coding.first
        if upper.isDoubleByte { upper = .ascii }
    }

    mutating func write(_ text: String) -> ByteBuffer? {
        for scalar in text.unicodeScalars {
            guard scalar.isASCII else {
                guard write(scalar) else { return nil }
                continue
            }
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            guard byte != 0x1B else { return nil }
            if byte < 0x20 || delimiters.contains(byte) {
                switchToFirst()
            } else {
                switchToASCII()
            }
            bytes.writeInteger(byte)
        }
        switchToFirst()
        return bytes
    }

    private mutating func write(_ scalar: Unicode.Scalar) -> Bool {
        // The sets at hand cost no escape sequence.
        for set in [lower, upper] + coding.sets {
            guard let code = Self.code(of: scalar, in: set) else { continue }
            guard set == lower || set == upper || coding.allowsCodeExtensions else { continue }
            guard choose(set) else { continue }
            bytes.writeBytes(code)
            return true
        }
        return false
    }

    private mutating func choose(_ set: Repertoire) -> Bool {
        guard set != lower, set != upper else { return true }
        guard let sequence = EscapeSequence.choosing(set) else { return false }
        escape(sequence.bytes)
        if sequence.isUpper { upper = set } else { lower = set }
        return true
    }

    private mutating func escape(_ sequence: [UInt8]) {
        bytes.writeInteger(UInt8(0x1B))
        bytes.writeBytes(sequence)
    }

    private mutating func switchToASCII() {
        guard lower != .ascii else { return }
        escape(EscapeSequence.ascii(isJapanese: coding.first == .katakana))
        lower = .ascii
    }

    private mutating func switchToFirst() {
        switchToASCII()
        let first = coding.first.isDoubleByte ? .ascii : coding.first
        guard upper != first else { return }
        // The default repertoire has nothing above, so there is nothing to choose.
        if let sequence = EscapeSequence.choosing(first) { escape(sequence.bytes) }
        upper = first
    }

    /// The bytes of a character beyond ASCII in one set, as that set is reached: below 80 as G0, above as G1.
    private static func code(of scalar: Unicode.Scalar, in set: Repertoire) -> [UInt8]? {
        switch set {
        case .latin1: return (0x80...0xFF).contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value)] : nil
        case .table(let table):
            if (0x80...0x9F).contains(scalar.value) { return [UInt8(truncatingIfNeeded: scalar.value)] }
            guard scalar.value != 0xFFFD, let codePoint = UInt16(exactly: scalar.value),
                let place = table.codePoints.firstIndex(of: codePoint)
            else { return nil }
            return [0xA0 + UInt8(truncatingIfNeeded: place)]
        case .katakana:
            return (0xFF61...0xFF9F).contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value - 0xFEC0)] : nil
        case .doubleByte(let set):
            guard let pair = MultiByteText.encode(scalar, to: set) else { return nil }
            return EscapeSequence.choosing(.doubleByte(set))?.isUpper == true ? pair : pair.map { $0 & 0x7F }
        case .ascii, .utf8, .gb18030, .gbk: return nil
        }
    }
}
