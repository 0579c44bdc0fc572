import Foundation

/// A table of the standard for checking, as rows of named columns.
struct CommaSeparated {
    /// The folder that the environment names; `nil` without.
    static let folder = ProcessInfo.processInfo.environment["CASSETTE_STANDARD_TABLES"]

    let rows: [[String: String]]

    init(_ name: String) throws {
        let folder = Self.folder ?? ""
        let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        var lines = text.split(whereSeparator: \.isNewline).map { Self.fields($0) }
        let names = lines.isEmpty ? [] : lines.removeFirst()
        rows = lines.map { Dictionary(zip(names, $0), uniquingKeysWith: { first, _ in first }) }
    }

    private static func fields(_ line: Substring) -> [String] {
        var fields = [""]
        var isQuoted = false
        for letter in line {
            switch letter {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: fields.append("")
            default: fields[fields.count - 1].append(letter)
            }
        }
        return fields
    }
}
