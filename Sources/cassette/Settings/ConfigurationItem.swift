import DICOMCore
import Yams

/// One thing of a section of the configuration file: a store, or a rule.
struct ConfigurationItem: Sendable {
    /// One key of it.
    struct Field: Sendable {
        let key: String
        /// Its value, or its values where a list stands.
        let texts: [String]
        let line: Int
    }

    /// What it is called in errors: `the store 'warm'`, `rule 2`.
    let title: String
    /// The key before it; `nil` in a list.
    let name: String?
    let line: Int
    let fields: [Field]

    /// The things under a title: a mapping of names, a list, or one alone.
    static func items(
        _ node: Node,
        of section: String,
        line: Int
    ) throws(ConfigurationProblem) -> [ConfigurationItem] {
        // A title without anything under it sets nothing.
        if node.null != nil { return [] }
        if section == "root-key" {
            return [try ConfigurationItem(node, title: "'root-key'", name: nil, line: line)]
        }
        if section == "rules" {
            guard let list = node.sequence else {
                throw ConfigurationProblem(
                    line: line,
                    "'rules' wants a list: lines like '- {move: warm, study-age: 180d}'"
                )
            }
            var items: [ConfigurationItem] = []
            for (index, node) in list.enumerated() {
                let title = "rule \(index + 1)"
                items.append(try ConfigurationItem(node, title: title, name: nil, line: node.mark?.line ?? line))
            }
            return items
        }
        guard let mapping = node.mapping else {
            throw ConfigurationProblem(
                line: line,
                "'stores' wants names with settings: lines like 'warm: {kind: folder, path: /mnt/warm}'"
            )
        }
        var items: [ConfigurationItem] = []
        for (key, value) in mapping {
            let name = key.string ?? ""
            let itemLine = key.mark?.line ?? line
            guard !items.contains(where: { $0.name == name }) else {
                throw ConfigurationProblem(line: itemLine, "the store '\(name)' is set twice")
            }
            items.append(try ConfigurationItem(value, title: "the store '\(name)'", name: name, line: itemLine))
        }
        return items
    }

    private init(_ node: Node, title: String, name: String?, line: Int) throws(ConfigurationProblem) {
        self.title = title
        self.name = name
        self.line = line
        guard let mapping = node.mapping else {
            throw ConfigurationProblem(line: line, "\(title) wants settings like '{key: value}'")
        }
        var fields: [Field] = []
        for (key, value) in mapping {
            let fieldLine = key.mark?.line ?? line
            let text = key.string ?? ""
            guard !fields.contains(where: { $0.key == text }) else {
                throw ConfigurationProblem(line: fieldLine, "'\(text)' of \(title) is set twice")
            }
            fields.append(Field(key: text, texts: try Self.texts(value, text, title, fieldLine), line: fieldLine))
        }
        self.fields = fields
    }

    private static func texts(
        _ node: Node,
        _ key: String,
        _ title: String,
        _ line: Int
    ) throws(ConfigurationProblem) -> [String] {
        if let scalar = node.scalar { return [scalar.string] }
        guard let list = node.sequence, !list.isEmpty else {
            throw ConfigurationProblem(line: line, "'\(key)' of \(title) wants one plain value, or a list of them")
        }
        var texts: [String] = []
        for node in list {
            guard let scalar = node.scalar else {
                throw ConfigurationProblem(line: line, "'\(key)' of \(title) wants one plain value, or a list of them")
            }
            texts.append(scalar.string)
        }
        return texts
    }
}

/// Takes the values of an item one by one, each with an error that tells its line.
struct ItemReader: Sendable {
    let item: ConfigurationItem

    /// Refuses keys that are not among these.
    func check(_ keys: [String]) throws(ConfigurationProblem) {
        for field in item.fields where !keys.contains(field.key) {
            let hint = Spelling.nearest(to: field.key, in: keys).map { ": did you mean '\($0)'?" }
            throw ConfigurationProblem(
                line: field.line,
                "\(item.title) has no setting '\(field.key)'" + (hint ?? ", only \(keys.joined(separator: ", "))")
            )
        }
    }

    /// The line of a key, or of the item.
    func line(_ key: String) -> Int { field(key)?.line ?? item.line }

    /// The one value of a key, understood by `parse`; `nil` without the key.
    func value<Value>(
        _ key: String,
        _ wanted: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationProblem) -> Value? {
        guard let field = field(key) else { return nil }
        guard field.texts.count == 1 else {
            throw ConfigurationProblem(line: field.line, "'\(key)' of \(item.title) wants one plain value, no list")
        }
        guard let value = parse(field.texts[0]) else {
            throw ConfigurationProblem(
                line: field.line,
                "'\(key)' of \(item.title) is '\(field.texts[0])', but must be \(wanted)"
            )
        }
        return value
    }

    /// The text of a key; `nil` without the key.
    func text(_ key: String) throws(ConfigurationProblem) -> String? {
        try value(key, "some text") { $0.isEmpty ? nil : $0 }
    }

    /// A value that must be there.
    func required<Value>(
        _ key: String,
        _ wanted: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationProblem) -> Value {
        guard let value = try value(key, wanted, parse) else {
            throw ConfigurationProblem(line: item.line, "\(item.title) lacks '\(key)': \(wanted)")
        }
        return value
    }

    /// All values of a key; `nil` without the key.
    func list(_ key: String) -> [String]? { field(key)?.texts }

    private func field(_ key: String) -> ConfigurationItem.Field? { item.fields.first { $0.key == key } }
}
