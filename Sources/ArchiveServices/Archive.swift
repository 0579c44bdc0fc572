public import ArchiveCatalog
public import DICOMCore
public import Logging
public import PackStorage
public import Platform
public import Sealing

/// The archive: its services over one pack store, one keyring, one catalog and one registry.
public final class Archive: Sendable {
    /// Takes objects in.
    public let ingest: IngestService
    /// Answers what is stored.
    public let query: QueryService
    /// Reads objects out.
    public let retrieve: RetrieveService
    /// Reads everything back and compares.
    public let verification: VerificationService
    /// Reads everything back, little by little.
    public let scrubbing: ScrubService
    /// How the archive stands, for who watches it.
    public let figures: ArchiveFigures
    /// Does long work, and goes on with it after a restart.
    public let jobs: JobRunner
    /// Says where studies are to lie, and moves them there.
    public let lifecycle: LifecycleService
    /// Brings back what lies in cold storage.
    public let recalls: RecallService
    /// Keeps labels of studies.
    public let labels: LabelService
    /// Tries stores out.
    public let storeChecks: StoreCheckService

    /// Deletes, restores, and frees what is dead.
    public let removal: RemovalService
    /// Legal holds and retention periods.
    public let holds: HoldService
    /// Destroys studies with their keys.
    public let shredder: ShredService
    /// Works on the keyring for an administrator.
    public let keys: KeyService
    /// Research projects.
    public let projects: ProjectService

    private let packs: PackStore
    private let keyring: Keyring
    private let catalog: any Catalog
    private let registry: any Registry
    private let current: CurrentCatalog
    private let accesses: AccessLog
    private let logger: Logger

    /// What is assumed of text whose Data Set does not say its character set.
    public let assumedCharacterSets: AssumedCharacterSets

    /// Puts the services together.
    ///
    /// Call ``recover()`` before the first use.
    public init(
        on base: ArchiveFoundation,
        lifecycle setup: LifecycleSetup = LifecycleSetup(),
        removal: RemovalSetup = RemovalSetup(),
        limits: DataSetLimits,
        pixels: PixelSetup
    ) {
        assumedCharacterSets = base.assumedCharacterSets
        (packs, keyring, catalog, registry) = (base.packs, base.keyring, base.catalog, base.registry)
        logger = base.logger
        let headers = HeaderReader(keyring: base.keyring, assumedCharacterSets: base.assumedCharacterSets)
        ingest = IngestService(on: base, setup, limits: limits)
        let ends = RemovalParts(on: base, removal, ingest: ingest, headers: headers)
        (holds, self.removal, shredder) = (ends.holds, ends.removal, ends.shredder)
        current = CurrentCatalog(base.catalog, index: ingest.index, logger: base.logger)
        let ages = LifecycleParts(on: base, setup, catalog: current, holds: ends.holds)
        (jobs, accesses, labels) = (ages.jobs, ages.accesses, ages.labels)
        jobs.add(CompactionJob(removal: ends.removal), schedule: removal.compactionSchedule)
        (recalls, lifecycle, storeChecks) = (ages.recalls, ages.lifecycle, ages.storeChecks)
        query = QueryService(policy: base.policy, catalog: current, headers: headers, recalls: recalls)
        retrieve = RetrieveService(
            policy: base.policy,
            catalog: current,
            packs: base.packs,
            headers: headers,
            pixels: PixelService(codec: pixels.codec, pool: pixels.pool, limits: pixels.limits),
            recalls: recalls,
            accesses: accesses,
            limits: .stored
        )
        verification = VerificationService(
            policy: base.policy,
            catalog: current,
            packs: base.packs,
            logger: base.logger
        )
        scrubbing = ScrubService(
            on: base,
            verification: verification,
            jobs: ages.jobs,
            setup: setup
        )
        figures = ArchiveFigures(
            on: base,
            ingest: ingest,
            catalog: current,
            verification: verification,
            scrubbing: scrubbing,
            jobs: ages.jobs,
            setup: setup
        )
        keys = KeyService(policy: base.policy, keyring: base.keyring)
        projects = ProjectService(on: base, catalog: current)
    }

    /// How many records there are.
    public func counts() async throws(ArchiveError) -> CatalogCounts {
        do throws(CatalogError) {
            return try await current.counts()
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Brings the index up to what the packs hold after the last stop, whatever ended it.
    ///
    /// Cuts off torn tails of open packs, inserts the records that the index lacks, and seals those packs: their writers
    /// are gone.
    public func recover() async throws -> RecoveryReport {
        var builder = CatalogBuilder(
            keyring: keyring,
            catalog: catalog,
            packs: packs,
            assumedCharacterSets: assumedCharacterSets,
            isRebuild: false,
            logger: logger
        )
        builder.note(try await packs.recover { record in try await builder.add(record) })
        try await builder.finish()
        try await sealPacks(quietFor: .zero)
        do {
            try await shredder.resume()
        } catch {
            // A store may not answer now; it is tried again while the archive runs.
            logger.error("a shredding does not go on yet", metadata: [LogKeys.error: "\(error)"])
        }
        do {
            try await projects.resume()
        } catch {
            // Until the next start no researcher gets in; what is half closed is closed to everybody already.
            logger.error("the research projects cannot be looked at", metadata: [LogKeys.error: "\(error)"])
        }
        return builder.report
    }

    /// Fills a new catalog from all packs, open and sealed, with the same rows as the old one.
    public static func rebuild(
        _ catalog: any Catalog,
        from packs: PackStore,
        keyring: Keyring,
        assumedCharacterSets: AssumedCharacterSets = .none,
        logger: Logger
    ) async throws -> RecoveryReport {
        // Torn and false tails go first, so that no row is made for a record that recovery would take away.
        try await packs.restoreRecords()
        _ = try await packs.recover { _ in }
        var builder = CatalogBuilder(
            keyring: keyring,
            catalog: catalog,
            packs: packs,
            assumedCharacterSets: assumedCharacterSets,
            isRebuild: true,
            logger: logger
        )
        builder.note(try await packs.forEachRecord(in: .everywhereAdopting) { record in try await builder.add(record) })
        try await builder.finish()
        return builder.report
    }

    /// Seals the packs that no writer holds and that were quiet for that long.
    ///
    /// The index is made durable before the first rename: what is no longer in `open/` is not looked at after a crash.
    public func sealPacks(quietFor quietTime: Duration) async throws {
        let catalog = catalog
        let index = ingest.index
        let removal = removal
        let sealed = try await packs.sealPacks(olderThan: quietTime) {
            try await index.catchUp()
            try await removal.settleEffects()
            try await catalog.makeDurable()
        }
        await ingest.remote?.announce(sealed)
    }

    /// How the archive is: whether it stores, and whether damage is known.
    ///
    /// Asks the volume, so that it is true now.
    public func condition() async -> ArchiveCondition {
        let damagedCount = verification.condition.damagedCount
        return ArchiveCondition(
            readOnlyReason: await ingest.readOnlyReason(),
            degradedReason: damagedCount == 0
                ? nil : "\(damagedCount) damaged instances or packs: run `cassette verify --deep --repair`"
        )
    }

    /// What takes backups of this archive.
    public func backups(
        from source: BackupSource,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock
    ) -> BackupService {
        BackupService(
            policy: ingest.policy,
            packs: packs,
            keyring: keyring,
            catalog: current,
            effects: removal.effects,
            source: source,
            seal: { try await self.sealPacks(quietFor: .zero) },
            disk: disk,
            pool: pool,
            random: random,
            clock: clock,
            logger: logger
        )
    }

    /// What lets de-identified cohorts of this archive leave; makes exports known to the jobs, so call it once.
    public func exports(_ setup: ExportSetup, clock: any WallClock) -> ExportService {
        ExportService(
            setup,
            policy: ingest.policy,
            projects: projects,
            retrieve: retrieve,
            jobs: jobs,
            registry: registry,
            keyring: keyring,
            clock: clock,
            logger: logger
        )
    }

    /// What the archive holds, in figures and one digest; reads every row.
    public func content() async throws(ArchiveError) -> ArchiveContent {
        do throws(CatalogError) {
            return try await ArchiveContent(of: current)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Keeps the index up with what is stored and seals quiet packs, until the task is cancelled.
    public func maintain(every interval: Duration, quietFor quietTime: Duration) async {
        await withTaskGroup { group in
            group.addTask { [packs, ingest] in
                // On the pool, where the database is: a task elsewhere would change threads for each transaction.
                await withTaskExecutorPreference(packs.taskExecutor) { await ingest.index.run() }
            }
            group.addTask { await self.sealQuietPacks(every: interval, quietFor: quietTime) }
            group.addTask { await self.jobs.run() }
            group.addTask { await self.lifecycle.settle() }
            group.addTask { await self.ingest.remote?.run(every: .seconds(10)) }
            group.addTask { await self.noteAccesses() }
            group.addTask { await self.scrubbing.recallDamage() }
            group.addTask { [removal, shredder, logger] in
                await RemovalUpkeep(removal: removal, shredder: shredder, logger: logger).run()
            }
        }
    }

    private func sealQuietPacks(every interval: Duration, quietFor quietTime: Duration) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: interval)
                try await sealPacks(quietFor: quietTime)
            } catch is CancellationError {
                return
            } catch {
                logger.error("sealing packs failed; it will be tried again", metadata: [LogKeys.error: "\(error)"])
            }
        }
    }

    /// Writes down, from time to time, which studies were read.
    private func noteAccesses() async {
        while !Task.isCancelled {
            // Cancelled: what was gathered is written all the same.
            try? await Task.sleep(for: .seconds(60))
            await accesses.flush()
        }
    }

    /// Seals what can be sealed and lets go of the catalog.
    ///
    /// Nothing may be asked of the archive afterwards.
    public func close() async throws {
        await accesses.flush()
        try await sealPacks(quietFor: .zero)
        try await catalog.close()
        try await registry.close()
    }
}
