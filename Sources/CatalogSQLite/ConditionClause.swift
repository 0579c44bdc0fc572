import ArchiveCatalog
import GRDB

/// Turns the matching of a column into SQL (PS3.4 C.2.2.2).
///
/// GLOB has the wild cards of DICOM, compares case and knows one more special character, `[`, which is escaped. A range
/// over the fixed beginning of a pattern lets an index serve it.
struct ConditionClause {
    /// What is compared: a column of ours with its table.
    let operand: String
    /// How its values compare.
    let kind: CatalogAttribute.Kind
    /// Whether several values may stand in it, joined by backslashes.
    let mayHaveSeveralValues: Bool

    /// The clause of an attribute's column in `table`.
    init(_ attribute: CatalogAttribute, table: String) {
        operand = "\(table).\"\(CatalogSchema.foldedColumn(attribute) ?? attribute.column)\""
        kind = attribute.kind
        mayHaveSeveralValues = attribute.mayHaveSeveralValues
    }

    /// The clause of a column that holds one code or UID.
    init(operand: String, kind: CatalogAttribute.Kind) {
        self.operand = operand
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
        let patterns = names.map { PersonNamePattern($0) }
        let range = patterns.count == 1 ? patterns.first?.commonPrefix : nil
        return self.patterns(patterns.flatMap(\.alternatives), range: range)
    }

    /// One of several patterns, whose fixed beginning the column has in any case.
    private func patterns(_ patterns: [String], range: String?) -> SQLFragment {
        let globs = patterns.map { Self.glob($0) }
        let value = mayHaveSeveralValues ? "single.value" : operand
        let clause: SQLFragment
        if globs.count <= 16 {
            let each = globs.map { SQLFragment("\(value) GLOB ?", [$0.databaseValue]) }
            let any = SQLFragment.joined(each, by: " OR ")
            clause = SQLFragment("(\(any.sql))", any.arguments)
        } else {
            clause = SQLFragment(
                "EXISTS (SELECT 1 FROM json_each(?) AS pattern WHERE \(value) GLOB pattern.value)",
                [JSONArray.encode(globs, asNumbers: false).databaseValue]
            )
        }
        if mayHaveSeveralValues {
            return SQLFragment("EXISTS (SELECT 1 FROM \(eachValue) AS single WHERE \(clause.sql))", clause.arguments)
        }
        let fixed = range.map { String($0.prefix { $0 != "*" && $0 != "?" }) } ?? ""
        guard !fixed.isEmpty else { return clause }
        // No text behind the last scalar of Unicode is lost but one that goes on with that noncharacter itself.
        let bounds = [fixed.databaseValue, (fixed + "\u{10FFFF}").databaseValue]
        return .joined([SQLFragment("\(operand) BETWEEN ? AND ?", bounds), clause], by: " AND ")
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
