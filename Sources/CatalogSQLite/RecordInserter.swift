import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// Brings records into the tables, one transaction after the other.
///
/// Rows of instances are written at once; those of patients, studies and series are read once, counted up in memory and
/// written once at the end of a transaction. What was read stays known for the transactions that follow: nobody else
/// writes these tables. After a failure it must be thrown away, for it knows rows that were rolled back.
final class RecordInserter {
    /// Patients, studies and series that are known from one transaction to the next; beyond it all are forgotten.
    private static let groupLimit = 1_024

    let database: Database
    var patients: [PatientID: GroupRow] = [:]
    var studies: [UID: StudyGroup] = [:]
    var series: [SeriesID: SeriesGroup] = [:]
    var totals: CatalogTotals
    private var largestKeys: [String: Int64] = [:]
    private var changedPatients: Set<PatientID> = []
    private var changedStudies: Set<UID> = []
    private var changedSeries: Set<SeriesID> = []
    private let statements: InsertStatements

    /// What makes a patient unique: without Patient ID, its only study.
    struct PatientID: Hashable {
        let identity: PatientIdentity
        let loneStudyUID: String

        init(_ identity: PatientIdentity, study: UID) {
            self.identity = identity
            loneStudyUID = identity.patientID.isEmpty ? study.string : ""
        }

        var arguments: [DatabaseValue] {
            [identity.patientID.databaseValue, identity.issuer.databaseValue, loneStudyUID.databaseValue]
        }
    }

    /// A study with what its row does not tell.
    struct StudyGroup {
        var row: GroupRow
        var identity: PatientIdentity
        var knownSOPClasses: Set<UID> = []
    }

    /// What makes a series unique; devices are known that use one series UID in several studies.
    struct SeriesID: Hashable {
        let studyKey: Int64
        let seriesInstanceUID: UID
    }

    /// A series with its modality as the study's list of modalities counts it, and as it is now.
    struct SeriesGroup {
        var row: GroupRow
        var countedModality: String?
        var modality: String?
    }

    /// Begins in a transaction of `database`; each transaction must end with ``finish()``.
    init(_ database: Database) throws {
        self.database = database
        statements = try InsertStatements(database)
        totals = try CatalogTotals(database)
    }

    /// Adds a record, unless its SOP Instance UID is known or its study belongs to another patient.
    func insert(_ record: InstanceRecord) throws -> InsertOutcome {
        if try statements.findInstance.run({ $0.exactText(record.path.sopInstanceUID.string) }) {
            try finish()
            guard let existing = try RecordReading.instance(record.path.sopInstanceUID, in: database) else {
                throw CatalogError.damagedRow
            }
            return .alreadyThere(existing)
        }
        guard let identity = try agreedIdentity(of: record) else { return .conflict }
        let instanceKey = try nextKey(InsertStatements.largestKey)
        let seriesKey = try count(record, as: instanceKey, of: identity)
        try statements.insert(record, key: instanceKey, seriesKey: seriesKey)
        totals.instances &+= 1
        totals.add(payloadBytes: record.location.payloadLength)
        return .inserted
    }

    /// Writes what was counted; more records may follow.
    func finish() throws {
        for key in changedPatients {
            try patients[key]?.write(GroupStatements.patient, statements.patientCounts, to: database)
        }
        for key in changedStudies {
            try studies[key]?.row.write(GroupStatements.study, statements.studyCounts, to: database)
        }
        for id in changedSeries {
            try series[id]?.row.write(GroupStatements.series, statements.seriesCounts, to: database)
            guard let group = series[id], group.modality != group.countedModality else { continue }
            try countModality(group, ofStudy: id.studyKey)
            series[id]?.countedModality = group.modality
        }
        changedPatients.removeAll(keepingCapacity: true)
        changedStudies.removeAll(keepingCapacity: true)
        changedSeries.removeAll(keepingCapacity: true)
        try statements.total.run { totals.bind(to: &$0) }
        if max(patients.count, studies.count, series.count) > Self.groupLimit {
            forgetRows()
        }
    }

    /// The identity of the record's study with the record in it; `nil` if they contradict each other.
    private func agreedIdentity(of record: InstanceRecord) throws -> PatientIdentity? {
        let claimed = PatientIdentity(record.values)
        let uid = record.path.studyInstanceUID
        guard let study = try study(uid) else { return claimed }
        guard let agreed = study.identity.merged(with: claimed) else { return nil }
        if agreed != study.identity {
            try moveStudy(uid, to: agreed)
        }
        return agreed
    }

    /// Adds the instance to its patient, study and series; returns the key of the series.
    private func count(_ record: InstanceRecord, as instanceKey: Int64, of identity: PatientIdentity) throws -> Int64 {
        // Asked for by the first instance of a group, and by one that comes before its defining instance.
        lazy var values = Self.completeValues(of: record, identity)
        let uid = record.path.studyInstanceUID
        func newRow(_ statements: GroupStatements, parent: DatabaseValue) throws -> GroupRow {
            GroupRow(
                key: try nextKey(statements.largestKey),
                parent: parent,
                first: record.defining,
                instanceKey: instanceKey,
                values: values
            )
        }
        let patientID = PatientID(identity, study: uid)
        let knownPatient = try patient(patientID)
        var patient = try knownPatient ?? newRow(.patient, parent: patientID.loneStudyUID.databaseValue)
        let knownStudy = try study(uid)
        var study =
            try knownStudy
            ?? StudyGroup(row: newRow(.study, parent: patient.key.databaseValue), identity: identity)
        let seriesID = SeriesID(studyKey: study.row.key, seriesInstanceUID: record.path.seriesInstanceUID)
        let knownSeries = try series(seriesID)
        var series =
            try knownSeries
            ?? SeriesGroup(
                row: newRow(.series, parent: study.row.key.databaseValue),
                modality: record.values[.modality]
            )
        let isNewStudy: Int64 = knownStudy == nil ? 1 : 0
        let isNewSeries: Int64 = knownSeries == nil ? 1 : 0

        if record.defining < patient.defining {
            patient.define(by: record.defining, key: instanceKey, values: values)
        }
        patient.add(newStudies: isNewStudy, newSeries: isNewSeries)
        if record.defining < study.row.defining {
            study.row.define(by: record.defining, key: instanceKey, values: values)
        }
        study.row.add(newSeries: isNewSeries)
        if record.defining < series.row.defining {
            series.modality = record.values[.modality]
            series.row.define(by: record.defining, key: instanceKey, values: values)
        }
        series.row.add()
        try note(record.sopClassUID, of: &study)

        patients[patientID] = patient
        studies[uid] = study
        self.series[seriesID] = series
        changedPatients.insert(patientID)
        changedStudies.insert(uid)
        changedSeries.insert(seriesID)
        totals.patients &+= knownPatient == nil ? 1 : 0
        totals.studies &+= isNewStudy
        totals.series &+= isNewSeries
        return series.row.key
    }

    private func note(_ sopClassUID: UID, of study: inout StudyGroup) throws {
        guard study.knownSOPClasses.insert(sopClassUID).inserted else { return }
        try database.run(Self.addSOPClass, [study.row.key.databaseValue, sopClassUID.string.databaseValue])
    }

    private func patient(_ id: PatientID) throws -> GroupRow? {
        if let row = patients[id] { return row }
        patients[id] = try database.first(GroupStatements.patient.select, id.arguments) { try GroupRow($0) }
        return patients[id]
    }

    private func study(_ uid: UID) throws -> StudyGroup? {
        if let study = studies[uid] { return study }
        studies[uid] = try database.first(GroupStatements.study.select, [uid.string.databaseValue]) { row in
            StudyGroup(
                row: try GroupRow(row),
                identity: PatientIdentity(patientID: row.text(8) ?? "", issuer: row.text(9) ?? "")
            )
        }
        return studies[uid]
    }

    private func series(_ id: SeriesID) throws -> SeriesGroup? {
        if let known = series[id] { return known }
        let arguments = [id.seriesInstanceUID.string.databaseValue, id.studyKey.databaseValue]
        series[id] = try database.first(GroupStatements.series.select, arguments) { row in
            SeriesGroup(row: try GroupRow(row), countedModality: row.text(8), modality: row.text(8))
        }
        return series[id]
    }

    private func countModality(_ group: SeriesGroup, ofStudy studyKey: Int64) throws {
        try countModality(from: group.countedModality, to: group.modality, ofStudy: studyKey)
    }

    /// Counts a series of a study under another modality than before; `nil`: under none.
    func countModality(from old: String?, to new: String?, ofStudy studyKey: Int64) throws {
        if let old {
            let arguments = [studyKey.databaseValue, old.databaseValue]
            try database.run(
                """
                UPDATE study_modality SET number_of_series = number_of_series - 1
                WHERE study_key = ? AND modality = ?
                """,
                arguments
            )
            try database.run(
                "DELETE FROM study_modality WHERE study_key = ? AND modality = ? AND number_of_series < 1",
                arguments
            )
        }
        if let new {
            try database.run(
                """
                INSERT INTO study_modality VALUES (?, ?, 1)
                ON CONFLICT DO UPDATE SET number_of_series = number_of_series + 1
                """,
                [studyKey.databaseValue, new.databaseValue]
            )
        }
    }

    /// Forgets the rows that are known, because others have written them.
    func forgetRows() {
        patients = [:]
        studies = [:]
        series = [:]
    }

    func nextKey(_ largestKey: String) throws -> Int64 {
        let largest = try largestKeys[largestKey] ?? database.first(largestKey, []) { $0.integer(0) } ?? 0
        largestKeys[largestKey] = largest + 1
        return largest + 1
    }

    /// The record's values with its UIDs, under the identity that its study agreed on.
    private static func completeValues(of record: InstanceRecord, _ identity: PatientIdentity) -> CatalogValues {
        var values = record.values
        values[.patientID] = identity.patientID
        values[.issuerOfPatientID] = identity.issuer
        values[.studyInstanceUID] = record.path.studyInstanceUID.string
        values[.seriesInstanceUID] = record.path.seriesInstanceUID.string
        return values
    }

    private static let addSOPClass = "INSERT OR IGNORE INTO study_sop_class VALUES (?, ?)"
}

extension GroupRow {
    /// Writes what changed.
    fileprivate mutating func write(
        _ statements: GroupStatements,
        _ counts: KeptStatement,
        to database: Database
    ) throws {
        try statements.write(&self, counts, to: database)
    }
}
