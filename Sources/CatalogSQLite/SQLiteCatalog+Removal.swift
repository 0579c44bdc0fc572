public import ArchiveCatalog
public import DICOMCore
import GRDB
public import Platform

extension SQLiteCatalog {
    /// Takes instances out; see ``RemovalCatalog/remove(_:by:reading:)``.
    public func remove(
        _ instances: [RecordReference],
        by deletion: Deletion,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> [RemovedRecord] {
        try await index.write { [memory] database in
            try memory.change(database) { inserter in
                let known = try RemovalRows.deletion(deletion.id, in: database)
                guard known?.state != .restored else { return [] }
                if known == nil { try RemovalRows.write(deletion, to: database) }
                var remover = RecordRemover(inserter, reading: reading)
                var removed: [RemovedRecord] = []
                for reference in instances {
                    guard let location = try remover.remove(reference) else { continue }
                    let record = RemovedRecord(
                        deletionID: deletion.id,
                        sopInstanceUID: reference.sopInstanceUID,
                        location: location
                    )
                    try RemovalRows.write(record, to: database)
                    removed.append(record)
                }
                try remover.finish()
                return removed
            }
        }
    }

    /// Puts the instances of a deletion back; see ``RemovalCatalog/restore(_:of:)``.
    public func restore(
        _ records: [InstanceRecord],
        of deletionID: RandomID
    ) async throws(CatalogError) -> [InsertOutcome] {
        let refusal = RestoreRefusal()
        do throws(CatalogError) {
            return try await index.write { [memory] database in
                try memory.change(database) { inserter in
                    var outcomes: [InsertOutcome] = []
                    for record in records {
                        let outcome = try inserter.insert(record)
                        outcomes.append(outcome)
                        if case .alreadyThere(let there) = outcome,
                            there.location.recordID != record.location.recordID
                        {
                            continue
                        }
                        try database.run(
                            "DELETE FROM removed_record WHERE record_id = ?",
                            [SQLBinding.id(record.location.recordID)]
                        )
                    }
                    try inserter.finish()
                    // All or nothing: the transaction ends without effect.
                    guard !outcomes.contains(.conflict) else { throw refusal.noting(outcomes) }
                    try database.run(
                        "UPDATE deletion SET state = \(Deletion.State.restored.rawValue) WHERE deletion_id = ?",
                        [SQLBinding.id(deletionID)]
                    )
                    return outcomes
                }
            }
        } catch {
            guard let outcomes = refusal.outcomes else { throw error }
            return outcomes
        }
    }

    /// Notes deletions and removed records; see ``RemovalCatalog/note(_:removed:)``.
    public func note(_ deletions: [Deletion], removed: [RemovedRecord]) async throws(CatalogError) {
        try await index.write { database in
            try database.inTransaction(.immediate) {
                for deletion in deletions { try RemovalRows.write(deletion, to: database) }
                for record in removed { try RemovalRows.write(record, to: database) }
                return .commit
            }
        }
    }

    /// The deletion of that name; `nil` without one.
    public func deletion(_ id: RandomID) async throws(CatalogError) -> Deletion? {
        try await index.read { try RemovalRows.deletion(id, in: $0) }
    }

    /// Deletions, the oldest first.
    public func deletions(
        _ state: Deletion.State?,
        after last: Deletion?,
        limit: Int
    ) async throws(CatalogError) -> [Deletion] {
        try await index.read { try RemovalRows.deletions(state, after: last, limit: limit, in: $0) }
    }

    /// Records that a deletion took.
    public func removedRecords(
        of deletionID: RandomID,
        after last: RandomID?,
        limit: Int
    ) async throws(CatalogError) -> [RemovedRecord] {
        try await index.read { try RemovalRows.removed(of: deletionID, after: last, limit: limit, in: $0) }
    }

    /// Those of some records that a deletion took.
    public func removedRecords(among ids: [RandomID]) async throws(CatalogError) -> [RemovedRecord] {
        guard !ids.isEmpty else { return [] }
        return try await index.read { database in
            try ids.compactMap { try RemovalRows.removed($0, in: database) }
        }
    }

    /// Tells where records lie now; see ``RemovalCatalog/move(_:superseding:)``.
    public func move(
        _ moves: [(record: RecordReference, location: StoredLocation)],
        superseding packs: [SupersededPack]
    ) async throws(CatalogError) {
        try await index.write { database in
            try database.inTransaction(.immediate) {
                for (record, location) in moves {
                    let id = SQLBinding.id(record.recordID)
                    let place = [SQLBinding.id(location.packID), SQLBinding.length(location.recordOffset)]
                    try database.run(
                        """
                        UPDATE instance SET pack_id = ?, record_offset = ? \
                        WHERE sop_instance_uid = ? AND record_id = ?
                        """,
                        place + [record.sopInstanceUID.string.databaseValue, id]
                    )
                    try database.run(
                        "UPDATE removed_record SET pack_id = ?, record_offset = ? WHERE record_id = ?",
                        place + [id]
                    )
                }
                for pack in packs { try RemovalRows.write(pack, to: database) }
                return .commit
            }
        }
    }

    /// The packs whose records have been copied and that are still there.
    public func supersededPacks() async throws(CatalogError) -> [SupersededPack] {
        try await index.read { try RemovalRows.supersededPacks(in: $0) }
    }

    /// The packs with records of deletions that cannot be taken back.
    public func deadPacks() async throws(CatalogError) -> [DeadPack] {
        try await index.read { try RemovalRows.deadPacks(in: $0) }
    }

    /// The packs with removed records under a key.
    public func removedPacks(under studyKeyID: RandomID) async throws(CatalogError) -> [RandomID] {
        try await index.read { database in
            try database.all(
                "SELECT DISTINCT pack_id FROM removed_record WHERE study_key_id = ? ORDER BY pack_id",
                [SQLBinding.id(studyKeyID)]
            ) { try $0.id(0) }
        }
    }

    /// Forgets a pack that is gone, and the removed records in it.
    public func forgetPack(_ packID: RandomID) async throws(CatalogError) {
        try await index.write { database in
            try database.inTransaction(.immediate) {
                for table in ["superseded_pack", "removed_record"] {
                    try database.run("DELETE FROM \(table) WHERE pack_id = ?", [SQLBinding.id(packID)])
                }
                return .commit
            }
        }
    }

    /// Every pack that a row names.
    public func namedPacks() async throws(CatalogError) -> Set<RandomID> {
        try await index.read { database in
            // From pack to pack along the index, not from row to row.
            let sql = """
                WITH RECURSIVE named (pack_id) AS (\
                SELECT min(pack_id) FROM instance \
                UNION ALL SELECT (SELECT min(pack_id) FROM instance WHERE pack_id > named.pack_id) \
                FROM named WHERE named.pack_id IS NOT NULL) \
                SELECT pack_id FROM named WHERE pack_id IS NOT NULL \
                UNION SELECT pack_id FROM removed_record UNION SELECT pack_id FROM superseded_pack
                """
            return Set(try database.all(sql, []) { try $0.id(0) })
        }
    }

    /// Wipes a study; see ``RemovalCatalog/purge(study:through:reading:)``.
    public func purge(
        study studyInstanceUID: UID,
        through keyGeneration: UInt32,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> Int {
        let uid = studyInstanceUID.string.databaseValue
        let generation = Int64(keyGeneration).databaseValue
        return try await index.write { [memory] database in
            // Freed pages and cells are overwritten from here to the end of the transaction.
            try database.execute(sql: "PRAGMA secure_delete = ON")
            let count = try memory.change(database) { inserter in
                let references = try Self.references(ofStudy: uid, through: generation, in: database)
                var remover = RecordRemover(inserter, reading: reading)
                for reference in references { _ = try remover.remove(reference) }
                try remover.finish()
                try database.run(Self.wipeRemoved, [uid, generation])
                try database.run(Self.wipeDeletions, [uid])
                return references.count
            }
            try database.execute(sql: "PRAGMA secure_delete = OFF")
            _ = try database.checkpoint(.truncate)
            return count
        }
    }

    private static let wipeRemoved = """
        DELETE FROM removed_record \
        WHERE deletion_id IN (SELECT deletion_id FROM deletion WHERE study_instance_uid = ?) AND key_generation <= ?
        """
    /// What the study has in the bin since then stays.
    private static let wipeDeletions = """
        DELETE FROM deletion WHERE study_instance_uid = ? AND NOT EXISTS \
        (SELECT 1 FROM removed_record WHERE removed_record.deletion_id = deletion.deletion_id)
        """

    private static func references(
        ofStudy uid: DatabaseValue,
        through generation: DatabaseValue,
        in database: Database
    ) throws -> [RecordReference] {
        let sql = """
            SELECT instance.sop_instance_uid, instance.record_id FROM study \
            CROSS JOIN series ON series.study_key = study.study_key \
            CROSS JOIN instance ON instance.series_key = series.series_key \
            WHERE study.study_instance_uid = ? AND instance.key_generation <= ?
            """
        var references: [RecordReference] = []
        let rows = try Row.fetchCursor(try database.cachedStatement(sql: sql), arguments: [uid, generation])
        while let row = try rows.next() {
            guard let instance = row.text(0).flatMap({ UID($0) }) else { throw CatalogError.damagedRow }
            references.append(RecordReference(sopInstanceUID: instance, recordID: try row.id(1)))
        }
        return references
    }
}
