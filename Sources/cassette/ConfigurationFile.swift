import Yams

/// The settings of a YAML file: one mapping of known keys to plain values.
struct ConfigurationFile: Sendable {
    /// Every key, with what it sets.
    static let keys: [(key: String, meaning: String)] = [
        ("data", "the folder of the archive"),
        ("key-file", "the file of the root key"),
        ("aet", "the AE title of the archive"),
        ("dicom-port", "the port for DICOM"),
        ("http-port", "the port for DICOMweb"),
        ("bind", "the address to listen on"),
        ("public-url", "scheme, host and port under which clients reach DICOMweb"),
        ("free-space-floor", "bytes that stay free on the volume, for example 10GiB"),
        ("log-level", "how much to log"),
    ]

    private let values: [String: Entry]

    /// A value and the line that it stands in, counted from 1.
    struct Entry: Sendable {
        let text: String
        let line: Int
    }

    /// No settings.
    init() {
        values = [:]
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
            return
        }
        guard let mapping = root.mapping else {
            throw ConfigurationProblem(line: 1, "the file must hold lines like 'aet: CASSETTE'")
        }
        var values: [String: Entry] = [:]
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            let name = key.string ?? ""
            guard Self.keys.contains(where: { $0.key == name }) else {
                let hint = Suggestion.nearest(to: name, in: Self.keys.map(\.key)).map { ": did you mean '\($0)'?" }
                throw ConfigurationProblem(
                    line: line,
                    "there is no setting '\(name)'" + (hint ?? ", only \(Self.keys.map(\.key).joined(separator: ", "))")
                )
            }
            guard let scalar = value.scalar else {
                throw ConfigurationProblem(line: line, "'\(name)' wants one plain value")
            }
            guard values[name] == nil else { throw ConfigurationProblem(line: line, "'\(name)' is set twice") }
            values[name] = Entry(text: scalar.string, line: line)
        }
        self.values = values
    }

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
