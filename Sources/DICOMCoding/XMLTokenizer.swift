import DICOMCore
import NIOCore

/// Reads the part of XML 1.0 that the Native DICOM Model needs, without recursion, and refuses the rest.
///
/// There are tags with attributes, characters, references to characters and to the five predefined entities, CDATA
/// sections, comments, and processing instructions, which are passed over. There are no document types, hence no entities
/// of their own, nothing that is fetched, and nothing that grows: no token is longer than its bytes. Names are ASCII, the
/// encoding is UTF-8.
struct XMLTokenizer {
    private static let attributeLimit = 16
    private static let nameLimit = 64

    private let text: [UInt8]
    private(set) var position = 0
    private let depthLimit: Int
    private var open: [String] = []
    /// The end of an empty-element tag.
    private var pendingEnd: String?
    private var hasRoot = false

    /// Looks over all bytes for what is refused before any is read.
    ///
    /// - Throws: `.encodingNotUTF8`, `.documentTypeDeclaration`.
    init(_ bytes: ByteBuffer, depthLimit: Int) throws(DataSetError) {
        text = Array(bytes.readableBytesView)
        self.depthLimit = depthLimit
        // UTF-16 and UTF-32 begin with a mark, or have zeros among the first letters.
        if let first = text.first, first >= 0xFE || text.prefix(4).contains(0) { throw error(.encodingNotUTF8) }
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if let place = Self.documentType(in: text) {
            position = place
            throw error(.documentTypeDeclaration)
        }
        try readDeclaration()
    }

    /// The next token; `nil` at the end of the text.
    mutating func next() throws(DataSetError) -> XMLToken? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        var characters: [UInt8] = []
        var hasCharacters = false
        while position < text.count {
            if text[position] == 0x3C {
                if try skipMarkup() { continue }
                if begins("<![CDATA[") {
                    hasCharacters = true
                    try readSection(into: &characters)
                    continue
                }
                guard !hasCharacters else { return .text(try string(characters)) }
                return try readTag()
            }
            hasCharacters = true
            try readCharacters(into: &characters)
        }
        guard open.isEmpty else { throw error(.truncated) }
        guard hasCharacters else {
            guard hasRoot else { throw error(.truncated) }
            return nil
        }
        return .text(try string(characters))
    }

    func error(_ code: DataSetError.Code) -> DataSetError { DataSetError(code, at: UInt64(position)) }

    private func begins(_ mark: StaticString) -> Bool {
        text[position...].starts(with: Self.bytes(mark))
    }

    private static func bytes(_ mark: StaticString) -> [UInt8] {
        // The buffer of a constant, valid inside the closure and longer.
        mark.withUTF8Buffer { unsafe Array($0) }
    }

    /// Where a document type declaration stands, in letters of either case.
    private static func documentType(in text: [UInt8]) -> Int? {
        let mark = bytes("<!DOCTYPE")
        var position = 0
        while let start = text[position...].firstIndex(of: 0x3C) {
            let letters = text[start...].prefix(mark.count)
            if letters.count == mark.count, zip(letters, mark).allSatisfy({ $0 == $1 || $0 == $1 | 0x20 }) {
                return start
            }
            position = start + 1
        }
        return nil
    }

    /// Reads the declaration of version and encoding, if there is one.
    private mutating func readDeclaration() throws(DataSetError) {
        guard begins("<?xml"), position + 5 < text.count, Self.isSpace(text[position + 5]) else { return }
        position += 5
        var attributes: [XMLAttribute] = []
        while try readAttribute(into: &attributes) {}
        guard begins("?>") else { throw error(.badXML) }
        guard attributes.first?.name == "version", attributes.first?.value == "1.0" else { throw error(.badXML) }
        let encoding = attributes.first { $0.name == "encoding" }?.value ?? "UTF-8"
        guard encoding.uppercased() == "UTF-8" else { throw error(.encodingNotUTF8) }
        position += 2
    }

    /// Passes over a comment or a processing instruction.
    ///
    /// - Returns: whether there was one.
    private mutating func skipMarkup() throws(DataSetError) -> Bool {
        if begins("<!--") {
            position += 4
            try skip(behind: "--")
            guard position < text.count else { throw error(.truncated) }
            guard text[position] == 0x3E else { throw error(.badXML) }
            position += 1
            return true
        }
        guard begins("<?") else { return false }
        position += 2
        // A second declaration, or one that is not at the beginning (XML 1.0 2.6).
        let target = text[position...].prefix { Self.isNamePart($0) }
        guard !target.map({ $0 | 0x20 }).elementsEqual(Self.bytes("xml")) else { throw error(.badXML) }
        try skip(behind: "?>")
        return true
    }

    private mutating func skip(behind mark: StaticString) throws(DataSetError) {
        let letters = Self.bytes(mark)
        while position + letters.count <= text.count {
            if text[position] == letters[0], text[position + 1] == letters[1] {
                position += letters.count
                return
            }
            position += 1
        }
        position = text.count
        throw error(.truncated)
    }

    private mutating func readSection(into characters: inout [UInt8]) throws(DataSetError) {
        guard !open.isEmpty else { throw error(.badXML) }
        position += 9
        while !begins("]]>") {
            guard position < text.count else { throw error(.truncated) }
            try readCharacter(into: &characters)
        }
        position += 3
    }

    /// Reads characters and references up to the next `<`.
    private mutating func readCharacters(into characters: inout [UInt8]) throws(DataSetError) {
        while position < text.count, text[position] != 0x3C {
            if text[position] == 0x26 {
                try readReference(into: &characters)
            } else {
                if text[position] == 0x5D, begins("]]>") { throw error(.badXML) }
                try readCharacter(into: &characters)
            }
        }
    }

    /// Takes a byte that is part of a character, line ends as a line feed (XML 1.0 2.11).
    private mutating func readCharacter(into characters: inout [UInt8]) throws(DataSetError) {
        let byte = text[position]
        guard byte >= 0x20 || Self.isSpace(byte) else { throw error(.badXML) }
        position += 1
        if byte == 0x0D {
            if position < text.count, text[position] == 0x0A { position += 1 }
            characters.append(0x0A)
            return
        }
        // U+FFFE and U+FFFF are the only characters above the controls that XML lacks (2.2).
        if byte == 0xBE || byte == 0xBF, position >= 3, text[position - 3] == 0xEF, text[position - 2] == 0xBF {
            throw error(.badXML)
        }
        characters.append(byte)
    }

    private mutating func readReference(into characters: inout [UInt8]) throws(DataSetError) {
        let start = position + 1
        // The longest is that of a character: `#x0010FFFF` and then some zeros.
        let name = text[start...].prefix(16).prefix { $0 != 0x3B }
        guard name.endIndex < text.count else { throw error(.truncated) }
        guard text[name.endIndex] == 0x3B else { throw error(.badXML) }
        switch String(decoding: name, as: UTF8.self) {
        case "lt": characters.append(0x3C)
        case "gt": characters.append(0x3E)
        case "amp": characters.append(0x26)
        case "quot": characters.append(0x22)
        case "apos": characters.append(0x27)
        default:
            guard name.first == 0x23, let scalar = Self.scalar(name.dropFirst()) else { throw error(.badXML) }
            characters.append(contentsOf: String(scalar).utf8)
        }
        position = name.endIndex + 1
    }

    /// The character of a number; `nil` for none and for those that XML 1.0 has no form for.
    private static func scalar(_ digits: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let isHexadecimal = digits.first == 0x78
        let number = isHexadecimal ? digits.dropFirst() : digits
        guard number.allSatisfy({ isDigit($0) || (isHexadecimal && (0x61...0x66).contains($0 | 0x20)) }),
            let value = UInt32(String(decoding: number, as: UTF8.self), radix: isHexadecimal ? 16 : 10),
            let scalar = Unicode.Scalar(value)
        else { return nil }
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x10000...: return scalar
        default: return nil
        }
    }

    private mutating func readTag() throws(DataSetError) -> XMLToken {
        position += 1
        guard position < text.count else { throw error(.truncated) }
        if text[position] == 0x2F {
            position += 1
            let name = try readName()
            skipSpace()
            guard position < text.count else { throw error(.truncated) }
            guard text[position] == 0x3E, open.last == name else { throw error(.badXML) }
            position += 1
            open.removeLast()
            return .end(Self.local(name))
        }
        // One element holds all others.
        guard !open.isEmpty || !hasRoot else { throw error(.badXML) }
        guard open.count < depthLimit else { throw error(.nestedTooDeep) }
        hasRoot = true
        let name = try readName()
        var attributes: [XMLAttribute] = []
        while try readAttribute(into: &attributes) {}
        guard position < text.count else { throw error(.truncated) }
        if text[position] == 0x2F {
            position += 1
            guard position < text.count else { throw error(.truncated) }
            pendingEnd = Self.local(name)
        } else {
            open.append(name)
        }
        guard text[position] == 0x3E else { throw error(.badXML) }
        position += 1
        return .begin(Self.local(name), attributes)
    }

    /// Reads an attribute with the space in front of it.
    ///
    /// - Returns: whether there was one.
    private mutating func readAttribute(into attributes: inout [XMLAttribute]) throws(DataSetError) -> Bool {
        let start = position
        skipSpace()
        guard position < text.count else { throw error(.truncated) }
        switch text[position] {
        case 0x2F, 0x3E, 0x3F: return false
        default: break
        }
        guard position > start, attributes.count < Self.attributeLimit else { throw error(.badXML) }
        let name = try readName()
        guard !attributes.contains(where: { $0.name == name }) else { throw error(.badXML) }
        skipSpace()
        guard position < text.count else { throw error(.truncated) }
        guard text[position] == 0x3D else { throw error(.badXML) }
        position += 1
        skipSpace()
        guard position < text.count else { throw error(.truncated) }
        let quote = text[position]
        guard quote == 0x22 || quote == 0x27 else { throw error(.badXML) }
        position += 1
        var value: [UInt8] = []
        while position < text.count, text[position] != quote {
            switch text[position] {
            case 0x3C: throw error(.badXML)
            case 0x26: try readReference(into: &value)
            // White space becomes a space (XML 1.0 3.3.3).
            case 0x09, 0x0A, 0x0D:
                position += 1
                value.append(0x20)
            default: try readCharacter(into: &value)
            }
        }
        guard position < text.count else { throw error(.truncated) }
        position += 1
        attributes.append(XMLAttribute(name: name, value: try string(value)))
        return true
    }

    private mutating func readName() throws(DataSetError) -> String {
        let name = text[position...].prefix(Self.nameLimit + 1).prefix { Self.isNamePart($0) }
        guard let first = name.first, name.count <= Self.nameLimit, !Self.isDigit(first), first != 0x2D, first != 0x2E
        else { throw error(position < text.count ? .badXML : .truncated) }
        position = name.endIndex
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while position < text.count, Self.isSpace(text[position]) { position += 1 }
    }

    private func string(_ bytes: [UInt8]) throws(DataSetError) -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else { throw error(.encodingNotUTF8) }
        return string
    }

    /// A name without the prefix of its namespace.
    private static func local(_ name: String) -> String {
        guard let colon = name.utf8.firstIndex(of: 0x3A) else { return name }
        return String(name[name.utf8.index(after: colon)...])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2D, 0x2E, 0x30...0x3A, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }
}
