/// Where a function, initialiser or subscript with a body begins and ends.
struct FunctionSpan: Equatable {
    /// 1-based.
    let firstLine: Int
    let lineCount: Int

    private static let introducers: Set<String> = ["func", "init", "deinit", "subscript"]
    private static let otherDeclarations: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "class", "enum", "protocol", "extension",
        "typealias", "associatedtype",
    ]

    /// All functions of a file in the order of their last lines, nested ones included.
    ///
    /// Counts braces; a declaration without a body (in a protocol) ends at the next declaration or brace.
    static func all(in lines: [SwiftLine]) -> [FunctionSpan] {
        var spans: [FunctionSpan] = []
        var open: [(line: Int, depth: Int)] = []
        var waiting: Int?
        var depth = 0
        var parentheses = 0
        for token in tokens(of: lines) {
            switch token.text {
            case "(", "[": parentheses += 1
            case ")", "]": parentheses -= 1
            case "{":
                depth += 1
                if let line = waiting, parentheses == 0 {
                    open.append((line, depth))
                    waiting = nil
                }
            case "}":
                // A closure among the parameters is not the end of what holds the declaration.
                if parentheses == 0 { waiting = nil }
                if let last = open.last, last.depth == depth {
                    spans.append(FunctionSpan(firstLine: last.line, lineCount: token.line - last.line + 1))
                    open.removeLast()
                }
                depth -= 1
            default:
                guard parentheses == 0, otherDeclarations.contains(token.text) else { continue }
                waiting = introducers.contains(token.text) ? token.line : nil
            }
        }
        return spans
    }

    /// Words, braces and parentheses; words after a dot (as in `.init`) are left out.
    private static func tokens(of lines: [SwiftLine]) -> [(text: String, line: Int)] {
        var tokens: [(text: String, line: Int)] = []
        for (index, line) in lines.enumerated() {
            var word = ""
            var isMember = false
            for character in line.code + " " {
                if character.isLetter || character.isNumber || character == "_" {
                    word.append(character)
                    continue
                }
                if !word.isEmpty && !isMember {
                    tokens.append((word, index + 1))
                }
                word = ""
                isMember = character == "."
                if "(){}[]".contains(character) {
                    tokens.append((String(character), index + 1))
                }
            }
        }
        return tokens
    }
}
