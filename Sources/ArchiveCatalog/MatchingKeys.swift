public import DICOMCore

/// The keys of a search as they are met, each with all its values.
public struct MatchingKeys: Sendable {
    private var values: [MatchingCondition.Subject: [String]] = [:]
    private var order: [MatchingCondition.Subject] = []

    /// Starts without keys.
    public init() {}

    /// Takes the value of a key; `false` when the catalog cannot match it.
    public mutating func add(_ tag: Tag, _ value: String) -> Bool {
        guard let subject = MatchingCondition.Subject(tag: tag) else { return false }
        // PS3.18 8.3.4.1 separates UIDs by commas, PS3.4 by backslashes.
        let separators: [Character] = Self.isListOfUIDs(subject) ? [",", "\\"] : ["\\"]
        let parts = value.split { separators.contains($0) }.map(String.init)
        if values[subject] == nil { order.append(subject) }
        values[subject, default: []] += parts
        return true
    }

    /// What the keys ask, in the order in which they came first.
    public func conditions(_ parser: MatchingParser) throws(MatchingError) -> [MatchingCondition] {
        var conditions: [MatchingCondition] = []
        for subject in order {
            if let condition = try parser.condition(on: subject, values: values[subject] ?? []) {
                conditions.append(condition)
            }
        }
        return conditions
    }

    private static func isListOfUIDs(_ subject: MatchingCondition.Subject) -> Bool {
        switch subject {
        case .attribute(let attribute): attribute.kind == .uid
        case .modalitiesInStudy, .sopClassesInStudy: true
        }
    }
}
