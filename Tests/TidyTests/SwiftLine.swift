/// One line of a Swift file, split into what the compiler reads and what people read.
///
/// Contents of string literals and of raw identifiers are in neither part.
struct SwiftLine: Equatable, Sendable {
    var code = ""
    var comment = ""

    /// Splits a file into lines.
    static func lines(of source: String) -> [SwiftLine] {
        var splitter = SwiftSplitter(Array(source.utf8))
        return splitter.split()
    }
}

/// Walks over the bytes of a Swift file and keeps account of literals and comments, without recursion.
private struct SwiftSplitter {
    private enum State: Equatable {
        case code(interpolationDepth: Int?)
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
        case rawIdentifier
    }

    private let bytes: [UInt8]
    private var position = 0
    private var states: [State] = [.code(interpolationDepth: nil)]
    private var lines: [SwiftLine] = []
    private var code: [UInt8] = []
    private var comment: [UInt8] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func split() -> [SwiftLine] {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\n") {
                endLine()
                position += 1
                continue
            }
            switch states.last ?? .code(interpolationDepth: nil) {
            case .code(let interpolationDepth): readCode(interpolationDepth)
            case .lineComment: comment.append(take())
            case .blockComment(let depth): readBlockComment(depth)
            case .string(let hashes, let isMultiline): readString(hashes, isMultiline)
            case .rawIdentifier: if take() == UInt8(ascii: "`") { states.removeLast() }
            }
        }
        if !code.isEmpty || !comment.isEmpty {
            endLine()
        }
        return lines
    }

    private mutating func take() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    private func matches(_ text: String, at offset: Int = 0) -> Bool {
        bytes[min(position + offset, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func endLine() {
        lines.append(
            SwiftLine(code: String(decoding: code, as: UTF8.self), comment: String(decoding: comment, as: UTF8.self))
        )
        code = []
        comment = []
        switch states.last {
        case .lineComment, .rawIdentifier, .string(_, isMultiline: false): states.removeLast()
        default: break
        }
    }

    private mutating func readCode(_ interpolationDepth: Int?) {
        if matches("//") {
            states.append(.lineComment)
        } else if matches("/*") {
            states.append(.blockComment(depth: 1))
            position += 2
        } else if matches("`") {
            states.append(.rawIdentifier)
            position += 1
        } else if let hashes = hashesBeforeQuote() {
            position += hashes
            let isMultiline = matches("\"\"\"")
            position += isMultiline ? 3 : 1
            code.append(UInt8(ascii: "\""))
            states.append(.string(hashes: hashes, isMultiline: isMultiline))
        } else {
            let byte = take()
            if let depth = interpolationDepth {
                countParenthesis(byte, depth)
            }
            code.append(byte)
        }
    }

    /// The number of `#` before the quote that begins a literal here; `nil` if none does.
    private func hashesBeforeQuote() -> Int? {
        let hashes = bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count
        return matches("\"", at: hashes) ? hashes : nil
    }

    private mutating func countParenthesis(_ byte: UInt8, _ depth: Int) {
        if byte == UInt8(ascii: "(") {
            states[states.count - 1] = .code(interpolationDepth: depth + 1)
        } else if byte == UInt8(ascii: ")") {
            if depth == 1 {
                states.removeLast()
            } else {
                states[states.count - 1] = .code(interpolationDepth: depth - 1)
            }
        }
    }

    private mutating func readBlockComment(_ depth: Int) {
        if matches("/*") {
            states[states.count - 1] = .blockComment(depth: depth + 1)
            position += 2
        } else if matches("*/") {
            position += 2
            if depth == 1 {
                states.removeLast()
            } else {
                states[states.count - 1] = .blockComment(depth: depth - 1)
            }
        } else {
            comment.append(take())
        }
    }

    private mutating func readString(_ hashes: Int, _ isMultiline: Bool) {
        let hashText = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + hashText
        if matches("\\" + hashText + "(") {
            position += hashes + 2
            code.append(UInt8(ascii: "("))
            states.append(.code(interpolationDepth: 1))
        } else if matches("\\" + hashText) {
            position = min(position + hashes + 2, bytes.count)
        } else if matches(end) {
            position += end.utf8.count
            code.append(UInt8(ascii: "\""))
            states.removeLast()
        } else {
            position += 1
        }
    }
}
