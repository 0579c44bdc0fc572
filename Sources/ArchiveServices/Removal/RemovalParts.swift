import ArchiveCatalog
import PackStorage
public import Sealing

/// How deletion works, and what it needs from outside.
public struct RemovalSetup: Sendable {
    let configuration: RemovalConfiguration
    let destroyer: (any PackDestroying)?
    let renewRootKey: (@Sendable (Keyring) async throws -> Void)?
    let isSuspended: @Sendable () -> Bool

    /// When packs are looked at that may be compacted.
    var compactionSchedule: JobSchedule { JobSchedule(every: configuration.compactEvery) }

    /// Names the parts.
    ///
    /// - Parameters:
    ///   - destroyer: What removes packs from all stores; without it they lie in the data folder alone.
    ///   - renewRootKey: Puts the keyring under a new root key and destroys the old one; `nil` where only the operator can.
    ///   - isSuspended: Whether nothing may end in the bin by itself, nor be compacted.
    public init(
        configuration: RemovalConfiguration = RemovalConfiguration(),
        destroyer: (any PackDestroying)? = nil,
        renewRootKey: (@Sendable (Keyring) async throws -> Void)? = nil,
        isSuspended: @escaping @Sendable () -> Bool = { false }
    ) {
        self.configuration = configuration
        self.destroyer = destroyer
        self.renewRootKey = renewRootKey
        self.isSuspended = isSuspended
    }
}

/// The services by which studies end.
struct RemovalParts: Sendable {
    let holds: HoldService
    let removal: RemovalService
    let shredder: ShredService

    init(on base: ArchiveFoundation, _ setup: RemovalSetup, ingest: IngestService, headers: HeaderReader) {
        holds = HoldService(
            policy: base.policy,
            registry: base.registry,
            catalog: base.catalog,
            retention: setup.configuration.retention,
            clock: base.clock,
            logger: base.logger
        )
        removal = RemovalService(
            policy: base.policy,
            catalog: base.catalog,
            registry: base.registry,
            holds: holds,
            ingest: ingest,
            headers: headers,
            destroyer: setup.destroyer,
            random: base.random,
            configuration: setup.configuration,
            isSuspended: setup.isSuspended,
            logger: base.logger
        )
        shredder = ShredService(
            removal: removal,
            registry: base.registry,
            keyring: base.keyring,
            renewRootKey: setup.renewRootKey,
            sealPacks: { [packs = base.packs, catalog = base.catalog, removal] in
                let sealed = try await packs.sealPacks(olderThan: .zero) {
                    try await ingest.index.catchUp()
                    try await removal.settleEffects()
                    try await catalog.makeDurable()
                }
                await ingest.remote?.announce(sealed)
            }
        )
    }
}
