public import AccessControl
import ArchiveCatalog
import Crypto
public import DICOMCore
import Logging
import Metrics
import NIOCore
public import PackStorage
import Platform

/// Looks whether all is there, or reads everything back: each stored byte is opened, hashed and compared with what was
/// received.
public final class VerificationService: Sendable {
    private static let pageLength = 256

    private let policy: AccessPolicy
    let catalog: CurrentCatalog
    let packs: PackStore
    private let logger: Logger
    /// What the last look found, for who asks how the archive is.
    let condition = IntegrityCondition()

    init(policy: AccessPolicy, catalog: CurrentCatalog, packs: PackStore, logger: Logger) {
        self.policy = policy
        self.catalog = catalog
        self.packs = packs
        self.logger = logger
    }

    /// Throws `.denied` unless `principal` may have the archive verified.
    public func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not verify the archive")
        }
    }

    /// Checks every instance in the catalog.
    ///
    /// - Parameter progress: Called after each instance with the report so far.
    /// - Throws: `ArchiveError` `.denied`, `.unavailable` when the catalog fails; what `progress` throws. Damage is no
    ///   error here but a line of the report.
    public func verify(
        as principal: Principal,
        _ depth: VerificationDepth = .deep,
        progress: (VerificationReport) async throws -> Void = { _ in }
    ) async throws -> VerificationReport {
        try authorize(principal)
        var report = VerificationReport()
        report.total = try await unwrapped { () async throws(CatalogError) in try await catalog.counts() }.instances
        var last: UID?
        while let page = try await page(after: last) {
            for record in page {
                try await check(record, depth, &report)
                try await progress(report)
            }
            last = page.last?.path.sopInstanceUID
        }
        if depth == .deep { try await checkPacks(&report) }
        condition.set(report)
        return report
    }

    /// Puts the packs that a verification found damaged in order again, from copies in other stores and then from others.
    ///
    /// A damaged file is kept in the quarantine folder. What was repaired is read back once more.
    ///
    /// - Parameter backups: Asked for each damaged pack when no other store has a good copy.
    /// - Returns: The report with what is damaged still.
    public func repair(
        _ report: VerificationReport,
        as principal: Principal,
        from backups: (PackID) async throws -> BlobSource? = { _ in nil }
    ) async throws -> VerificationReport {
        try authorize(principal)
        let after = try await repair(report, from: backups)
        if !after.repaired.isEmpty { condition.set(after) }
        return after
    }

    /// Puts damaged packs in order again, whoever asks.
    func repair(
        _ report: VerificationReport,
        from backups: (PackID) async throws -> BlobSource? = { _ in nil }
    ) async throws -> VerificationReport {
        var repaired: Set<VerificationReport.DamagedPack> = []
        for damaged in report.damagedPacks.sorted(by: { $0.packID < $1.packID }) {
            if try await repair(damaged, backups) { repaired.insert(damaged) }
        }
        guard !repaired.isEmpty else { return report }
        var after = report
        after.repaired = Set(repaired.map(\.packID)).sorted()
        after.damaged = []
        after.damagedPacks.subtract(repaired)
        for uid in Set(report.damaged.map(\.sopInstanceUID)).sorted(by: { $0.string < $1.string }) {
            let record = try await unwrapped { () async throws(CatalogError) in try await catalog.instance(uid) }
            guard let record else { continue }
            var again = VerificationReport()
            try await check(record, .deep, &again)
            after.damaged += again.damaged
            after.damagedPacks.formUnion(again.damagedPacks)
        }
        if report.packProblems > 0 { try await checkPacks(&after) }
        return after
    }

    /// SHA-256 of the Data Set of an instance, read back from its pack.
    ///
    /// - Returns: `nil` when there is no such instance.
    public func dataSetDigest(of sopInstanceUID: UID, as principal: Principal) async throws(ArchiveError) -> [UInt8]? {
        try authorize(principal)
        let record = try await unwrapped { () async throws(CatalogError) in try await catalog.instance(sopInstanceUID) }
        guard let record else { return nil }
        var report = VerificationReport()
        do throws(PackError) {
            return try await digest(record, RecordLocation(record.location), &report)
        } catch {
            throw ArchiveError(error)
        }
    }

    func page(after uid: UID?) async throws(ArchiveError) -> [InstanceRecord]? {
        let page = try await unwrapped { () async throws(CatalogError) in
            try await catalog.allInstances(after: uid, limit: Self.pageLength)
        }
        return page.isEmpty ? nil : page
    }

    /// Looks for records that the index does not know, and for packs that cannot be read to their end.
    private func checkPacks(_ report: inout VerificationReport) async throws {
        var unindexed = 0
        let survey = try await packs.forEachRecord { record in
            guard record.kind == .instance, let manifest = InstanceManifest(decoding: record.manifest) else { return }
            let uid = manifest.path.sopInstanceUID
            let isKnown = try await unwrapped { () async throws(CatalogError) in
                // What was deleted lies in its pack until a compaction.
                if try await catalog.instance(uid) != nil { return true }
                return try await !catalog.removedRecords(among: [record.location.recordID]).isEmpty
            }
            if !isKnown { unindexed += 1 }
        }
        report.unindexed = unindexed
        let problems = survey.problems.filter { $0.kind != .shredded && !$0.isForNow }
        report.packProblems = problems.count
        for problem in problems {
            guard let packID = problem.packID, problem.kind != .keyNotFound else { continue }
            report.damagedPacks.insert(.init(packID: packID, store: try await store(of: packID)))
        }
    }

    func unwrapped<Answer>(
        _ question: () async throws(CatalogError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(CatalogError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }

    private func check(
        _ record: InstanceRecord,
        _ depth: VerificationDepth,
        _ report: inout VerificationReport
    ) async throws(ArchiveError) {
        report.checked += 1
        let location = RecordLocation(record.location)
        do throws(PackError) {
            try await packs.confirm(location)
            guard depth == .deep else { return }
            // Reads go to another copy when one is damaged, so each is looked at.
            let stores = try await packs.stores(of: location.packID)
            if stores.count > 1 {
                for store in stores { try await check(record, location, in: store, &report) }
            }
            // What a rebuild of the index would need of the record.
            _ = try await packs.readManifest(location)
            guard try await digest(record, location, &report) == record.dataSetDigest else {
                damage(record, stores.first ?? .hot, "the bytes differ from those received", &report)
                return
            }
        } catch {
            // Not the object's fault: the walk as a whole ends.
            if error.code == .cancelled { throw ArchiveError(error) }
            guard !error.isForNow else {
                report.unread += 1
                return
            }
            damage(record, try await store(of: location.packID), error.description, &report)
        }
    }

    /// The store whose copy of a pack is read: the data folder's, where it has one.
    private func store(of pack: PackID) async throws(ArchiveError) -> StoreName {
        do throws(PackError) {
            return try await packs.stores(of: pack).first ?? .hot
        } catch {
            if error.code == .cancelled { throw ArchiveError(error) }
            return .hot
        }
    }

    private func check(
        _ record: InstanceRecord,
        _ location: RecordLocation,
        in store: StoreName,
        _ report: inout VerificationReport
    ) async throws(PackError) {
        do throws(PackError) {
            try await packs.verify(location, context: PayloadContext.bytes(of: record), in: store)
        } catch {
            guard error.code != .cancelled else { throw error }
            guard !error.isForNow else { return }
            damage(record, store, "in \(store.text): \(error.description)", &report)
        }
    }

    private func digest(
        _ record: InstanceRecord,
        _ location: RecordLocation,
        _ report: inout VerificationReport
    ) async throws(PackError) -> [UInt8] {
        var digest = SHA256()
        var position: UInt64 = 0
        let payload = packs.streamAnew(
            location,
            context: PayloadContext.bytes(of: record),
            range: 0..<record.location.payloadLength
        )
        for try await chunk in payload {
            let end = position + UInt64(chunk.readableBytes)
            let skipped = min(end, max(position, record.dataSetOffset)) - position
            var part = chunk
            part.moveReaderIndex(forwardBy: Int(skipped))
            digest.add(part)
            position = end
        }
        report.bytes += position
        return Array(digest.finalize())
    }

    func damage(
        _ record: InstanceRecord,
        _ store: StoreName,
        _ cause: String,
        _ report: inout VerificationReport
    ) {
        let place = VerificationReport.DamagedPack(packID: PackID(record.location.packID), store: store)
        report.damaged.append(.init(sopInstanceUID: record.path.sopInstanceUID, cause: cause, place: place))
        report.damagedPacks.insert(place)
        Counter(label: "cassette_damaged_instances_total").increment()
        logger.error(
            "an object is damaged: run `cassette verify --deep --repair`",
            metadata: [
                LogKeys.packID: "\(place.packID.hex)", LogKeys.offset: "\(record.location.recordOffset)",
                LogKeys.error: "\(cause)",
            ]
        )
    }

    private func repair(
        _ damaged: VerificationReport.DamagedPack,
        _ backups: (PackID) async throws -> BlobSource?
    ) async throws -> Bool {
        // A copy in another store is put in order by the job that keeps the replicas.
        guard damaged.store == .hot else { return false }
        var sources = try await packs.copies(of: damaged.packID, besides: damaged.store)
        if let source = try await backups(damaged.packID) { sources.append(source) }
        for source in sources {
            do throws(PackError) {
                try await packs.repair(damaged.packID, with: source)
                logger.notice(
                    "a damaged pack was replaced by a good copy; the damaged one is in quarantine",
                    metadata: [LogKeys.packID: "\(damaged.packID.hex)"]
                )
                return true
            } catch {
                guard error.code != .cancelled else { throw error }
                logger.warning(
                    "a copy of a damaged pack is no help",
                    metadata: [LogKeys.packID: "\(damaged.packID.hex)", LogKeys.error: "\(error)"]
                )
            }
        }
        return false
    }
}

extension PackError {
    /// Whether a store does not give the bytes back now, which is no damage.
    var isForNow: Bool {
        switch code {
        case .frozen, .store(.frozen), .store(.unavailable): true
        default: false
        }
    }
}

extension PackProblem {
    /// Whether a store does not give the pack back now, which is no damage.
    var isForNow: Bool {
        guard case .unreadable(let code) = kind else { return false }
        return PackError(code, packID: packID).isForNow
    }
}
