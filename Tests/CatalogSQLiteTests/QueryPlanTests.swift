import ArchiveCatalog
import DICOMCore
import GRDB
import Testing

@testable import CatalogSQLite

@Suite struct `Plans of the main queries` {
    /// What SQLite says about how it answers a query.
    private func plan(
        _ level: QueryLevel,
        _ conditions: [(DICOMCore.Tag, Matching)],
        header: Bool = false
    ) async throws -> [String] {
        let folder = try IndexFolder()
        let index = try IndexDatabase(path: folder.path, key: folder.key, configuration: .init())
        let query = CatalogQuery(
            level: level,
            conditions: conditions.compactMap { tag, matching in
                MatchingCondition.Subject(tag: tag).map { MatchingCondition($0, matching) }
            },
            limit: 50,
            includesHeader: header
        )
        return try await index.read { database in
            let statement = QueryStatement(query).statement
            let rows = try Row.fetchAll(
                database,
                sql: "EXPLAIN QUERY PLAN " + statement.sql,
                arguments: StatementArguments(statement.arguments)
            )
            return rows.map { $0["detail"] }
        }
    }

    private static let bigTables = ["study", "series", "instance", "patient", "instance_blob"]

    /// Whether a line reads a whole table without the order of an index.
    private func scans(_ plan: [String]) -> Bool {
        plan.contains { line in Self.bigTables.contains { line == "SCAN \($0)" } }
    }

    private static let narrow: [(QueryLevel, DICOMCore.Tag, Matching, String)] = [
        (.study, .patientID, .values(["P"]), "study_patient_id"),
        (.study, .patientID, .wildcard("P*"), "study_patient_id"),
        (.study, .patientName, .wildcard("doe*"), "study_patient_name"),
        (.study, .patientName, .values(["doe^j"]), "study_patient_name"),
        (.study, .patientName, .wildcard("山田*"), "study_patient_name_ideographic"),
        (.study, .patientName, .values(["やまだ"]), "study_patient_name_phonetic"),
        (.study, .patientName, .wildcard("=山田*"), "study_patient_name_ideographic"),
        (.study, .patientName, .wildcard("==ヤマダ*"), "study_patient_name_phonetic"),
        (.patient, .patientName, .wildcard("山田*"), "patient_name_ideographic"),
        (.study, .studyInstanceUID, .values(["1.2"]), "study_uid"),
        (.study, .studyInstanceUID, .values(["1.2", "1.3"]), "study_uid"),
        (.study, .accessionNumber, .values(["N"]), "study_accession_number"),
        (.study, .studyDate, .range(from: "20260101", to: "20260131"), "study_order"),
        (.study, .studyDate, .values(["20260101"]), "study_order"),
        (.study, .seriesInstanceUID, .values(["1.2"]), "series_uid"),
        (.study, .sopInstanceUID, .values(["1.2"]), "instance_uid"),
        (.patient, .patientID, .values(["P"]), "patient_identity"),
        (.patient, .patientName, .wildcard("doe*"), "patient_name"),
        (.patient, .studyInstanceUID, .values(["1.2"]), "study_uid"),
        (.series, .studyInstanceUID, .values(["1.2"]), "study_uid"),
        (.series, .seriesInstanceUID, .values(["1.2"]), "series_uid"),
        (.instance, .studyInstanceUID, .values(["1.2"]), "study_uid"),
        (.instance, .seriesInstanceUID, .values(["1.2"]), "series_uid"),
        (.instance, .sopInstanceUID, .values(["1.2"]), "instance_uid"),
    ]

    @Test(arguments: Self.narrow)
    func `an index serves the key`(_ entry: (QueryLevel, DICOMCore.Tag, Matching, String)) async throws {
        let plan = try await plan(entry.0, [(entry.1, entry.2)], header: true)

        #expect(plan.contains { $0.contains("SEARCH") && $0.contains("INDEX \(entry.3) ") }, "\(plan)")
        #expect(!scans(plan), "\(plan)")
    }

    @Test(arguments: QueryLevel.allCases)
    func `without keys the rows come in the order of an index, never sorted as a whole`(
        _ level: QueryLevel
    ) async throws {
        let plan = try await plan(level, [], header: true)

        #expect(!scans(plan), "\(plan)")
        #expect(!plan.contains("USE TEMP B-TREE FOR ORDER BY"), "\(plan)")
    }

    @Test func `filters without an index walk in the order of the answer, so the limit ends the walk`() async throws {
        let keys: [(QueryLevel, DICOMCore.Tag, Matching)] = [
            (.study, .modalitiesInStudy, .values(["CT"])), (.study, .patientName, .wildcard("*doe*")),
            (.study, .studyDescription, .wildcard("*x*")), (.series, .modality, .values(["CT"])),
            (.study, .modality, .values(["CT"])), (.patient, .studyDate, .range(from: "20260101", to: nil)),
            (.study, .sopClassesInStudy, .values(["1.2"])), (.instance, .imageType, .values(["ORIGINAL"])),
        ]
        for (level, tag, matching) in keys {
            let plan = try await plan(level, [(tag, matching)])

            #expect(!scans(plan), "\(plan)")
            #expect(!plan.contains("USE TEMP B-TREE FOR ORDER BY"), "\(plan)")
        }
    }
}
