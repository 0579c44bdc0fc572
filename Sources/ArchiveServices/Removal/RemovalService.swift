public import AccessControl
public import ArchiveCatalog
import DICOMCore
import Logging
import NIOCore
import PackStorage
public import Platform
import Sealing

/// Deletes instances, series and studies: hidden at once, restorable for a time, gone after it.
///
/// A deletion is a record in a pack of the study; it is durable before anything is hidden, and a rebuild of the index
/// finds it. An object that is sent again after its deletion is stored anew, under a record of its own: who deletes decides
/// about what is there, not about what comes. What arrives while a deletion runs is not part of it.
public final class RemovalService: Sendable {
    static let pageLength = 500

    let policy: AccessPolicy
    let catalog: any Catalog
    let registry: any RemovalRegistry
    let holds: HoldService
    let ingest: IngestService
    let packs: PackStore
    let destroyer: any PackDestroying
    let keyring: Keyring
    let headers: HeaderReader
    let clock: any WallClock
    let random: any RandomSource
    let logger: Logger
    /// How deletion works here.
    public let configuration: RemovalConfiguration
    /// Whether nothing may end in the bin by itself, nor be compacted: holds may be lost.
    let isSuspended: @Sendable () -> Bool
    /// What waits for the catalog.
    let effects = EffectQueue()
    /// One removal, restoration, compaction or shredding of a study at a time.
    let studies = KeyGate<UID>()

    init(
        policy: AccessPolicy,
        catalog: any Catalog,
        registry: any RemovalRegistry,
        holds: HoldService,
        ingest: IngestService,
        headers: HeaderReader,
        destroyer: (any PackDestroying)?,
        random: any RandomSource,
        configuration: RemovalConfiguration,
        isSuspended: @escaping @Sendable () -> Bool,
        logger: Logger
    ) {
        self.policy = policy
        self.catalog = catalog
        self.registry = registry
        self.holds = holds
        self.ingest = ingest
        packs = ingest.packs
        self.destroyer = destroyer ?? LocalPacks(ingest.packs)
        keyring = ingest.keyring
        self.headers = headers
        clock = ingest.clock
        self.random = random
        self.configuration = configuration
        self.isSuspended = isSuspended
        self.logger = logger
    }

    /// What a deletion would take.
    ///
    /// - Throws: `.denied`, `.notFound`.
    public func preview(
        _ scope: ArchiveScope,
        as principal: Principal
    ) async throws(ArchiveError) -> DeletionPreview {
        try authorize(.delete, principal)
        return try await preview(scope, of: try await instances(in: scope))
    }

    /// Moves instances into the bin, or asks for a second administrator where so many need one.
    ///
    /// - Throws: `.denied`, `.notFound`, `.conflict` under a hold, `.unavailable`.
    public func delete(
        _ scope: ArchiveScope,
        reason: String = "",
        as principal: Principal
    ) async throws(ArchiveError) -> DeletionOutcome {
        try authorize(.delete, principal)
        await studies.enter(scope.studyInstanceUID)
        defer { studies.leave(scope.studyInstanceUID) }
        let found = try await instances(in: scope)
        let preview = try await preview(scope, of: found)
        try refuse(preview.hold)
        guard !preview.needsConfirmation else {
            return .awaitsConfirmation(try await ask(.delete, preview, reason, principal))
        }
        return .deleted(try await moveIntoBin(scope, found, reason: reason, by: principal.name))
    }

    /// Everything in the bin, the oldest first.
    public func bin(
        after last: Deletion? = nil,
        limit: Int = 200,
        as principal: Principal
    ) async throws(ArchiveError) -> [BinEntry] {
        try authorize(.delete, principal)
        return try await mapping { () async throws(CatalogError) in
            try await catalog.deletions(.inBin, after: last, limit: limit).map(entry)
        }
    }

    /// Ends the time in which a deletion can be restored.
    ///
    /// - Throws: `.notFound`, `.conflict` when it is not in the bin any more or the study is held.
    @discardableResult
    public func end(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> Deletion {
        try authorize(.delete, principal)
        return try await end(id)
    }

    /// Ends the time of everything in the bin that was deleted that long ago, but for what is held.
    ///
    /// - Returns: The deletions that are final now.
    @discardableResult
    public func emptyBin(
        olderThan age: Duration = .zero,
        as principal: Principal
    ) async throws(ArchiveError) -> [Deletion] {
        try authorize(.delete, principal)
        return try await endAll(olderThan: age)
    }

    /// Ends what has been in the bin for its time; called from time to time.
    @discardableResult
    func endExpired() async throws(ArchiveError) -> [Deletion] {
        guard !isSuspended() else { return [] }
        return try await endAll(olderThan: configuration.binTime)
    }

    private func endAll(olderThan age: Duration) async throws(ArchiveError) -> [Deletion] {
        let limit = clock.now().advanced(by: .zero - age)
        var ended: [Deletion] = []
        var last: Deletion?
        while true {
            let after = last
            let page = try await mapping { () async throws(CatalogError) in
                try await catalog.deletions(.inBin, after: after, limit: 100)
            }
            guard let end = page.last else { return ended }
            last = end
            for deletion in page {
                guard deletion.deletedAt <= limit else { return ended }
                guard try await holds.isHeld(deletion.scope.studyInstanceUID) == nil else { continue }
                try await self.end(deletion.id)
                ended.append(deletion)
            }
        }
    }

    @discardableResult
    private func end(_ id: RandomID) async throws(ArchiveError) -> Deletion {
        let study = try await inBin(id).scope.studyInstanceUID
        await studies.enter(study)
        defer { studies.leave(study) }
        var deletion = try await inBin(id)
        try refuse(try await holds.isHeld(study))
        deletion.state = .final
        let final = deletion
        try await write(.ends(id, at: clock.now()), study: study) { [catalog] in
            guard try await catalog.deletion(id)?.state == .inBin else { return }
            try await catalog.note([final], removed: [])
        }
        logger.notice("a deletion is final", metadata: [LogKeys.count: "\(deletion.instanceCount)"])
        return final
    }

    /// The deletion of that id, which can be restored still.
    func inBin(_ id: RandomID) async throws(ArchiveError) -> Deletion {
        try await settleEffects()
        let found = try await mapping { () async throws(CatalogError) in try await catalog.deletion(id) }
        guard let found else { throw ArchiveError(.notFound, "There is no such deletion: see `cassette trash list`") }
        switch found.state {
        case .inBin: return found
        case .restored: throw ArchiveError(.conflict, "The deletion was restored already")
        case .final: throw ArchiveError(.conflict, "The deletion is final")
        }
    }

    /// The deletion, hidden and durable, whoever asked.
    func moveIntoBin(
        _ scope: ArchiveScope,
        _ found: [InstanceRecord],
        reason: String,
        by name: String
    ) async throws(ArchiveError) -> BinEntry {
        let deletion = Deletion(
            id: RandomID(random: random),
            scope: scope,
            deletedAt: clock.now(),
            deletedBy: name,
            reason: String(decoding: reason.utf8.prefix(200), as: UTF8.self),
            instanceCount: found.count,
            payloadBytes: Self.bytes(of: found)
        )
        let references = found.map {
            RecordReference(sopInstanceUID: $0.path.sopInstanceUID, recordID: $0.location.recordID)
        }
        let (catalog, headers, owners) = (catalog, headers, ingest.owners)
        try await write(.deletes(deletion, references), study: scope.studyInstanceUID) {
            for page in references.pages(of: Self.pageLength) {
                _ = try await catalog.remove(page, by: deletion) { try headers.values(of: $0) }
            }
            owners.forget(scope.studyInstanceUID)
        }
        logger.notice(
            "instances were deleted: they can be restored for a time",
            metadata: [LogKeys.count: "\(references.count)", LogKeys.byteCount: "\(deletion.payloadBytes)"]
        )
        return entry(deletion)
    }

    /// Writes a tombstone into a pack of the study and lets it take effect.
    func write(
        _ tombstone: Tombstone,
        study: UID,
        effect: @escaping EffectQueue.Effect
    ) async throws(ArchiveError) {
        do {
            let keyID = keyring.keyID(for: Array(study.string.utf8))
            guard let key = try keyring.existingStudyKey(keyID) else {
                throw ArchiveError(.damaged, "The keyring has no key of this study")
            }
            try await effects.carryOut {
                let writer = packs.makeWriter()
                do {
                    try await writer.begin(studyKey: key, context: [], kind: .tombstone)
                    try await writer.finish(manifest: tombstone.encoded()) { _ in effects.add(effect) }
                    await writer.close()
                } catch {
                    await writer.close()
                    throw error
                }
            }
        } catch {
            throw Self.archiveError(error)
        }
    }

    /// Brings the catalog up to what the tombstones say.
    func settleEffects() async throws(ArchiveError) {
        do {
            try await effects.settle()
        } catch {
            throw Self.archiveError(error)
        }
    }
}

extension RemovalService {
    func entry(_ deletion: Deletion) -> BinEntry {
        BinEntry(deletion: deletion, restorableUntil: deletion.deletedAt.advanced(by: configuration.binTime))
    }

    func authorize(_ operation: Operation, _ principal: Principal) throws(ArchiveError) {
        guard policy.allows(operation, for: principal) else {
            throw ArchiveError(.denied, "This caller may not delete")
        }
    }

    func refuse(_ hold: Hold?) throws(ArchiveError) {
        guard let hold else { return }
        let end = hold.until.map { " until \($0)" } ?? ""
        throw ArchiveError(
            .conflict,
            "The study is under a hold (\(hold.kind.rawValue), placed by \(hold.owner)\(end)): "
                + "it cannot be deleted before the hold ends or is released with `cassette hold`"
        )
    }

    /// All instances of a scope, without headers.
    ///
    /// - Throws: `.notFound` without any; `.badRequest` for more than one deletion may name.
    func instances(in scope: ArchiveScope) async throws(ArchiveError) -> [InstanceRecord] {
        try await settleEffects()
        var found: [InstanceRecord] = []
        do throws(CatalogError) {
            try await ingest.index.catchUp()
            if let uid = scope.sopInstanceUID {
                let record = try await catalog.instance(uid)
                if let record, record.path.studyInstanceUID == scope.studyInstanceUID,
                    record.path.seriesInstanceUID == scope.seriesInstanceUID
                {
                    found = [record]
                }
            } else {
                var last: InstanceRecord?
                repeat {
                    let page = try await catalog.instances(
                        ofStudy: scope.studyInstanceUID,
                        series: scope.seriesInstanceUID,
                        after: last,
                        limit: Self.pageLength,
                        includesHeader: false
                    )
                    found += page
                    last = page.last
                } while last != nil && found.count <= Tombstone.recordLimit
            }
        } catch {
            throw ArchiveError(error)
        }
        guard !found.isEmpty else { throw ArchiveError(.notFound, "There is no such study, series or instance") }
        guard found.count <= Tombstone.recordLimit else {
            throw ArchiveError(
                .badRequest,
                "That is more than \(Tombstone.recordLimit) instances: delete it series by series"
            )
        }
        return found
    }

    private func preview(
        _ scope: ArchiveScope,
        of found: [InstanceRecord]
    ) async throws(ArchiveError) -> DeletionPreview {
        DeletionPreview(
            scope: scope,
            instanceCount: found.count,
            seriesCount: Set(found.map(\.path.seriesInstanceUID)).count,
            payloadBytes: Self.bytes(of: found),
            hold: try await holds.isHeld(scope.studyInstanceUID),
            needsConfirmation: configuration.instancesWithoutConfirmation.map { found.count > $0 } ?? false,
            restorableUntil: clock.now().advanced(by: configuration.binTime)
        )
    }

    static func bytes(of records: [InstanceRecord]) -> UInt64 {
        records.reduce(0) { $0 &+ $1.location.payloadLength }
    }

    func mapping<Answer>(
        _ question: () async throws(CatalogError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(CatalogError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }

    /// What a caller is told of any failure below.
    static func archiveError(_ error: any Error) -> ArchiveError {
        switch error {
        case let error as ArchiveError: error
        case let error as CatalogError: ArchiveError(error)
        case let error as PackError: ArchiveError(error)
        case let error as RegistryError: ArchiveError(error)
        case let error as KeyringError: ArchiveError(.unavailable, "The keyring cannot be read: \(error)")
        default: ArchiveError(.unavailable, "The archive failed: see the server's log")
        }
    }
}

extension Array {
    /// The elements in pages; one empty page of none.
    func pages(of length: Int) -> [[Element]] {
        guard !isEmpty else { return [[]] }
        return stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}
