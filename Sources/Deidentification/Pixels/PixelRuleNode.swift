import DICOMPixels

/// A piece of a rule file after its text has been parsed: whoever reads YAML makes these.
public indirect enum PixelRuleNode: Sendable, Hashable {
    /// A single value.
    case text(String, line: Int)
    /// A sequence.
    case list([PixelRuleNode], line: Int)
    /// Keys with their values, in order.
    case mapping([PixelRuleEntry], line: Int)

    /// The line of the file, from 1.
    public var line: Int {
        switch self {
        case .text(_, let line), .list(_, let line), .mapping(_, let line): line
        }
    }
}

/// A key of a mapping and its value.
public struct PixelRuleEntry: Sendable, Hashable {
    /// The key.
    public let key: String
    /// The value.
    public let value: PixelRuleNode

    /// Makes an entry.
    public init(_ key: String, _ value: PixelRuleNode) {
        self.key = key
        self.value = value
    }
}

/// What is wrong in a rule file, and where.
public struct PixelRuleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line of the file, from 1.
    public let line: Int
    /// What was expected.
    public let description: String

    /// Makes an error.
    public init(line: Int, _ what: String) {
        self.line = line
        description = "line \(line): \(what)"
    }
}

extension PixelRules {
    /// Reads a rule file.
    ///
    /// ```yaml
    /// defaults: true            # also the rules that come with the program (the default)
    /// rules:
    ///   - name: Head of the screen of our ultrasound
    ///     when:                 # all of them; a value or a list of values, * and ? stand for any characters
    ///       modality: US
    ///       manufacturer: "*acme*"
    ///       model: [X1, X2]
    ///       rows: 768
    ///     black-out:            # x, y, width, height in pixels, from the upper left corner
    ///       - [0, 0, 1024, 60]
    ///   - name: Dose reports
    ///     when: { series-description: "*dose*" }
    ///     exclude: a page of text
    ///   - name: Phantoms
    ///     when: { body-part: PHANTOM }
    ///     text: ignore          # or search: whether text is looked for
    ///     faces: ignore
    /// ```
    ///
    /// - Throws: `PixelRuleError` for what is none of that.
    public init(file: PixelRuleNode) throws(PixelRuleError) {
        var rules: [PixelRule] = []
        var hasDefaults = true
        for entry in try PixelRuleReading.entries(file, "the keys `rules` and `defaults`") {
            switch entry.key {
            case "defaults": hasDefaults = try PixelRuleReading.choice(entry.value, ["true": true, "false": false])
            case "rules":
                for node in try PixelRuleReading.list(entry.value, "a list of rules") {
                    rules.append(try PixelRuleReading.rule(node))
                }
            default: throw PixelRuleError(line: entry.value.line, "`\(entry.key)` is none of `rules`, `defaults`")
            }
        }
        self.init(rules + (hasDefaults ? PixelRules.standard.rules : []))
    }
}

/// The steps of reading a rule file.
private enum PixelRuleReading {
    static func rule(_ node: PixelRuleNode) throws(PixelRuleError) -> PixelRule {
        var name = ""
        var conditions: [PixelRule.Condition: [String]] = [:]
        var actions: [PixelRule.Action] = []
        for entry in try entries(node, "a rule with `name`, `when` and what is done") {
            let value = entry.value
            switch entry.key {
            case "name": name = try text(value, "a name")
            case "when": conditions = try self.conditions(value)
            case "black-out": actions.append(.blackOut(try rectangles(value)))
            case "exclude": actions.append(.exclude(try text(value, "a reason")))
            case "text": actions.append(.searchText(try choice(value, ["search": true, "ignore": false])))
            case "faces":
                _ = try choice(value, ["ignore": true])
                actions.append(.allowFaces)
            default:
                throw PixelRuleError(
                    line: value.line,
                    "`\(entry.key)` is none of `name`, `when`, `black-out`, `exclude`, `text`, `faces`"
                )
            }
        }
        guard !name.isEmpty else { throw PixelRuleError(line: node.line, "the rule has no `name`") }
        guard !actions.isEmpty else { throw PixelRuleError(line: node.line, "the rule does nothing") }
        return PixelRule(name: name, when: conditions, actions)
    }

    private static func conditions(
        _ node: PixelRuleNode
    ) throws(PixelRuleError) -> [PixelRule.Condition: [String]] {
        var conditions: [PixelRule.Condition: [String]] = [:]
        for entry in try entries(node, "attributes with their values") {
            guard let condition = PixelRule.Condition(rawValue: entry.key) else {
                let names = PixelRule.Condition.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                throw PixelRuleError(line: entry.value.line, "`\(entry.key)` is none of \(names)")
            }
            if case .list(let nodes, _) = entry.value {
                var patterns: [String] = []
                for node in nodes { patterns.append(try text(node, "a value")) }
                conditions[condition] = patterns
            } else {
                conditions[condition] = [try text(entry.value, "a value or a list of values")]
            }
        }
        return conditions
    }

    private static func rectangles(_ node: PixelRuleNode) throws(PixelRuleError) -> [PixelRectangle] {
        var rectangles: [PixelRectangle] = []
        for node in try list(node, "a list of rectangles") {
            var numbers: [Int] = []
            for part in try list(node, "[x, y, width, height]") {
                guard let number = Int(try text(part, "a number of pixels")), (0...65_535).contains(number) else {
                    throw PixelRuleError(line: part.line, "a number of pixels from 0 to 65535")
                }
                numbers.append(number)
            }
            guard numbers.count == 4, numbers[2] > 0, numbers[3] > 0 else {
                throw PixelRuleError(line: node.line, "a rectangle is [x, y, width, height], the last two above 0")
            }
            rectangles.append(
                PixelRectangle(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
            )
        }
        return rectangles
    }

    static func entries(_ node: PixelRuleNode, _ what: String) throws(PixelRuleError) -> [PixelRuleEntry] {
        guard case .mapping(let entries, _) = node else { throw PixelRuleError(line: node.line, "expected \(what)") }
        return entries
    }

    static func list(_ node: PixelRuleNode, _ what: String) throws(PixelRuleError) -> [PixelRuleNode] {
        guard case .list(let nodes, _) = node else { throw PixelRuleError(line: node.line, "expected \(what)") }
        return nodes
    }

    private static func text(_ node: PixelRuleNode, _ what: String) throws(PixelRuleError) -> String {
        guard case .text(let text, _) = node else { throw PixelRuleError(line: node.line, "expected \(what)") }
        return text
    }

    static func choice<Value>(_ node: PixelRuleNode, _ values: [String: Value]) throws(PixelRuleError) -> Value {
        let names = values.keys.sorted().map { "`\($0)`" }.joined(separator: " or ")
        guard let value = values[try text(node, names)] else {
            throw PixelRuleError(line: node.line, "expected \(names)")
        }
        return value
    }
}
