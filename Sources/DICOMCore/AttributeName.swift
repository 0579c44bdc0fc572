/// One attribute as people name it: by keyword, by tag, or by the creator of a private one.
///
/// Read from `PatientName`, `00100010`, `0010,0010`, `(0010,0010)` and, for private attributes whose block differs between
/// Data Sets, `(0029,"SIEMENS CSA HEADER",10)`. A quotation mark inside the creator is doubled.
public enum AttributeName: Sendable, Hashable {
    /// An attribute with a tag of its own; also a private one in a certain block.
    case tag(Tag)
    /// The private attribute with this last byte of its element number, in whatever block the creator has reserved.
    case privateElement(group: UInt16, creator: String, element: UInt8)

    /// Reads what somebody has typed.
    ///
    /// - Throws: ``AttributeNameError``, whose ``AttributeNameError/suggestion`` names a keyword that is meant perhaps.
    public init(_ text: some StringProtocol) throws(AttributeNameError) {
        guard let first = text.utf8.first else { throw AttributeNameError(.empty, text) }
        let isHexadecimal = text.utf8.allSatisfy(Self.isHexadecimalDigit)
        if isHexadecimal, let tag = Tag(hexadecimal: text) {
            self = .tag(tag)
        } else if let tag = DataElementDictionary.tag(forKeyword: text) {
            self = .tag(tag)
        } else if first == UInt8(ascii: "(") || text.utf8.contains(UInt8(ascii: ",")) {
            self = try Self.parenthesized(text)
        } else {
            let isDigits = isHexadecimal && (0x30...0x39).contains(first)
            throw AttributeNameError(isDigits ? .malformedTag : .unknownKeyword, text)
        }
    }

    /// The tag; `nil` for a private attribute whose block is not told.
    public var tag: Tag? {
        if case .tag(let tag) = self { tag } else { nil }
    }

    /// The tag in a Data Set with these reservations; `nil` for a private attribute whose creator is not among them.
    public func tag(in blocks: PrivateBlocks) -> Tag? {
        switch self {
        case .tag(let tag): tag
        case .privateElement(let group, let creator, let element):
            blocks.block(of: creator, group: group).map {
                Tag(group: group, element: UInt16($0) << 8 | UInt16(element))
            }
        }
    }

    /// The Value Representation of the dictionaries; `nil` for what they do not know.
    public var vr: VR? {
        switch self {
        case .tag(let tag): DataElementDictionary.vr(of: tag)
        case .privateElement(let group, let creator, let element):
            PrivateDictionary.vr(of: Tag(group: group, element: 0x1000 | UInt16(element)), creator: creator)
        }
    }

    private static func parenthesized(_ text: some StringProtocol) throws(AttributeNameError) -> AttributeName {
        var inner = Array(text.utf8)[...]
        if inner.first == UInt8(ascii: "(") {
            guard inner.last == UInt8(ascii: ")") else { throw AttributeNameError(.malformedTag, text) }
            inner = inner.dropFirst().dropLast()
        }
        let group = inner.prefix(4)
        inner = inner.dropFirst(4)
        guard group.count == 4, group.allSatisfy(isHexadecimalDigit),
            let group = UInt16(String(decoding: group, as: UTF8.self), radix: 16),
            inner.popFirst() == UInt8(ascii: ",")
        else { throw AttributeNameError(.malformedTag, text) }
        guard inner.first == UInt8(ascii: "\"") else {
            guard inner.count == 4, inner.allSatisfy(isHexadecimalDigit),
                let element = UInt16(String(decoding: inner, as: UTF8.self), radix: 16)
            else { throw AttributeNameError(.malformedTag, text) }
            return .tag(Tag(group: group, element: element))
        }
        guard let closing = inner.lastIndex(of: UInt8(ascii: "\"")), closing > inner.startIndex else {
            throw AttributeNameError(.malformedTag, text)
        }
        let quoted = inner[(inner.startIndex + 1)..<closing]
        let digits = inner[(closing + 1)...]
        guard let creator = unquoted(quoted), digits.count == 3, digits.first == UInt8(ascii: ","),
            digits.dropFirst().allSatisfy(isHexadecimalDigit),
            let element = UInt8(String(decoding: digits.dropFirst(), as: UTF8.self), radix: 16)
        else { throw AttributeNameError(.malformedTag, text) }
        guard group & 1 == 1 else { throw AttributeNameError(.notPrivate, text) }
        return .privateElement(group: group, creator: creator, element: element)
    }

    private static func unquoted(_ text: ArraySlice<UInt8>) -> String? {
        var plain: [UInt8] = []
        var isSecondOfPair = false
        for byte in text {
            if byte == UInt8(ascii: "\"") {
                isSecondOfPair.toggle()
                if isSecondOfPair { continue }
            } else if isSecondOfPair {
                return nil
            }
            // A creator is one value of VR LO: a backslash would begin another.
            guard byte != 0x5C, byte >= 0x20 else { return nil }
            plain.append(byte)
        }
        let name = String(decoding: plain, as: UTF8.self)
        return isSecondOfPair || name.isEmpty || name.unicodeScalars.count > 64 ? nil : name
    }

    private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}

extension AttributeName: CustomStringConvertible {
    /// The shortest form that reads back as the same: keyword, else tag, else the private form.
    public var description: String {
        switch self {
        case .tag(let tag):
            guard let keyword = DataElementDictionary.entry(for: tag)?.keyword, !keyword.isEmpty,
                DataElementDictionary.tag(forKeyword: keyword) == tag
            else { return tag.description }
            return keyword
        case .privateElement(let group, let creator, let element):
            let digits = Tag(group: group, element: UInt16(element)).hexadecimal
            let quoted = creator.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            return "(\(digits.prefix(4)),\"\(quoted)\",\(digits.suffix(2)))"
        }
    }
}

/// Why a text names no attribute.
public struct AttributeNameError: Error, Sendable, Hashable {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// There is no text.
        case empty
        /// No element of the dictionary has such a keyword.
        case unknownKeyword
        /// Neither eight hexadecimal digits nor one of the forms with a comma.
        case malformedTag
        /// A creator together with an even group, whose attributes belong to the standard.
        case notPrivate
    }

    /// What was wrong.
    public let code: Code
    /// What was typed.
    public let text: String

    init(_ code: Code, _ text: some StringProtocol) {
        self.code = code
        self.text = String(text)
    }

    /// A keyword that is spelled nearly like the text; `nil` when none is.
    ///
    /// Compares with all keywords, some milliseconds.
    public var suggestion: String? {
        code == .unknownKeyword ? Spelling.nearest(to: text, in: DataElementDictionary.keywords) : nil
    }
}

extension AttributeNameError: CustomStringConvertible {
    /// The text with what to do, for the one who typed it.
    public var description: String {
        switch code {
        case .empty: return "there is no name of an attribute: use a keyword like PatientName, or a tag like 00100010"
        case .unknownKeyword:
            let hint = suggestion.map { "did you mean \($0)?" }
            return "'\(text)' is no attribute: " + (hint ?? "use a keyword like PatientName, or a tag like 00100010")
        case .malformedTag:
            return "'\(text)' is no tag: use 00100010, (0010,0010), or (0029,\"SIEMENS CSA HEADER\",10)"
        case .notPrivate: return "'\(text)' has a creator, but only groups with odd numbers are private"
        }
    }
}
