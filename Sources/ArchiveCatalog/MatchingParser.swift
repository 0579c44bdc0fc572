public import DICOMCore

/// Turns the values of a key into a condition, the same for C-FIND and QIDO-RS (PS3.4 C.2.2.2, PS3.18 8.3.4).
public struct MatchingParser: Sendable, Hashable {
    /// Values in one list key; configuration key `limits.query.list-values`.
    public var listValueLimit = 10_000
    /// Wild cards in one key; `limits.query.wildcards`.
    public var wildcardLimit = 64

    /// Takes the default limits.
    public init() {}

    /// Returns the condition that `values` ask of `subject`, or `nil` for universal matching (no value, or only `*`).
    ///
    /// - Parameter values: The values of the key, already split at backslashes (and at commas for QIDO-RS UIDs).
    /// - Throws: ``MatchingError`` for ranges and lists that cannot be understood.
    public func condition(
        on subject: MatchingCondition.Subject,
        values: [String]
    ) throws(MatchingError) -> MatchingCondition? {
        let given = values.map { CatalogValue.trimmed($0) }.filter { !$0.isEmpty }
        guard !given.isEmpty else { return nil }
        guard given.count <= listValueLimit else { throw MatchingError(.tooManyValues, subject.tag) }
        switch subject {
        case .modalitiesInStudy: return try textCondition(subject, given)
        case .sopClassesInStudy: return try uidCondition(subject, given)
        case .attribute(let attribute):
            switch attribute.kind {
            case .uid: return try uidCondition(subject, given)
            case .date, .time: return try temporalCondition(subject, attribute.kind, given)
            case .text, .code, .number: return try textCondition(subject, given)
            case .personName:
                return try textCondition(subject, given.filter { !CatalogValue.foldedPersonName($0).isEmpty })
            }
        }
    }

    private func textCondition(
        _ subject: MatchingCondition.Subject,
        _ values: [String]
    ) throws(MatchingError) -> MatchingCondition? {
        guard !values.isEmpty else { return nil }
        guard values.contains(where: { $0.utf8.contains(where: Self.isWildcard) }) else {
            // Columns are cut at their limit; so are keys, or long values would never match.
            return MatchingCondition(subject, .values(values.map { CatalogValue.limited($0) }))
        }
        var patterns: [String] = []
        var wildcards = 0
        for value in values {
            // No column is as long as such a pattern has to be, and databases refuse patterns without bound.
            guard value.utf8.count <= CatalogValue.lengthLimit else { throw MatchingError(.tooLong, subject.tag) }
            let pattern = Self.collapsingStars(value)
            // `*` alone is universal matching: PS3.4 C.2.2.2.4 lets it match absent values too.
            guard pattern != "*" else { return nil }
            wildcards += pattern.utf8.count(where: Self.isWildcard)
            guard wildcards <= wildcardLimit else { throw MatchingError(.tooManyWildcards, subject.tag) }
            patterns.append(pattern)
        }
        guard let only = patterns.first, patterns.count == 1 else {
            return MatchingCondition(subject, .wildcards(patterns))
        }
        return MatchingCondition(subject, .wildcard(only))
    }

    private func uidCondition(
        _ subject: MatchingCondition.Subject,
        _ values: [String]
    ) throws(MatchingError) -> MatchingCondition? {
        if values == ["*"] { return nil }
        let uids = values.compactMap { UID($0)?.string }
        guard uids.count == values.count else { throw MatchingError(.badUID, subject.tag) }
        return MatchingCondition(subject, .values(uids))
    }

    private func temporalCondition(
        _ subject: MatchingCondition.Subject,
        _ kind: CatalogAttribute.Kind,
        _ values: [String]
    ) throws(MatchingError) -> MatchingCondition? {
        guard let text = values.first, values.count == 1 else { throw MatchingError(.badRange, subject.tag) }
        if text == "*" { return nil }
        let (from, to, isSingle): (String?, String?, Bool)
        if kind == .date {
            guard let range = TemporalRange<DICOMDate>(text) else { throw MatchingError(.badRange, subject.tag) }
            (from, to, isSingle) = (range.from?.string, range.to?.string, range.isSingle)
        } else {
            guard let range = TemporalRange<DICOMTime>(text) else { throw MatchingError(.badRange, subject.tag) }
            (from, to, isSingle) = (range.from?.string, range.to?.string, range.isSingle)
        }
        if isSingle, kind == .date, let from {
            return MatchingCondition(subject, .values([from]))
        }
        return MatchingCondition(subject, .range(from: from, to: to.map { CatalogValue.upperBound($0, kind) }))
    }

    private static func isWildcard(_ byte: UInt8) -> Bool {
        byte == 0x2A || byte == 0x3F
    }

    private static func collapsingStars(_ pattern: String) -> String {
        var result: [UInt8] = []
        for byte in pattern.utf8 where !(byte == 0x2A && result.last == 0x2A) {
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension MatchingCondition.Subject {
    /// The tag of what is matched.
    public var tag: Tag {
        switch self {
        case .attribute(let attribute): attribute.tag
        case .modalitiesInStudy: .modalitiesInStudy
        case .sopClassesInStudy: .sopClassesInStudy
        }
    }

    /// What a key with that tag matches; `nil` when the catalog cannot match it.
    public init?(tag: Tag) {
        switch tag {
        case .modalitiesInStudy: self = .modalitiesInStudy
        case .sopClassesInStudy: self = .sopClassesInStudy
        default:
            guard let attribute = CatalogAttribute.forTag(tag) else { return nil }
            self = .attribute(attribute)
        }
    }
}
