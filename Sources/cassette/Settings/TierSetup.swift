import ArchiveServices
import Logging
import PackStorage
import Platform

/// The stores of an archive, made from the settings, and what moves packs between them.
struct TierSetup: Sendable {
    let settings: StorageSettings
    let folder: DataFolder
    let host: ArchiveHost
    let pool: WorkPool
    let logger: Logger

    /// The stores besides the data folder, and what lies in them.
    func tiers(_ places: any PackPlaces) async throws -> PackTiers {
        let factory = StoreFactory(
            disk: host.disk,
            random: host.random,
            clock: host.clock,
            logger: logger
        )
        var stores: [NamedBlobStore] = []
        for store in settings.stores {
            let totals = try await places.totals(of: store.name)
            stores.append(factory.store(store, holdsPacks: totals.contains { $0.state != .copying }))
        }
        let cache = PackCache(
            directory: folder.packCache,
            disk: host.disk,
            pool: pool,
            byteLimit: settings.packCache
        )
        return PackTiers(
            places: places,
            stores: stores,
            cache: settings.packCache > 0 ? cache : nil,
            walkDirectory: folder.packWalk
        )
    }

    /// What the lifecycle of studies stands on.
    func lifecycle(_ packs: PackStore, _ tiers: PackTiers) -> LifecycleSetup {
        var setup = LifecycleSetup()
        setup.places = tiers.places
        setup.stores = settings.stores.map(\.description)
        setup.blobStores = tiers.stores
        setup.rules = settings.rules
        setup.schedule = JobSchedule(every: settings.moveEvery, hours: settings.moveHours)
        setup.rate = RateLimit(bytesPerSecond: settings.moveRate)
        setup.replicas = settings.replicas
        setup.scrubSchedule = JobSchedule(every: settings.upkeep.scrubEvery)
        setup.scrubRate = RateLimit(bytesPerSecond: settings.upkeep.scrubRate)
        setup.recallInterval = settings.recallEvery
        // Often enough that a grace time is kept to about its half, and never so often that it costs anything.
        setup.settleInterval = min(.seconds(600), max(.seconds(1), settings.graceTime / 2))
        let mover = PackMover(
            packs: packs,
            tiers: tiers,
            graceTime: settings.graceTime,
            keyring: KeyringCopies(of: packs)
        )
        setup.remoteIngest = settings.copyNew.map { store in
            RemoteIngest(mover: mover, store: store, timeLimit: settings.acknowledgementTimeout, logger: logger)
        }
        let senders = AcknowledgementsBySource(
            folder,
            disk: host.disk,
            standard: settings.acknowledgement,
            logger: logger
        )
        setup.waitsForRemote = { senders.waitsForRemote($0) }
        setup.mover = MovedPacks(
            mover: mover,
            packs: packs,
            thawDays: settings.stores.map(\.thawDays).max() ?? 7
        )
        setup.space = { [disk = host.disk, pool, path = folder.path] in
            try await pool.run { try disk.freeBytes(path) }
        }
        return setup
    }
}
