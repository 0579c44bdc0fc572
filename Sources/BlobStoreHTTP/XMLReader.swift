public import NIOCore
public import PackStorage

/// Reads the small XML documents of stores: elements and their text, one event after the other.
///
/// For bytes from outside: no recursion, no DOCTYPE and so no entities but the five of XML, and limits on depth and on the
/// length of names and texts. Attributes are skipped, prefixes of namespaces are cut off.
public struct XMLReader {
    /// What comes next.
    public enum Event: Hashable, Sendable {
        /// An element begins.
        case start(String)
        /// An element ends; with the text that follows its last child, or all of it when it has none.
        case end(String, text: String)
    }

    private struct Open {
        let name: String
        var text: [UInt8] = []
    }

    private static let depthLimit = 32
    private static let nameLimit = 128
    private static let textLimit = 16 * 1_024

    private let bytes: [UInt8]
    private var position = 0
    private var open: [Open] = []
    /// An empty element that is still to be ended.
    private var endsAtOnce = false
    private var isComplete = false

    /// Reads a document.
    public init(_ document: ByteBuffer) {
        bytes = Array(document.readableBytesView)
    }

    /// The names of the elements that are open, outermost first.
    public var path: [String] { open.map(\.name) }

    /// The next event; `nil` at the end of a whole document.
    ///
    /// - Throws: `.unavailable` when the document is cut off, malformed, or beyond a limit.
    public mutating func next() throws(BlobStoreError) -> Event? {
        if endsAtOnce {
            endsAtOnce = false
            return try end()
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                try readText()
            } else if skip("<?") {
                try skipBehind("?>")
            } else if skip("<!--") {
                try skipBehind("-->")
            } else if skip("<![CDATA[") {
                let start = position
                try skipBehind("]]>")
                try append(bytes[start..<position - 3])
            } else if skip("</") {
                let name = try readName()
                skipSpace()
                guard skip(">"), name == open.last?.name else { throw malformed() }
                return try end()
            } else if skip("<!") {
                throw malformed()
            } else {
                position += 1
                return try start()
            }
        }
        guard isComplete, open.isEmpty else { throw malformed() }
        return nil
    }

    private mutating func start() throws(BlobStoreError) -> Event {
        guard !isComplete || !open.isEmpty, open.count < Self.depthLimit else { throw malformed() }
        let name = try readName()
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                endsAtOnce = bytes[position - 2] == UInt8(ascii: "/")
                if let parent = open.indices.last { open[parent].text.removeAll() }
                open.append(Open(name: name))
                return .start(name)
            } else if byte == UInt8(ascii: "<") {
                throw malformed()
            }
        }
        throw malformed()
    }

    private mutating func end() throws(BlobStoreError) -> Event {
        guard let last = open.popLast() else { throw malformed() }
        if open.isEmpty { isComplete = true }
        return .end(last.name, text: String(decoding: last.text, as: UTF8.self))
    }

    private mutating func readText() throws(BlobStoreError) {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        defer { position = end }
        var rest = bytes[position..<end]
        guard !open.isEmpty else {
            // A byte order mark, or white space around the root.
            guard rest.allSatisfy({ Self.isSpace($0) || [0xEF, 0xBB, 0xBF].contains($0) }) else { throw malformed() }
            return
        }
        while let ampersand = rest.firstIndex(of: UInt8(ascii: "&")) {
            try append(rest[..<ampersand])
            guard let semicolon = rest[ampersand...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw malformed()
            }
            try append(character(String(decoding: rest[(ampersand + 1)..<semicolon], as: UTF8.self))[...])
            rest = rest[(semicolon + 1)...]
        }
        try append(rest)
    }

    private func character(_ reference: String) throws(BlobStoreError) -> [UInt8] {
        switch reference {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            guard reference.hasPrefix("#") else { throw malformed() }
            let digits = reference.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard let scalar = number.flatMap({ Unicode.Scalar($0) }) else { throw malformed() }
            return Array(String(Character(scalar)).utf8)
        }
    }

    private mutating func append(_ text: ArraySlice<UInt8>) throws(BlobStoreError) {
        guard let last = open.indices.last, open[last].text.count + text.count <= Self.textLimit else {
            throw malformed()
        }
        open[last].text += text
    }

    /// A name without its prefix; stands behind it.
    private mutating func readName() throws(BlobStoreError) -> String {
        let start = position
        while position < bytes.count, !Self.isSpace(bytes[position]), !Self.endsName(bytes[position]) { position += 1 }
        let name = bytes[start..<position]
        guard !name.isEmpty, name.count <= Self.nameLimit else { throw malformed() }
        return String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? [], as: UTF8.self)
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let text = Array(text.description.utf8)
        guard bytes[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func skipBehind(_ text: StaticString) throws(BlobStoreError) {
        while position < bytes.count {
            if skip(text) { return }
            position += 1
        }
        throw malformed()
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private static func endsName(_ byte: UInt8) -> Bool {
        [UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "=")].contains(byte)
    }

    private func malformed() -> BlobStoreError {
        BlobStoreError(.unavailable, "the answer of the store is no XML that can be read (byte \(position))")
    }
}
