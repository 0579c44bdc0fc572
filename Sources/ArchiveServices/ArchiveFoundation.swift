public import AccessControl
public import ArchiveCatalog
public import DICOMPixels
public import Logging
public import PackStorage
public import Platform
public import Sealing

/// What all services of an archive stand on.
public struct ArchiveFoundation: Sendable {
    let packs: PackStore
    let keyring: Keyring
    let catalog: any Catalog
    let registry: any Registry
    let policy: AccessPolicy
    let clock: any WallClock
    let random: any RandomSource
    let assumedCharacterSets: AssumedCharacterSets
    let logger: Logger

    /// Names the parts.
    public init(
        packs: PackStore,
        keyring: Keyring,
        catalog: any Catalog,
        registry: any Registry,
        policy: AccessPolicy = AccessPolicy(),
        clock: any WallClock,
        random: any RandomSource = SystemRandomSource(),
        assumedCharacterSets: AssumedCharacterSets = .none,
        logger: Logger
    ) {
        self.packs = packs
        self.keyring = keyring
        self.catalog = catalog
        self.registry = registry
        self.policy = policy
        self.clock = clock
        self.random = random
        self.assumedCharacterSets = assumedCharacterSets
        self.logger = logger
    }
}

/// How frames get into and out of their compression.
public struct PixelSetup: Sendable {
    let codec: any PixelCodec
    let pool: WorkPool
    let limits: PixelService.Limits

    /// Frames go through `codec`, pictures are made on `pool`.
    public init(codec: any PixelCodec, pool: WorkPool, limits: PixelService.Limits = PixelService.Limits()) {
        self.codec = codec
        self.pool = pool
        self.limits = limits
    }
}
