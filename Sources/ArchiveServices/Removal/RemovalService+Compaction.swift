public import AccessControl
import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform
import Sealing

/// What a round of compaction did.
public struct CompactionReport: Sendable, Hashable {
    /// Packs that were copied into others.
    public var rewritten = 0
    /// Packs that are gone.
    public var removed = 0
    /// What could not be done, and is tried again.
    public var failures = 0
    /// Bytes of records that were left behind.
    public var deadBytes: UInt64 = 0
}

/// Frees the bytes of what is dead, and gathers packs that are too small.
///
/// A new pack takes copies of all sealed records that live, as they are, and names at its end the packs it stands for; it
/// is durable before the catalog hears of it, and the old packs stay for the grace time, and until the new one is verified in
/// every store where they were. A crash leaves the old packs, or both: then recovery finishes what was begun. Every step may
/// be repeated. While a study is held, nothing of it is freed.
extension RemovalService {
    /// Frees all that is dead, whatever the share of its pack.
    ///
    /// - Throws: `.denied`.
    public func compact(as principal: Principal) async throws -> CompactionReport {
        try authorize(.administer, principal)
        return try await compact(everything: true)
    }

    /// Does all that is due.
    ///
    /// - Parameters:
    ///   - everything: Whether any dead byte is reason enough, whatever the share of its pack.
    ///   - checkpoint: Called between two steps with what was done so far; may throw to end the round there.
    public func compact(
        everything: Bool = false,
        checkpoint: (CompactionReport) async throws -> Void = { _ in }
    ) async throws -> CompactionReport {
        guard !isSuspended() else {
            throw ArchiveError(.conflict, "The registry was lost, so compaction rests: see the file registry-lost")
        }
        var report = CompactionReport()
        try await removeSuperseded(&report, checkpoint)
        for (study, packs) in try await deadPacks(everything: everything) {
            try await checkpoint(report)
            try await tryCompacting(study, packs, &report)
        }
        var position: StudyPosition?
        while true {
            let page = try await catalog.studyHoldings(after: position, limit: 100)
            guard let last = page.last else { break }
            position = last.position
            for study in page {
                let small = smallPacks(of: study)
                guard small.count > configuration.smallPackCount else { continue }
                try await checkpoint(report)
                try await tryCompacting(study.studyInstanceUID, small, &report)
            }
        }
        if report.rewritten > 0 || report.removed > 0 {
            logger.notice(
                "packs were compacted",
                metadata: [LogKeys.count: "\(report.rewritten)", LogKeys.byteCount: "\(report.deadBytes)"]
            )
        }
        return report
    }

    /// Brings new packs to where the old ones are, and removes old ones whose grace time is over and whose copies are sealed
    /// and kept as widely.
    private func removeSuperseded(
        _ report: inout CompactionReport,
        _ checkpoint: (CompactionReport) async throws -> Void
    ) async throws {
        let superseded = try await catalog.supersededPacks()
        guard !superseded.isEmpty else { return }
        let held = Set(try await holds.heldStudies().map { keyring.keyID(for: Array($0.string.utf8)).rawValue })
        for (successorID, old) in Dictionary(grouping: superseded, by: \.successorID) {
            try await checkpoint(report)
            let successor = PackID(successorID)
            // Recovery looks for the copies among the open packs only: until then the old ones are what a crash leaves.
            guard try await !packs.isUnsealed(successor) else { continue }
            do {
                try await destroyer.carry(successor, asWidelyAs: old.map { PackID($0.packID) })
            } catch {
                guard error.code != .cancelled else { throw error }
                note(error, successor, &report)
                continue
            }
            for pack in old where !held.contains(pack.studyKeyID) {
                try await checkpoint(report)
                try await remove(pack, &report)
            }
        }
    }

    private func remove(_ old: SupersededPack, _ report: inout CompactionReport) async throws {
        guard old.since <= clock.now().advanced(by: .zero - configuration.graceTime) else { return }
        let pack = PackID(old.packID)
        do {
            guard try await destroyer.isKept(PackID(old.successorID), asWidelyAs: pack) else { return }
            try await destroyer.destroy(pack)
            try await catalog.forgetPack(old.packID)
            report.removed += 1
        } catch {
            note(error, pack, &report)
        }
    }

    /// The packs that are dead enough, by study.
    func deadPacks(everything: Bool) async throws -> [(UID, [PackID])] {
        var lengths: [PackID: UInt64] = [:]
        for extent in try await packs.extents() { lengths[extent.packID] = extent.length }
        var due: [UID: [PackID]] = [:]
        for dead in try await catalog.deadPacks() {
            let id = PackID(dead.packID)
            // A pack that lies elsewhere was sealed; how long it is, its records tell well enough.
            let length = lengths[id] ?? dead.deadBytes
            let (share, overflow) = dead.deadBytes.multipliedReportingOverflow(by: 100)
            guard everything || overflow || share >= length.multipliedFull(by: configuration.deadPercent) else {
                continue
            }
            due[dead.studyInstanceUID, default: []].append(id)
        }
        return due.sorted { $0.key.string < $1.key.string }
    }

    func smallPacks(of study: StudyHolding) -> [PackID] {
        var total: UInt64 = 0
        return study.packs.filter { $0.bytes <= configuration.smallPackBytes }.prefix { pack in
            total += pack.bytes
            return total <= 256 << 20
        }.map { PackID($0.packID) }
    }

    private func tryCompacting(_ study: UID, _ candidates: [PackID], _ report: inout CompactionReport) async throws {
        await studies.enter(study)
        defer { studies.leave(study) }
        do {
            guard try await holds.isHeld(study) == nil else { return }
            try await settleEffects()
            try await ingest.index.catchUp()
            let keyID = keyring.keyID(for: Array(study.string.utf8)).rawValue
            // One after the other: a pack that stands for others is not copied while they are still there.
            guard try await !catalog.supersededPacks().contains(where: { $0.studyKeyID == keyID }) else { return }
            var sealed: [PackID] = []
            for pack in candidates where try await !packs.isUnsealed(pack) { sealed.append(pack) }
            try await compact(study, sealed, &report)
        } catch let error as CancellationError {
            throw error
        } catch {
            note(error, nil, &report)
        }
    }

    private func compact(_ study: UID, _ sealed: [PackID], _ report: inout CompactionReport) async throws {
        var plans: [UInt32: CompactionPlan] = [:]
        for pack in sealed {
            let plan = try await plan(pack)
            if let before = plans[plan.keyGeneration], !before.takes(plan, within: configuration) {
                try await carryOut(before, of: study, &report)
                plans[plan.keyGeneration] = nil
            }
            plans[plan.keyGeneration, default: CompactionPlan(keyGeneration: plan.keyGeneration)].add(plan)
        }
        for plan in plans.values.sorted(by: { $0.keyGeneration < $1.keyGeneration }) {
            try await carryOut(plan, of: study, &report)
        }
    }

    private func carryOut(_ plan: CompactionPlan, of study: UID, _ report: inout CompactionReport) async throws {
        guard plan.isWorthwhile else { return }
        guard plan.kept.isEmpty else {
            try await rewrite(plan)
            report.rewritten += plan.packs.count
            report.deadBytes += plan.deadBytes
            return
        }
        for pack in plan.packs {
            // These bytes have no grace time: a hold may have come since the packs were looked at.
            guard try await holds.isHeld(study) == nil else { return }
            try await destroyer.destroy(pack)
            try await catalog.forgetPack(pack.rawValue)
            report.removed += 1
        }
    }

    private func rewrite(_ plan: CompactionPlan) async throws {
        let now = clock.now()
        let closing = Tombstone.supersedes(plan.packs.map(\.rawValue), at: now).encoded()
        try await effects.carryOut {
            let new = try await packs.rewrite(plan.kept, closing: closing)
            var moves: [(record: RecordReference, location: StoredLocation)] = []
            for (record, location) in zip(plan.kept, new.locations) {
                guard let uid = plan.instances[record.recordID] else { continue }
                let reference = RecordReference(sopInstanceUID: uid, recordID: record.recordID)
                moves.append((reference, StoredLocation(location)))
            }
            let superseded = plan.packs.map { pack in
                SupersededPack(
                    packID: pack.rawValue,
                    successorID: new.packID.rawValue,
                    studyKeyID: new.locations[0].studyKeyID.rawValue,
                    since: now
                )
            }
            let (catalog, packs, all) = (catalog, packs, moves)
            effects.add {
                try await catalog.move(all, superseding: superseded)
                packs.release(new)
            }
        }
    }

    /// What of a pack lives.
    private func plan(_ pack: PackID) async throws -> CompactionPlan {
        var plan = CompactionPlan(keyGeneration: 0)
        plan.packs = [pack]
        var states: [RandomID: Deletion.State] = [:]
        try await packs.forEachRecord(of: pack) { record in
            plan.keyGeneration = record.location.keyGeneration
            switch record.kind {
            case .edit: plan.keep(record)
            case .tombstone: plan.take(record)
            case .instance:
                guard let manifest = InstanceManifest(decoding: record.manifest) else {
                    throw ArchiveError(.damaged, "The manifest of a record cannot be read: run `cassette verify`")
                }
                let id = record.location.recordID
                plan.instances[id] = manifest.path.sopInstanceUID
                guard let removed = try await self.catalog.removedRecords(among: [id]).first else {
                    return plan.keep(record)
                }
                if states[removed.deletionID] == nil {
                    states[removed.deletionID] = try await self.catalog.deletion(removed.deletionID)?.state
                }
                // Without its deletion nothing is known to be dead.
                if states[removed.deletionID] ?? .inBin == .inBin {
                    plan.keep(record)
                } else {
                    plan.deadBytes += record.location.recordLength
                }
            }
        }
        return plan
    }

    private func note(_ error: any Error, _ pack: PackID?, _ report: inout CompactionReport) {
        report.failures += 1
        logger.error(
            "a pack was not compacted; it will be tried again",
            metadata: [LogKeys.packID: "\(pack?.hex ?? "-")", LogKeys.error: "\(error)"]
        )
    }
}

/// Which records of some packs go into a new one: places only, whatever stands in the records.
private struct CompactionPlan {
    var keyGeneration: UInt32
    var packs: [PackID] = []
    private(set) var kept: [RecordLocation] = []
    private var keptBytes: UInt64 = 0
    var instances: [RandomID: UID] = [:]
    var deadBytes: UInt64 = 0

    init(keyGeneration: UInt32) {
        self.keyGeneration = keyGeneration
    }

    /// Whether the new pack is better than the old ones.
    var isWorthwhile: Bool { deadBytes > 0 || packs.count > 1 }

    /// Whether another plan fits into the same new pack.
    func takes(_ other: CompactionPlan, within limits: RemovalConfiguration) -> Bool {
        let (bytes, overflow) = keptBytes.addingReportingOverflow(other.keptBytes)
        return !overflow && bytes <= limits.compactedByteLimit
            && kept.count + other.kept.count <= limits.compactedRecordLimit
    }

    mutating func keep(_ record: PackRecord) {
        kept.append(record.location)
        keptBytes = keptBytes &+ record.location.recordLength
    }

    mutating func add(_ other: CompactionPlan) {
        packs += other.packs
        kept += other.kept
        keptBytes = keptBytes &+ other.keptBytes
        instances.merge(other.instances) { first, _ in first }
        deadBytes += other.deadBytes
    }

    /// Keeps what a tombstone says, unless it is about records of this very pack that go, or packs that are gone.
    mutating func take(_ record: PackRecord) {
        switch Tombstone(decoding: record.manifest) {
        case .takesBack(let id):
            guard let last = kept.last, last.recordID == id else { return }
            kept.removeLast()
            keptBytes = keptBytes &- last.recordLength
            deadBytes += last.recordLength
        case .supersedes: break
        case .deletes, .restores, .ends, nil: keep(record)
        }
    }
}

extension UInt64 {
    /// The product, at most the largest number.
    fileprivate func multipliedFull(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
