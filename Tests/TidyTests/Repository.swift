import Foundation

/// The checked-out tree that these tests were built from.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A Swift file with its path below the root.
    struct File: CustomStringConvertible, Sendable {
        let path: String
        let lines: [SwiftLine]

        var description: String { path }

        /// The folder below `Sources` or `Tests`.
        var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    }

    /// All Swift files below a folder of the root but generated ones, in order; one that cannot be read has no lines.
    static func swiftFiles(below folder: String) -> [File] {
        let base = root.appending(path: folder).path
        let paths = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") && !$0.contains("/Generated/") }.sorted().map {
            let path = folder + "/" + $0
            return File(path: path, lines: SwiftLine.lines(of: (try? text(path)) ?? ""))
        }
    }

    /// The text of a file below the root.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
