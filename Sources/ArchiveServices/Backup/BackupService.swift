public import AccessControl
import DICOMCore
import Logging
public import PackStorage
import Platform
import Sealing
import Synchronization

/// Takes backups while the archive works: sealed packs as they are, the wrapped keyring, the registry; never the root key.
///
/// A backup holds everything that was acknowledged before it began. Packs never change, so only those that the store lacks
/// are copied, and what an interrupted backup has copied is found by the next one.
public final class BackupService: Sendable {
    /// A pack may be replaced by another while its backup is under way; then the list of packs is made anew.
    private static let attempts = 5

    let policy: AccessPolicy
    let packs: PackStore
    let keyring: Keyring
    let catalog: CurrentCatalog
    let effects: EffectQueue
    let source: BackupSource
    let seal: @Sendable () async throws -> Void
    let disk: any Disk
    let pool: WorkPool
    let random: any RandomSource
    let clock: any WallClock
    let logger: Logger
    private let isRunning = Mutex(false)

    init(
        policy: AccessPolicy,
        packs: PackStore,
        keyring: Keyring,
        catalog: CurrentCatalog,
        effects: EffectQueue,
        source: BackupSource,
        seal: @escaping @Sendable () async throws -> Void,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock,
        logger: Logger
    ) {
        self.policy = policy
        self.packs = packs
        self.keyring = keyring
        self.catalog = catalog
        self.effects = effects
        self.source = source
        self.seal = seal
        self.disk = disk
        self.pool = pool
        self.random = random
        self.clock = clock
        self.logger = logger
    }

    /// Throws `.denied` unless `principal` may have backups taken.
    public func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not take backups")
        }
    }

    /// Takes a backup; when this returns, it is whole and can be restored.
    ///
    /// - Parameter progress: Called as packs are copied.
    /// - Throws: ``ArchiveError`` `.denied`; ``BackupError``; what `progress` throws.
    public func backUp(
        as principal: Principal,
        to store: any BlobStore,
        progress: (BackupProgress) async throws -> Void = { _ in }
    ) async throws -> BackupReport {
        try authorize(principal)
        guard
            isRunning.withLock({ isRunning in
                defer { isRunning = true }
                return !isRunning
            })
        else { throw BackupError(.busy, "A backup of this archive is under way: wait until it has ended") }
        defer { isRunning.withLock { $0 = false } }
        let run = try await BackupRun(self, BackupVault(blobs: store))
        for attempt in 1... {
            do {
                let report = try await run.take(progress)
                log(report)
                return report
            } catch is PackVanished where attempt < Self.attempts {
                continue
            } catch is PackVanished {
                throw BackupError(.busy, "Packs are being rewritten: take the backup again when that has ended")
            }
        }
        // The loop above has no end of its own.
        throw BackupError(.busy, "The backup was not taken")
    }

    /// The bytes of a pack in a store of backups, checked against the newest manifest that names it.
    ///
    /// - Returns: `nil` when no backup there has the sealed pack.
    public func source(of pack: PackID, in store: any BlobStore) async throws -> BlobSource? {
        let run = try await BackupRun(self, BackupVault(blobs: store))
        for entry in try await run.vault.entries().entries.reversed() {
            guard entry.header.archiveID == run.archiveID else { continue }
            let manifest = try await run.vault.manifest(entry, seal: run.backupSeal).manifest
            guard let found = manifest.packs.first(where: { $0.extent.packID == pack && $0.extent.isSealed }) else {
                continue
            }
            return BlobSource(found.key, in: store, length: found.extent.length, sha256: found.sha256)
        }
        return nil
    }

    private func log(_ report: BackupReport) {
        logger.notice(
            "a backup was taken",
            metadata: [
                "number": "\(report.header.sequence)", "packs": "\(report.packCount)",
                LogKeys.count: "\(report.copiedPacks)", LogKeys.byteCount: "\(report.copiedBytes)",
            ]
        )
        for problem in report.problems {
            logger.error(
                "a pack could not be read and is not in the backup: run `cassette verify --deep`",
                metadata: [LogKeys.packID: "\(problem.packID.hex)", LogKeys.error: "\(problem.cause)"]
            )
        }
    }
}

/// A pack of the list is gone: compaction has put its records elsewhere.
struct PackVanished: Error {}
