/// Where settings come from, the strongest first.
struct SettingSource {
    let typed: [String: String]
    let file: ConfigurationFile
    let usesEnvironment: Bool

    /// The text of a key, what to call its origin, and its line in the file.
    subscript(key: String) -> (text: String, origin: String, line: Int?)? {
        if let text = typed[key] { return (text, "--" + key, nil) }
        let variable = Self.variable(key)
        if usesEnvironment, let text = Environment[variable] { return (text, "CASSETTE_" + variable, nil) }
        return file[key].map { ($0.text, key, $0.line) }
    }

    /// The name of a key in the environment, after `CASSETTE_`.
    static func variable(_ key: String) -> String {
        String(key.uppercased().map { $0 == "-" || $0 == "." ? "_" : $0 })
    }

    /// The value of a key, understood by `parse`; `wanted` says what is expected.
    func value<Value>(
        _ key: String,
        or standard: Value,
        _ wanted: String,
        _ parse: (String) -> Value?
    ) throws(ConfigurationProblem) -> Value {
        guard let setting = self[key] else { return standard }
        guard let value = parse(setting.text) else {
            throw ConfigurationProblem(
                line: setting.line,
                "\(setting.origin) is '\(setting.text)', but must be \(wanted)"
            )
        }
        return value
    }
}
