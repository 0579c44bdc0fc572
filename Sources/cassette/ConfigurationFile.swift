import DICOMCore
import Yams

/// The settings of a YAML file: a mapping of known keys to plain values, and the sections of stores and rules.
///
/// Limits may stand in mappings inside, or have dots in their keys.
struct ConfigurationFile: Sendable {
    /// Every key but the limits, with what it sets.
    static let keys: [(key: String, meaning: String)] =
        [
            ("data", "the folder of the archive"),
            ("key-file", "the file of the root key"),
            ("aet", "the AE title of the archive"),
            ("dicom-port", "the port for DICOM"),
            ("http-port", "the port for DICOMweb"),
            ("bind", "the address to listen on"),
            ("public-url", "scheme, host and port under which clients reach DICOMweb"),
            ("free-space-floor", "bytes that stay free on the volume, for example 10GiB"),
            ("log-level", "how much to log"),
            ("character-set", "the character set of text whose Data Set names none"),
        ] + StorageSettings.keys

    /// Every key that has a section under it, with what it sets.
    static let sections: [(key: String, meaning: String)] = [
        ("stores", "where packs may lie besides the data folder, by name"),
        ("rules", "where studies are to lie; the first rule that applies decides"),
        ("root-key", "the provider of the root key, and where it is"),
    ]

    /// Every key.
    private static let allKeys = keys.map(\.key) + sections.map(\.key) + LimitSettings.all.map(\.key)

    private let values: [String: Entry]
    private let items: [String: [ConfigurationItem]]

    /// A value and the line that it stands in, counted from 1.
    struct Entry: Sendable {
        let text: String
        let line: Int
    }

    /// No settings.
    init() {
        values = [:]
        items = [:]
    }

    /// Reads YAML text.
    ///
    /// - Throws: ``ConfigurationProblem`` with the line of the first fault.
    init(yaml: String) throws(ConfigurationProblem) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationProblem(line: Self.line(of: error), "this is no YAML: \(error)")
        }
        guard let root, root.null == nil else {
            values = [:]
            items = [:]
            return
        }
        guard let mapping = root.mapping else {
            throw ConfigurationProblem(line: 1, "the file must hold lines like 'aet: CASSETTE'")
        }
        items = try Self.items(of: mapping)
        values = try Self.entries(of: mapping)
    }

    private static func items(
        of root: Node.Mapping
    ) throws(ConfigurationProblem) -> [String: [ConfigurationItem]] {
        var items: [String: [ConfigurationItem]] = [:]
        for (key, value) in root {
            guard let name = key.string, sections.contains(where: { $0.key == name }) else { continue }
            let line = key.mark?.line ?? 0
            guard items[name] == nil else { throw ConfigurationProblem(line: line, "'\(name)' is set twice") }
            items[name] = try ConfigurationItem.items(value, of: name, line: line)
        }
        return items
    }

    private static func entries(of root: Node.Mapping) throws(ConfigurationProblem) -> [String: Entry] {
        var values: [String: Entry] = [:]
        var pending = [(prefix: "", mapping: root)]
        while let next = pending.popLast() {
            for (key, value) in next.mapping {
                let line = key.mark?.line ?? 0
                let name = next.prefix + (key.string ?? "")
                if next.prefix.isEmpty, sections.contains(where: { $0.key == name }) { continue }
                if isGroup(name) {
                    if let inner = value.mapping { pending.append((name + ".", inner)) }
                    // A title without anything under it sets nothing.
                    guard value.mapping == nil, value.null == nil else { continue }
                }
                guard allKeys.contains(name) else { throw unknown(name, line) }
                guard let scalar = value.scalar else {
                    throw ConfigurationProblem(line: line, "'\(name)' wants one plain value")
                }
                guard values[name] == nil else { throw ConfigurationProblem(line: line, "'\(name)' is set twice") }
                values[name] = Entry(text: scalar.string, line: line)
            }
        }
        return values
    }

    /// Whether keys begin with that name and a dot; as no name begins with all of itself, mappings end.
    private static func isGroup(_ name: String) -> Bool {
        allKeys.contains { $0.hasPrefix(name + ".") }
    }

    private static func unknown(_ name: String, _ line: Int) -> ConfigurationProblem {
        let hint = Spelling.nearest(to: name, in: allKeys).map { ": did you mean '\($0)'?" }
        let all =
            name.hasPrefix("limits")
            ? ", see `cassette config limits`"
            : ", only \((keys + sections).map(\.key).joined(separator: ", ")) and limits"
        return ConfigurationProblem(line: line, "there is no setting '\(name)'" + (hint ?? all))
    }

    /// What stands in a section; nothing when the file does not have it.
    func items(of section: String) -> [ConfigurationItem] { items[section] ?? [] }

    /// The value of a key; `nil` when the file does not set it.
    subscript(key: String) -> Entry? { values[key] }

    private static func line(of error: any Error) -> Int {
        switch error as? YamlError {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 1
        }
    }
}

/// What is wrong with a configuration, and where.
struct ConfigurationProblem: Error, CustomStringConvertible {
    /// Line of the file, from 1; `nil` when the setting came from elsewhere.
    let line: Int?
    let text: String

    init(line: Int?, _ text: String) {
        self.line = line
        self.text = text
    }

    var description: String { (line.map { "line \($0): " } ?? "") + text }
}
