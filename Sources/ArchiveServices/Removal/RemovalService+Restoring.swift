public import AccessControl
public import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
public import Platform
import Sealing

extension RemovalService {
    /// Takes a deletion back: all of it or nothing.
    ///
    /// An instance that was stored anew meanwhile, with the same bytes, stays as it is there now.
    ///
    /// - Throws: `.notFound`; `.conflict` when it is final or restored already, when another object has one of its SOP
    ///   Instance UIDs now, or when its study belongs to another patient now.
    @discardableResult
    public func restore(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> Deletion {
        try authorize(.delete, principal)
        let study = try await inBin(id).scope.studyInstanceUID
        await studies.enter(study)
        defer { studies.leave(study) }
        var deletion = try await inBin(id)
        let removed = try await removedRecords(of: id)
        // Senders of these objects wait until it is known what is there. In one order, so that nobody waits in a circle.
        let uids = removed.map(\.sopInstanceUID).sorted { $0.string < $1.string }
        for uid in uids { await ingest.instances.enter(uid) }
        defer { for uid in uids { ingest.instances.leave(uid) } }
        let owner = try await claim(study, removed)
        do throws(ArchiveError) {
            try await restore(deletion, removed)
        } catch {
            if owner != nil { ingest.owners.settle(study, belongsTo: nil) }
            throw error
        }
        if owner != nil { ingest.owners.settle(study, belongsTo: owner) }
        deletion.state = .restored
        logger.notice("a deletion was restored", metadata: [LogKeys.count: "\(deletion.instanceCount)"])
        return deletion
    }

    private func restore(_ deletion: Deletion, _ removed: [RemovedRecord]) async throws(ArchiveError) {
        var except: [RandomID] = []
        for page in removed.pages(of: Self.pageLength) {
            for record in try await records(page) {
                guard let there = try await stored(record.path.sopInstanceUID) else { continue }
                guard there.isSameObject(as: record) else {
                    throw ArchiveError(
                        .conflict,
                        "Another object with one of its SOP Instance UIDs was stored meanwhile: delete that one first"
                    )
                }
                except.append(record.location.recordID)
            }
        }
        let stays = Set(except)
        let wanted = removed.filter { !stays.contains($0.location.recordID) }
        let id = deletion.id
        try await write(.restores(id, except: except, at: clock.now()), study: deletion.scope.studyInstanceUID) {
            for page in wanted.pages(of: Self.pageLength) {
                // Read where they lie now: what was done already is passed over.
                let ids = Set(page.map(\.location.recordID))
                let left = try await self.catalog.removedRecords(among: Array(ids))
                try await self.settlement.restore(try await self.records(left), of: id)
            }
        }
    }

    /// Claims the study for the patient of what comes back; other senders that would change its owner wait.
    ///
    /// - Returns: Whose the study will be; `nil` when nothing comes back.
    private func claim(_ study: UID, _ removed: [RemovedRecord]) async throws(ArchiveError) -> PatientIdentity? {
        var identity: PatientIdentity?
        for page in removed.pages(of: Self.pageLength) {
            for record in try await records(page) {
                let own = PatientIdentity(record.values)
                // What was filed under its study's patient says nothing against it.
                identity = identity.map { $0.merged(with: own) ?? $0 } ?? own
            }
        }
        guard let identity else { return nil }
        let owner = try await mapping { () async throws(CatalogError) in
            try await ingest.owners.hold(study, for: identity)
        }
        guard let owner else { throw ArchiveError(.conflict, "The study belongs to another patient now") }
        return owner
    }

    /// The instance of that UID as readers would find it.
    private func stored(_ uid: UID) async throws(ArchiveError) -> InstanceRecord? {
        if let pending = ingest.index.pendingRecord(uid) { return pending }
        return try await mapping { () async throws(CatalogError) in try await catalog.instance(uid) }
    }

    var settlement: RemovalSettlement {
        RemovalSettlement(ledger: RemovalLedger(), catalog: catalog, packs: packs, headers: headers)
    }

    func removedRecords(of id: RandomID) async throws(ArchiveError) -> [RemovedRecord] {
        var found: [RemovedRecord] = []
        while true {
            let last = found.last?.location.recordID
            let page = try await mapping { () async throws(CatalogError) in
                try await catalog.removedRecords(of: id, after: last, limit: Self.pageLength)
            }
            guard !page.isEmpty else { return found }
            found += page
        }
    }

    /// The records as the catalog had them, from their packs.
    func records(_ removed: [RemovedRecord]) async throws(ArchiveError) -> [InstanceRecord] {
        var records: [InstanceRecord] = []
        do {
            for entry in removed { records.append(try await settlement.record(at: entry.location)) }
        } catch {
            throw Self.archiveError(error)
        }
        return records
    }
}
