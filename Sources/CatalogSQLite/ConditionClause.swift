import ArchiveCatalog
import GRDB

/// Turns the matching of a column into SQL (PS3.4 C.2.2.2).
///
/// GLOB has the wild cards of DICOM, compares case and knows one more special character, `[`, which is escaped. A range
/// over the fixed beginning of a pattern lets an index serve it.
struct ConditionClause {
    /// What is compared: a column of ours with its table.
    let operand: String
    /// The columns of the component groups, where a name has one for each.
    let groupOperands: [String]
    /// How its values compare.
    let kind: CatalogAttribute.Kind
    /// Whether several values may stand in it, joined by backslashes.
    let mayHaveSeveralValues: Bool

    /// The clause of an attribute's column in `table`.
    init(_ attribute: CatalogAttribute, table: String) {
        let folded = CatalogSchema.foldedColumns(attribute).map { "\(table).\"\($0.name)\"" }
        operand = folded.first ?? "\(table).\"\(attribute.column)\""
        groupOperands = folded.count > 1 ? folded : []
        kind = attribute.kind
        mayHaveSeveralValues = attribute.mayHaveSeveralValues
    }

    /// The clause of a column that holds one code or UID.
    init(operand: String, kind: CatalogAttribute.Kind) {
        self.operand = operand
        groupOperands = []
        self.kind = kind
        mayHaveSeveralValues = false
    }

    /// The condition that is true where the column matches.
    func matching(_ matching: Matching) -> SQLFragment {
        switch (matching, kind) {
        case (.values(let names), .personName): personNames(names)
        case (.wildcard(let name), .personName): personNames([name])
        case (.wildcards(let names), .personName): personNames(names)
        case (.wildcards(let patterns), _): self.patterns(patterns, range: nil)
        case (.values(let values), .number): list(values.compactMap { Int64($0) })
        case (.values(let values), .text), (.values(let values), .code), (.values(let values), .uid),
            (.values(let values), .date), (.values(let values), .time):
            list(values)
        case (.wildcard(let pattern), .number):
            SQLFragment("CAST(\(operand) AS TEXT) GLOB ?", [Self.glob(pattern).databaseValue])
        case (.wildcard(let pattern), .text), (.wildcard(let pattern), .code), (.wildcard(let pattern), .uid),
            (.wildcard(let pattern), .date), (.wildcard(let pattern), .time):
            patterns([pattern], range: pattern)
        case (.range(let from, let to), .number):
            range(from.map { Int64($0) }, to.map { Int64($0) })
        case (.range(let from, let to), .text), (.range(let from, let to), .code), (.range(let from, let to), .uid),
            (.range(let from, let to), .date), (.range(let from, let to), .time),
            (.range(let from, let to), .personName):
            range(from.map(Optional.some), to.map(Optional.some))
        }
    }

    /// One of several values; many are bound as one JSON array, for the number of parameters is limited.
    private func list(_ values: [some DatabaseValueConvertible & CustomStringConvertible]) -> SQLFragment {
        guard let value = values.first else { return SQLFragment("FALSE") }
        let isNumber = kind == .number
        let several = JSONArray.encode(values.map(\.description), asNumbers: isNumber).databaseValue
        if mayHaveSeveralValues {
            return values.count == 1
                ? SQLFragment("EXISTS (SELECT 1 FROM \(eachValue) WHERE value = ?)", [value.databaseValue])
                : SQLFragment(
                    "EXISTS (SELECT 1 FROM \(eachValue) AS single"
                        + " WHERE single.value IN (SELECT value FROM json_each(?)))",
                    [several]
                )
        }
        return values.count == 1
            ? SQLFragment("\(operand) = ?", [value.databaseValue])
            : SQLFragment("\(operand) IN (SELECT value FROM json_each(?))", [several])
    }

    /// From the first to the last; an end that is given but is no value of the column lets nothing through.
    private func range<Value: DatabaseValueConvertible>(_ from: Value??, _ to: Value??) -> SQLFragment {
        let ends = [(">=", from), ("<=", to)].compactMap { comparison, end -> SQLFragment? in
            guard let end else { return nil }
            guard let value = end else { return SQLFragment("FALSE") }
            return SQLFragment("\(operand) \(comparison) ?", [value.databaseValue])
        }
        return ends.isEmpty ? SQLFragment("TRUE") : SQLFragment.joined(ends, by: " AND ")
    }

    private func personNames(_ names: [String]) -> SQLFragment {
        let keys = names.map { PersonNamePattern($0) }
        guard !groupOperands.isEmpty else { return patterns(keys.flatMap(\.wholeNames), range: nil) }
        if keys.count == 1 { return Self.any(keys.map { name($0) }) }
        // A key without groups asks the same of all columns, so all such keys are asked at once.
        let patterns = keys.filter(\.isForAnyGroup).flatMap { $0.groups.first ?? [] }
        let ofAnyGroup = patterns.isEmpty ? [] : groupOperands.map { Self.glob($0, patterns) }
        let grouped = keys.filter { !$0.isForAnyGroup }
        return Self.any(ofAnyGroup + (grouped.isEmpty ? [] : [groups(grouped)]))
    }

    /// One of several names by their groups; many are bound as one JSON array, in which an empty pattern is any.
    private func groups(_ keys: [PersonNamePattern]) -> SQLFragment {
        let patterns = keys.flatMap { key in
            var patterns: [[String]] = [[]]
            for place in groupOperands.indices {
                let group = place < key.groups.count ? key.groups[place] : []
                patterns = patterns.flatMap { pattern in
                    (group.isEmpty ? [""] : group).map { pattern + [Self.glob($0)] }
                }
            }
            return patterns
        }
        let clauses = groupOperands.enumerated().map { place, operand in
            let pattern = "json_extract(pattern.value, '$[\(place)]')"
            return "(\(pattern) = '' OR \(operand) GLOB \(pattern))"
        }
        let list = "[" + patterns.map { JSONArray.encode($0, asNumbers: false) }.joined(separator: ",") + "]"
        return SQLFragment(
            "EXISTS (SELECT 1 FROM json_each(?) AS pattern WHERE \(clauses.joined(separator: " AND ")))",
            [list.databaseValue]
        )
    }

    /// One name, by any of its groups or by each of those that the key has.
    private func name(_ key: PersonNamePattern) -> SQLFragment {
        if key.isForAnyGroup {
            return Self.any(groupOperands.map { Self.group($0, key.groups.first ?? []) })
        }
        let clauses = zip(groupOperands, key.groups).filter { !$1.isEmpty }.map { Self.group($0, $1) }
        return clauses.isEmpty ? SQLFragment("TRUE") : .joined(clauses, by: " AND ")
    }

    private static func any(_ clauses: [SQLFragment]) -> SQLFragment {
        let any = SQLFragment.joined(clauses, by: " OR ")
        return clauses.isEmpty ? SQLFragment("FALSE") : SQLFragment("(\(any.sql))", any.arguments)
    }

    /// One of the patterns for a group, the last of which has the beginning that all of them share.
    private static func group(_ operand: String, _ patterns: [String]) -> SQLFragment {
        guard let shortest = patterns.last else { return SQLFragment("TRUE") }
        let clause = glob(operand, patterns)
        let whole = range(operand, beginning: shortest).map { .joined([$0, clause], by: " AND ") } ?? clause
        return SQLFragment("(\(whole.sql))", whole.arguments)
    }

    /// One of several patterns, whose fixed beginning the column has in any case.
    private func patterns(_ patterns: [String], range: String?) -> SQLFragment {
        guard !mayHaveSeveralValues else {
            let clause = Self.glob("single.value", patterns)
            return SQLFragment("EXISTS (SELECT 1 FROM \(eachValue) AS single WHERE \(clause.sql))", clause.arguments)
        }
        let clause = Self.glob(operand, patterns)
        return range.flatMap { Self.range(operand, beginning: $0) }.map { .joined([$0, clause], by: " AND ") } ?? clause
    }

    private static func glob(_ operand: String, _ patterns: [String]) -> SQLFragment {
        let globs = patterns.map { glob($0) }
        if globs.count <= 16 {
            return any(globs.map { SQLFragment("\(operand) GLOB ?", [$0.databaseValue]) })
        }
        return SQLFragment(
            "EXISTS (SELECT 1 FROM json_each(?) AS pattern WHERE \(operand) GLOB pattern.value)",
            [JSONArray.encode(globs, asNumbers: false).databaseValue]
        )
    }

    /// The range of the texts that begin as a pattern does; `nil` when it begins with a wild card.
    private static func range(_ operand: String, beginning pattern: String) -> SQLFragment? {
        // By scalars: to `Character` a wild card with a combining mark behind it is another letter.
        let fixed = String(String.UnicodeScalarView(pattern.unicodeScalars.prefix { $0 != "*" && $0 != "?" }))
        guard !fixed.isEmpty else { return nil }
        // No text behind the last scalar of Unicode is lost but one that goes on with that noncharacter itself.
        return SQLFragment(
            "\(operand) BETWEEN ? AND ?",
            [fixed.databaseValue, (fixed + "\u{10FFFF}").databaseValue]
        )
    }

    /// A table of the values in the column: its JSON text has two backslashes where a value ends.
    private var eachValue: String {
        #"json_each('[' || replace(json_quote(\#(operand)), '\\', '","') || ']')"#
    }

    /// The pattern for GLOB, in which every character but `*` and `?` is itself.
    static func glob(_ pattern: String) -> String {
        var escaped: [UInt8] = []
        for byte in pattern.utf8 {
            escaped += byte == 0x5B ? [0x5B, 0x5B, 0x5D] : [byte]
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
