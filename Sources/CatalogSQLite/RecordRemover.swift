import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// Takes records out of the tables in one transaction, and sets right what stands above them.
///
/// A row keeps the values of its defining instance only; when that one goes, the header of the next is read.
struct RecordRemover {
    private let inserter: RecordInserter
    private let reading: HeaderValuesReading
    private var removedKeys: Set<Int64> = []
    private var series: Set<Int64> = []
    private var patients: Set<DatabaseValue> = []
    /// The SOP Classes that went, by the key of their study.
    private var classes: [Int64: Set<String>] = [:]

    private var database: Database { inserter.database }

    /// Begins in a transaction; it must end with ``finish()``.
    init(_ inserter: RecordInserter, reading: @escaping HeaderValuesReading) {
        self.inserter = inserter
        self.reading = reading
    }

    /// Takes an instance out; where its record lies, `nil` when it is not there or is another record.
    mutating func remove(_ reference: RecordReference) throws -> StoredLocation? {
        let found = try database.first(
            Self.find,
            [reference.sopInstanceUID.string.databaseValue, SQLBinding.id(reference.recordID)]
        ) { row in
            let first = CatalogSchema.recordColumns.count
            return (
                location: try RecordReading.location(row), key: row.integer(first), series: row.integer(first + 1),
                study: row.integer(first + 2), sopClass: row.text(first + 3) ?? ""
            )
        }
        guard let found else { return nil }
        for table in ["instance_blob", "instance"] {
            try database.run("DELETE FROM \(table) WHERE instance_key = ?", [found.key.databaseValue])
        }
        removedKeys.insert(found.key)
        series.insert(found.series)
        classes[found.study, default: []].insert(found.sopClass)
        inserter.totals.instances &-= 1
        inserter.totals.subtract(payloadBytes: found.location.payloadLength)
        return found.location
    }

    /// Sets series, studies and patients right.
    mutating func finish() throws {
        for key in series.sorted() { try settleSeries(key) }
        for key in classes.keys.sorted() { try settleStudy(key) }
        for key in patients { try inserter.countAnew(key) }
        inserter.forgetRows()
        try inserter.finish()
    }

    private func settleSeries(_ key: Int64) throws {
        let found = try database.first(GroupStatements.series.selectByKey, [key.databaseValue]) { row in
            (row: try GroupRow(row), modality: row.text(8), uid: row.text(9))
        }
        guard let (known, modality, uid) = found, case .int64(let study) = known.parent.storage else {
            throw CatalogError.damagedRow
        }
        var row = known
        let left = try number("SELECT count(*) FROM instance WHERE series_key = ?", key)
        guard left > 0 else {
            try database.run("DELETE FROM series WHERE series_key = ?", [key.databaseValue])
            try inserter.countModality(from: modality, to: nil, ofStudy: study)
            inserter.totals.series &-= 1
            return
        }
        if removedKeys.contains(row.definingKey) {
            let next = try candidate(Self.firstInstance, key)
            var values = try values(ofInstance: next.key)
            values[.seriesInstanceUID] = uid
            row.define(by: next.defining, key: next.key, values: values)
            if values[.modality] != modality {
                try inserter.countModality(from: modality, to: values[.modality], ofStudy: study)
            }
        }
        row.recount(instances: left)
        try GroupStatements.series.write(&row, to: database)
    }

    private mutating func settleStudy(_ key: Int64) throws {
        let found = try database.first(GroupStatements.study.selectByKey, [key.databaseValue]) { row in
            (
                row: try GroupRow(row),
                identity: PatientIdentity(patientID: row.text(8) ?? "", issuer: row.text(9) ?? ""),
                uid: row.text(10).flatMap { UID($0) }
            )
        }
        guard let (known, identity, uid) = found, let uid else { throw CatalogError.damagedRow }
        var row = known
        patients.insert(row.parent)
        let left = try number("SELECT count(*) FROM series WHERE study_key = ?", key)
        guard left > 0 else {
            for table in ["study", "study_modality", "study_sop_class"] {
                try database.run("DELETE FROM \(table) WHERE study_key = ?", [key.databaseValue])
            }
            inserter.totals.studies &-= 1
            return
        }
        let next = try candidate(Self.firstSeries, key)
        let agreed = try agreedIdentity(ofStudy: key, definedBy: next.key, atMost: identity)
        if removedKeys.contains(row.definingKey) {
            var values = try values(ofInstance: next.key)
            values[.patientID] = identity.patientID
            values[.issuerOfPatientID] = identity.issuer
            values[.studyInstanceUID] = uid.string
            row.define(by: next.defining, key: next.key, values: values)
        }
        let instances = try number("SELECT sum(number_of_instances) FROM series WHERE study_key = ?", key)
        row.recount(series: left, instances: instances)
        try GroupStatements.study.write(&row, to: database)
        for sopClass in classes[key] ?? [] {
            try database.run(
                Self.dropClass,
                [key.databaseValue, sopClass.databaseValue, key.databaseValue, sopClass.databaseValue]
            )
        }
        if agreed != identity {
            try inserter.moveStudy(uid, to: agreed)
            patients.remove(row.parent)
        }
    }

    /// What the instances that are left say together about whose study it is.
    ///
    /// No more than all of them said before. The defining one nearly always says all of it; only if not, others are read.
    private func agreedIdentity(
        ofStudy key: Int64,
        definedBy instance: Int64,
        atMost known: PatientIdentity
    ) throws -> PatientIdentity {
        var agreed = PatientIdentity(try values(ofInstance: instance))
        guard agreed != known, known.merged(with: agreed) != nil else { return known }
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: Self.headersOfStudy),
            arguments: [key]
        )
        while agreed != known, let row = try rows.next() {
            let claim = PatientIdentity(try reading(try Self.header(row)))
            guard known.merged(with: claim) != nil else { continue }
            agreed = agreed.merged(with: claim) ?? agreed
        }
        return agreed
    }

    private func candidate(_ sql: String, _ key: Int64) throws -> (key: Int64, defining: DefiningInstance) {
        let found = try database.first(sql, [key.databaseValue]) { row in
            (
                key: row.integer(0),
                defining: DefiningInstance(
                    receivedAt: Timestamp(microseconds: row.integer(1)),
                    recordID: try row.id(2)
                )
            )
        }
        guard let found else { throw CatalogError.damagedRow }
        return found
    }

    private func values(ofInstance key: Int64) throws -> CatalogValues {
        guard let header = try database.first(Self.headerOfInstance, [key.databaseValue], Self.header) else {
            throw CatalogError.damagedRow
        }
        return try reading(header)
    }

    private func number(_ sql: String, _ key: Int64) throws -> Int64 {
        try database.first(sql, [key.databaseValue]) { $0.integer(0) } ?? 0
    }

    private static func header(_ row: Row) throws -> SealedHeader {
        SealedHeader(
            recordID: try row.id(0),
            studyKeyID: try row.id(1),
            keyGeneration: UInt32(clamping: row.integer(2)),
            source: row.text(3) ?? "",
            bytes: row.bytes(4) ?? []
        )
    }

    private static let find = """
        SELECT \(RecordReading.recordColumns), instance.instance_key, series.series_key, series.study_key, \
        instance.sop_class_uid FROM instance CROSS JOIN series ON series.series_key = instance.series_key \
        WHERE instance.sop_instance_uid = ? AND instance.record_id = ?
        """
    private static let firstInstance = """
        SELECT instance_key, received_at, record_id FROM instance WHERE series_key = ? \
        ORDER BY received_at, record_id LIMIT 1
        """
    private static let firstSeries = """
        SELECT defining_instance_key, defining_received_at, defining_record_id FROM series WHERE study_key = ? \
        ORDER BY defining_received_at, defining_record_id LIMIT 1
        """
    private static let headers = """
        SELECT instance.record_id, instance.study_key_id, instance.key_generation, instance.source, \
        instance_blob.sealed_header FROM 
        """
    private static let headerOfInstance =
        headers + """
            instance CROSS JOIN instance_blob ON instance_blob.instance_key = instance.instance_key \
            WHERE instance.instance_key = ?
            """
    private static let headersOfStudy =
        headers + """
            series CROSS JOIN instance ON instance.series_key = series.series_key \
            CROSS JOIN instance_blob ON instance_blob.instance_key = instance.instance_key \
            WHERE series.study_key = ? ORDER BY instance.received_at, instance.record_id
            """
    private static let dropClass = """
        DELETE FROM study_sop_class WHERE study_key = ? AND sop_class_uid = ? AND NOT EXISTS (
          SELECT 1 FROM series CROSS JOIN instance ON instance.series_key = series.series_key
          WHERE series.study_key = ? AND instance.sop_class_uid = ?
        )
        """
}
