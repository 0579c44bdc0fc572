extension ConfigurationFile {
    /// The provider of the root key; `nil` when the file does not name one.
    func rootKey() throws(ConfigurationProblem) -> RootKeySetting? {
        guard let item = items(of: "root-key").first else { return nil }
        return try RootKeySetting(item)
    }
}

extension RootKeySetting {
    /// Reads the section `root-key`: a provider and its settings, none of which is a secret itself.
    init(_ item: ConfigurationItem) throws(ConfigurationProblem) {
        let reader = ItemReader(item: item)
        let providers = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        let kind = try reader.required("provider", "one of \(providers)") { Kind(rawValue: $0) }
        try reader.check(["provider"] + kind.allNames)
        var values: [String: String] = [:]
        for name in kind.allNames {
            let (wanted, isRight) = Self.form(of: name, kind)
            let read: (String) -> String? = { isRight($0) ? $0 : nil }
            values[name] =
                kind.neededNames.contains(name)
                ? try reader.required(name, wanted, read) : try reader.value(name, wanted, read)
        }
        self.init(kind, values: values)
    }

    /// What a setting must look like: its words for people, and the check.
    private static func form(of name: String, _ kind: Kind) -> (wanted: String, isRight: (String) -> Bool) {
        switch name {
        case "path", "file", "module": return ("an absolute path", { $0.hasPrefix("/") })
        case "address", "endpoint":
            return ("an address like https://keys.example.org", { $0.hasPrefix("https://") || $0.hasPrefix("http://") })
        case _ where name.hasSuffix("-file"): return ("an absolute path", { $0.hasPrefix("/") })
        // Remembered one a line, and typed one a word.
        default: return ("a name without blanks", { !$0.isEmpty && !$0.contains(where: \.isWhitespace) })
        }
    }

    /// The settings in force, as they may be typed.
    var members: [(String, String)] {
        [("root-key.provider", kind.rawValue)]
            + values.sorted { $0.key < $1.key }.map { ("root-key." + $0.key, $0.value) }
    }
}
