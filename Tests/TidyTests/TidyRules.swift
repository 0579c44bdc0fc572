/// The house rules that a machine can check on one Swift file, each as a function from lines to findings.
///
/// A finding is a line number, 1-based, and what is wrong there.
enum TidyRules {
    /// Something to tidy.
    struct Finding: Equatable, CustomStringConvertible {
        let line: Int
        let text: String

        var description: String { "\(line): \(text)" }
    }

    static let fileLimit = 500
    static let functionLimit = 60

    /// What a library must not say: unowned tasks, blocking calls, output, the clock, traps.
    static let forbidden = [
        "Task {", "Task(", "Task.detached", "DispatchQueue", "Thread.sleep", "print(", "Date()", "try!", "as!",
        "fatalError(",
    ]

    private static let unfinishedMarks = ["TODO", "FIXME", "XXX"]

    /// A file that grew too long.
    static func fileLength(_ lines: [SwiftLine]) -> [Finding] {
        lines.count > fileLimit
            ? [Finding(line: lines.count, text: "the file has \(lines.count) lines, \(fileLimit) are allowed")] : []
    }

    /// Functions and initialisers that grew too long.
    static func functionLengths(_ lines: [SwiftLine]) -> [Finding] {
        FunctionSpan.all(in: lines).filter { $0.lineCount > functionLimit }.map {
            Finding(line: $0.firstLine, text: "the function has \($0.lineCount) lines, \(functionLimit) are allowed")
        }
    }

    /// Constructs that a library must not use.
    static func forbiddenConstructs(_ lines: [SwiftLine], except allowed: Set<String> = []) -> [Finding] {
        findings(lines) { line in
            forbidden.first { !allowed.contains($0) && containsWord($0, in: line.code) }.map { "\($0) is forbidden" }
        }
    }

    /// Marks of unfinished work in comments.
    static func unfinishedWork(_ lines: [SwiftLine]) -> [Finding] {
        findings(lines) { line in
            unfinishedMarks.first { containsWord($0, in: line.comment) }.map { "\($0) in a comment" }
        }
    }

    /// `@unchecked Sendable` without its proof in a `//` comment on the line above: what a `///` says is for the reader
    /// of the interface, and the proof is for whoever changes the body.
    static func uncheckedSendable(_ lines: [SwiftLine]) -> [Finding] {
        lines.indices.filter { lines[$0].code.contains("@unchecked Sendable") }.filter { index in
            // Attributes may stand between the comment and the declaration.
            let above = lines[..<index].last { !$0.code.trimmed.hasPrefix("@") }?.comment.trimmed ?? ""
            return above.isEmpty || above.hasPrefix("///")
        }.map { Finding(line: $0 + 1, text: "@unchecked Sendable without its proof in a // comment above it") }
    }

    /// `unsafe` expressions without a reason; the lines of one statement, and neighbours, share one.
    static func unsafeReasons(_ lines: [SwiftLine]) -> [Finding] {
        lines.indices.filter { isUnsafe(lines[$0]) && !hasReason(lines, at: $0) }.map {
            Finding(line: $0 + 1, text: "unsafe without a reason in a comment on the line above")
        }
    }

    private static func isUnsafe(_ line: SwiftLine) -> Bool {
        containsWord("unsafe ", in: line.code)
    }

    private static func hasReason(_ lines: [SwiftLine], at index: Int) -> Bool {
        if !lines[index].comment.isEmpty { return true }
        for line in lines[..<index].reversed() {
            if !line.comment.isEmpty { return true }
            let continues = ["(", ",", "{", "=", "[", " in", "&&", "||", "?", ":"].contains {
                line.code.trimmed.hasSuffix($0)
            }
            if !isUnsafe(line) && !continues { return false }
        }
        return false
    }

    private static func findings(_ lines: [SwiftLine], _ problem: (SwiftLine) -> String?) -> [Finding] {
        lines.enumerated().compactMap { index, line in
            problem(line).map { Finding(line: index + 1, text: $0) }
        }
    }

    /// Whether the text holds the word where no identifier and no member access ends before it.
    static func containsWord(_ word: String, in text: String) -> Bool {
        var rest = text[...]
        while let range = rest.firstRange(of: word) {
            let before = rest[..<range.lowerBound].last ?? text[..<range.lowerBound].last
            let after = rest[range.upperBound...].first
            let startsClean = before.map { !$0.isIdentifierPart && $0 != "." } ?? true
            let endsClean = word.last?.isIdentifierPart != true || after.map { !$0.isIdentifierPart } ?? true
            if startsClean && endsClean { return true }
            rest = rest[rest.index(after: range.lowerBound)...]
        }
        return false
    }
}

extension Character {
    fileprivate var isIdentifierPart: Bool { isLetter || isNumber || self == "_" }
}

extension String {
    /// The text without blanks around it.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
