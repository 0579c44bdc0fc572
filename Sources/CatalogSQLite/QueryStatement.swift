import ArchiveCatalog
import DICOMCore
import GRDB

/// The SELECT that answers a query, and how its rows are read.
///
/// The order of the joins is fixed (`CROSS JOIN`): from the study down, along indexes that are in the order of the
/// answer, so that a limit stops the search; from the deepest UID up when the query has one.
struct QueryStatement {
    /// The statement.
    private(set) var statement: SQLFragment

    private let level: QueryLevel
    private let columns: ColumnList
    private let derived: DerivedColumns
    private let parents: ParentStatement?
    private let includesHeader: Bool

    /// Writes the statement for a query.
    ///
    /// - Parameter range: Where in the order the answers are; `nil`: anywhere.
    init(_ query: CatalogQuery, in range: SQLFragment? = nil) {
        level = query.level
        columns = ColumnList(only: query.level)
        derived = DerivedColumns(only: query.level)
        parents = ParentStatement(query.level)
        includesHeader = query.includesHeader
        let conditions = query.conditions.map { LeveledCondition($0) }
        statement = SQLFragment("SELECT \(Self.link(query.level)), \(columns.sql)\(derived.sql)")
        if includesHeader {
            statement.sql +=
                ", defining.record_id, defining.study_key_id, defining.key_generation, defining.source"
                + ", defining_blob.sealed_header"
        }
        statement.sql += " FROM " + Self.tables(query.level, conditions)
        if level == .study {
            statement.sql += " CROSS JOIN patient ON patient.patient_key = study.patient_key"
        }
        if includesHeader {
            let key = level == .instance ? "instance.instance_key" : "\(Self.table(level)).defining_instance_key"
            statement.sql +=
                " CROSS JOIN instance AS defining ON defining.instance_key = \(key)"
                + " CROSS JOIN instance_blob AS defining_blob ON defining_blob.instance_key = \(key)"
        }
        let clauses = Self.clauses(query.level, conditions) + [range].compactMap { $0 }
        if !clauses.isEmpty {
            statement.append(SQLFragment(" WHERE "))
            statement.append(.joined(clauses, by: " AND "))
        }
        let limit = query.limit.map { max(0, $0) } ?? -1
        statement.append(
            SQLFragment(
                " ORDER BY \(Self.order(query.level)) LIMIT ? OFFSET ?",
                [limit.databaseValue, max(0, query.offset).databaseValue]
            )
        )
    }

    /// Answers a query, range by range where it goes on from a place.
    static func rows(_ query: CatalogQuery, in database: Database) throws -> [CatalogRow] {
        var answers: [CatalogRow] = []
        var query = query
        if query.after != nil { query.offset = 0 }
        let ranges = query.after.map { QueryRanges.behind($0, query.level).map(Optional.some) } ?? [nil]
        var byteCount = 0
        for range in ranges where byteCount < CatalogPage.byteLimit && query.limit.map({ $0 > 0 }) ?? true {
            let count = answers.count
            try QueryStatement(query, in: range).read(in: database, into: &answers, &byteCount)
            query.limit = query.limit.map { $0 - (answers.count - count) }
        }
        return answers
    }

    /// - Parameter byteCount: Bytes of the headers of all answers.
    private func read(in database: Database, into answers: inout [CatalogRow], _ byteCount: inout Int) throws {
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: statement.sql),
            arguments: StatementArguments(statement.arguments)
        )
        var parentKey: Int64?
        var parent = CatalogRow(values: CatalogValues())
        while byteCount < CatalogPage.byteLimit, let row = try rows.next() {
            if let parents {
                let key = row.integer(0)
                if key != parentKey { parent = try parents.row(key, in: database) }
                parentKey = key
            }
            let answer = try answer(row, beside: parent)
            byteCount += answer.header?.bytes.count ?? 0
            answers.append(answer)
        }
    }

    private func answer(_ row: Row, beside parent: CatalogRow) throws -> CatalogRow {
        var answer = CatalogRow(
            values: columns.values(of: row, from: 1, beside: parent.values),
            derived: parent.derived
        )
        derived.read(row, from: 1 + columns.count, into: &answer.derived)
        answer.position = QueryRanges.position(
            of: answer.values,
            level,
            loneStudyUID: parents == nil ? row.text(0) : nil
        )
        guard includesHeader else { return answer }
        let first = 1 + columns.count + derived.count
        answer.header = SealedHeader(
            recordID: try row.id(first),
            studyKeyID: try row.id(first + 1),
            keyGeneration: UInt32(clamping: row.integer(first + 2)),
            source: row.text(first + 3) ?? "",
            bytes: row.bytes(first + 4) ?? []
        )
        return answer
    }

    /// What the first column tells: the record above, of a patient what completes its place in the order.
    private static func link(_ level: QueryLevel) -> String {
        switch level {
        case .patient: "patient.lone_study_uid"
        case .study: "NULL"
        case .series: "series.study_key"
        case .instance: "instance.series_key"
        }
    }

    static func table(_ level: QueryLevel) -> String {
        switch level {
        case .patient: "patient"
        case .study: "study"
        case .series: "series"
        case .instance: "instance"
        }
    }

    /// The tables of the levels from study (or patient) to `level`, in the order in which they are searched.
    private static func tables(_ level: QueryLevel, _ conditions: [LeveledCondition]) -> String {
        let seriesOfStudy = "series ON series.study_key = study.study_key"
        let studyOfSeries = "study ON study.study_key = series.study_key"
        let instancesOfSeries = "instance ON instance.series_key = series.series_key"
        let deepest = conditions.filter(\.isUID).map(\.level).max() ?? .study
        switch (level, deepest) {
        case (.patient, _): return "patient"
        case (.study, _): return "study"
        case (.series, .series): return "series CROSS JOIN \(studyOfSeries)"
        case (.series, _): return "study CROSS JOIN \(seriesOfStudy)"
        case (.instance, .instance):
            return "instance CROSS JOIN series ON series.series_key = instance.series_key CROSS JOIN \(studyOfSeries)"
        case (.instance, .series): return "series CROSS JOIN \(studyOfSeries) CROSS JOIN \(instancesOfSeries)"
        case (.instance, _): return "study CROSS JOIN \(seriesOfStudy) CROSS JOIN \(instancesOfSeries)"
        }
    }

    private static func order(_ level: QueryLevel) -> String {
        let study = "study.study_date DESC, study.study_instance_uid"
        let series = study + ", series.series_number, series.series_instance_uid"
        return switch level {
        case .patient: "patient.patient_id, patient.issuer_of_patient_id, patient.lone_study_uid"
        case .study: study
        case .series: series
        case .instance: series + ", instance.instance_number, instance.sop_instance_uid"
        }
    }

    /// The conditions on the tables at hand, and the question whether a record below meets the others.
    private static func clauses(_ level: QueryLevel, _ conditions: [LeveledCondition]) -> [SQLFragment] {
        let here = conditions.filter { $0.level <= level }.map {
            $0.clause(patientTable: level == .patient ? "patient" : "study")
        }
        let below = conditions.filter { $0.level > level }
        guard let lowest = below.map(\.level).max() else { return here }
        let clauses = below.map { $0.clause(patientTable: "study") }
        // Starting from the records below is right when an index finds few of them, else it would gather them all.
        let startsBelow = below.contains { $0.isIndexed }
        return here + [descent(from: level, to: lowest, clauses, startsBelow: startsBelow)]
    }

    private static func descent(
        from level: QueryLevel,
        to lowest: QueryLevel,
        _ clauses: [SQLFragment],
        startsBelow: Bool
    ) -> SQLFragment {
        let levels = QueryLevel.allCases.filter { level < $0 && $0 <= lowest }
        let names = levels.map { table($0) }
        let joins = zip(names.dropFirst(), names).map { child, parent in
            "\(child).\(parent)_key = \(parent).\(parent)_key"
        }
        let parent = table(level)
        let link = "\(names.first ?? "").\(parent)_key"
        let all = SQLFragment.joined(joins.map { SQLFragment($0) } + clauses, by: " AND ")
        let from = names.joined(separator: ", ")
        return startsBelow
            ? SQLFragment("\(parent).\(parent)_key IN (SELECT \(link) FROM \(from) WHERE \(all.sql))", all.arguments)
            : SQLFragment(
                "EXISTS (SELECT 1 FROM \(from) WHERE \(link) = \(parent).\(parent)_key AND \(all.sql))",
                all.arguments
            )
    }
}

/// A condition with the level at which it holds.
struct LeveledCondition {
    /// The level of the record that must meet it.
    let level: QueryLevel

    private let condition: MatchingCondition

    /// Finds the level.
    init(_ condition: MatchingCondition) {
        self.condition = condition
        level =
            switch condition.subject {
            case .attribute(let attribute): attribute.level
            case .modalitiesInStudy, .sopClassesInStudy: .study
            }
    }

    /// Whether it names the UID of a study, series or instance.
    var isUID: Bool {
        guard case .values = condition.matching else { return false }
        return [.studyInstanceUID, .seriesInstanceUID, .sopInstanceUID].contains(condition.subject.tag)
    }

    /// Whether an index finds the few records that meet it.
    var isIndexed: Bool {
        guard case .values = condition.matching else { return false }
        return isUID || condition.subject.tag == .accessionNumber
    }

    /// The condition in SQL.
    ///
    /// - Parameter patientTable: Where patient attributes are: in `patient` itself or in the copy of `study`.
    func clause(patientTable: String) -> SQLFragment {
        switch condition.subject {
        case .attribute(let attribute):
            let table = attribute.level == .patient ? patientTable : QueryStatement.table(attribute.level)
            let clause = ConditionClause(attribute, table: table).matching(condition.matching)
            return SQLFragment("(\(clause.sql))", clause.arguments)
        case .modalitiesInStudy:
            return gathered(ConditionClause(operand: "study_modality.modality", kind: .code), from: "study_modality")
        case .sopClassesInStudy:
            return gathered(
                ConditionClause(operand: "study_sop_class.sop_class_uid", kind: .uid),
                from: "study_sop_class"
            )
        }
    }

    private func gathered(_ clause: ConditionClause, from table: String) -> SQLFragment {
        let matching = clause.matching(condition.matching)
        return SQLFragment(
            "EXISTS (SELECT 1 FROM \(table) WHERE \(table).study_key = study.study_key AND \(matching.sql))",
            matching.arguments
        )
    }
}
