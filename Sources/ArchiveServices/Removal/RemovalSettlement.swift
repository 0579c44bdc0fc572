import ArchiveCatalog
import DICOMCore
import PackStorage
import Platform
import Sealing

/// Applies to a catalog what the tombstones of a walk say.
struct RemovalSettlement: Sendable {
    private static let pageLength = 500

    let ledger: RemovalLedger
    let catalog: any Catalog
    let packs: PackStore
    let headers: HeaderReader

    /// After all packs were walked into an empty catalog.
    func settleRebuild() async throws {
        for entry in ledger.deletions.values.sorted(by: { $0.deletion.id < $1.deletion.id }) {
            var entry = entry
            entry.deletion.state = .inBin
            try await remove(ledger.removedRecords(of: entry), by: entry.deletion)
            entry.deletion.state = ledger.state(of: entry.deletion.id)
            try await catalog.note([entry.deletion], removed: [])
        }
        try await catalog.move([], superseding: ledger.supersededPacks(walkedOnly: true))
    }

    /// After the open packs were walked into a catalog that may know all of it, or a part.
    func settleRecovery() async throws {
        guard !ledger.isEmpty else { return }
        try await removeAgain()
        for id in ledger.restorations.keys.sorted() { try await restore(id) }
        // What was deleted once more after it had been restored.
        if !ledger.restorations.isEmpty { try await removeAgain() }
        for id in ledger.ended.sorted() {
            guard var deletion = try await catalog.deletion(id), deletion.state == .inBin else { continue }
            deletion.state = .final
            try await catalog.note([deletion], removed: [])
        }
        // The old packs are sealed ones, which this walk did not see.
        try await catalog.move([], superseding: ledger.supersededPacks(walkedOnly: false))
    }

    /// The record of an instance, from its pack.
    func record(at location: StoredLocation) async throws -> InstanceRecord {
        let bytes = try await packs.readManifest(RecordLocation(location))
        guard let manifest = InstanceManifest(decoding: bytes) else {
            throw ArchiveError(.damaged, "The manifest of a record cannot be read: run `cassette verify`")
        }
        let key = try headers.keyring.existingKey(location.studyKeyID, generation: location.keyGeneration)
        return try manifest.record(at: location, key: key, assuming: headers.assumedCharacterSets)
    }

    /// The deletion that holds a record removed; `nil` when it lives.
    func removal(of record: InstanceRecord, _ removed: [RandomID: RandomID]) async throws -> RandomID? {
        let id = record.location.recordID
        if let known = try await catalog.removedRecords(among: [id]).first { return known.deletionID }
        return removed[id]
    }

    /// Puts records back; one that names another patient than its study does is filed with the study, as it was before.
    func restore(_ records: [InstanceRecord], of id: RandomID) async throws {
        guard try await catalog.restore(records, of: id).contains(.conflict) else { return }
        var filed: [InstanceRecord] = []
        for record in records {
            var record = record
            if let owner = try await catalog.owner(ofStudy: record.path.studyInstanceUID) {
                record.values[.patientID] = owner.patientID
                record.values[.issuerOfPatientID] = owner.issuer
            }
            filed.append(record)
        }
        // Among themselves they may still disagree in a study that is empty now: one by one, each finds an owner.
        for record in filed where try await catalog.restore([record], of: id).contains(.conflict) {
            var record = record
            let owner = try await catalog.owner(ofStudy: record.path.studyInstanceUID)
            record.values[.patientID] = owner?.patientID
            record.values[.issuerOfPatientID] = owner?.issuer
            _ = try await catalog.restore([record], of: id)
        }
    }

    private func removeAgain() async throws {
        for entry in ledger.deletions.values.sorted(by: { $0.deletion.id < $1.deletion.id }) {
            // Taken back already, which the catalog knew before: it stays so.
            guard try await catalog.deletion(entry.deletion.id)?.state != .restored else { continue }
            try await remove(entry.records, by: entry.deletion)
        }
    }

    private func remove(_ records: [RecordReference], by deletion: Deletion) async throws {
        let headers = headers
        var rest = records[...]
        repeat {
            let page = Array(rest.prefix(Self.pageLength))
            rest = rest.dropFirst(page.count)
            _ = try await catalog.remove(page, by: deletion) { try headers.values(of: $0) }
        } while !rest.isEmpty
    }

    /// Puts back what a deletion still holds removed.
    func restore(_ id: RandomID) async throws {
        let except = ledger.restorations[id] ?? []
        var last: RandomID?
        while true {
            let page = try await catalog.removedRecords(of: id, after: last, limit: Self.pageLength)
            guard let end = page.last else { break }
            last = end.location.recordID
            var records: [InstanceRecord] = []
            for removed in page where !except.contains(removed.location.recordID) {
                records.append(try await record(at: removed.location))
            }
            try await restore(records, of: id)
        }
        if var deletion = try await catalog.deletion(id), deletion.state != .restored {
            deletion.state = .restored
            try await catalog.note([deletion], removed: [])
        }
    }
}

extension HeaderReader {
    /// The column values of an instance, as its sender's or a rebuild's insertion had them.
    func values(of header: SealedHeader) throws -> CatalogValues {
        HeaderValues.values(
            of: try dataSet(header),
            inheriting: assumedCharacterSets.inherited(fromSource: header.source)
        )
    }
}
