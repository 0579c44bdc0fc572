/// Cells of comma-separated values (RFC 4180) that no spreadsheet takes for formulas.
enum CSVText {
    /// A line of cells, with its end.
    static func line(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    /// The cells of a line without its end; `nil` when a quote is not closed.
    static func cells(_ line: some StringProtocol) -> [String]? {
        var cells: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var bytes = line.utf8.makeIterator()
        var next = bytes.next()
        while let byte = next {
            next = bytes.next()
            switch (byte, isQuoted) {
            case (UInt8(ascii: "\""), true) where next == UInt8(ascii: "\""):
                cell.append(byte)
                next = bytes.next()
            case (UInt8(ascii: "\""), _): isQuoted.toggle()
            case (UInt8(ascii: ","), false):
                cells.append(unguarded(cell))
                cell = []
            default: cell.append(byte)
            }
        }
        return isQuoted ? nil : cells + [unguarded(cell)]
    }

    /// What a formula begins with, and the guard itself, so that nothing is mistaken for it.
    private static let formulaStarts = Array("=+-@\t\r'".utf8)

    private static let numberSigns = Array("+-.eE\\".utf8)

    private static func cell(_ text: String) -> String {
        // A spreadsheet runs what begins so; numbers, of which tables of headers have many, do nothing.
        let isFormula = text.utf8.first.map(formulaStarts.contains) == true && !isNumbers(text)
        let guarded = isFormula ? "'" + text : text
        guard guarded.utf8.contains(where: { Array("\",\r\n".utf8).contains($0) }) else { return guarded }
        let quote = UInt8(ascii: "\"")
        // By bytes: a quote with an accent behind it is another character.
        return "\"" + String(decoding: guarded.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] }, as: UTF8.self)
            + "\""
    }

    /// Whether a text is a number, or several with `\` between: nothing that calls.
    private static func isNumbers(_ text: String) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard text.utf8.dropFirst().first.map(digits.contains) == true else { return false }
        return text.utf8.allSatisfy { digits.contains($0) || numberSigns.contains($0) }
    }

    private static func unguarded(_ cell: [UInt8]) -> String {
        let isGuarded = cell.count > 1 && cell[0] == UInt8(ascii: "'") && formulaStarts.contains(cell[1])
        return String(decoding: isGuarded ? cell[1...] : cell[...], as: UTF8.self)
    }
}
