public import Logging
public import NIOCore
public import Platform
public import Sealing

/// All packs of a folder: writers for new records, reads, and walks through everything.
///
/// Manifests and contexts are opaque bytes here.
public final class PackStore: Sendable {
    /// The longest range that ``read(_:context:range:)`` returns: 16 MiB.
    public static let readLimit: UInt64 = 16 * 1_024 * 1_024

    let files: PackFiles
    let registry = PackRegistry()
    let reader: PackReader
    let pool: WorkPool
    let keyring: Keyring
    let clock: any WallClock
    let logger: Logger
    let configuration: PackConfiguration
    let tiers: PackTiers?
    let random: any RandomSource

    /// Makes a store over a folder; call ``recover(_:)`` before anything else.
    ///
    /// - Parameter tiers: Other stores that packs may lie in.
    public init(
        directory: String,
        disk: any Disk,
        pool: WorkPool,
        keyring: Keyring,
        random: any RandomSource,
        clock: any WallClock,
        logger: Logger,
        configuration: PackConfiguration = PackConfiguration(),
        tiers: PackTiers? = nil
    ) {
        let sealedPacks = LocalBlobStore(
            directory: directory,
            disk: disk,
            pool: pool,
            random: random,
            openFileLimit: configuration.openFileLimit
        )
        files = PackFiles(
            directory: directory,
            disk: disk,
            sealedPacks: sealedPacks,
            openFileLimit: configuration.openFileLimit
        )
        reader = PackReader(files: files)
        self.pool = pool
        self.keyring = keyring
        self.random = random
        self.clock = clock
        self.logger = logger
        self.configuration = configuration
        self.tiers = tiers
    }

    /// A writer for one association or request, with packs of its own.
    public func makeWriter() -> PackWriter {
        PackWriter(
            files: files,
            registry: registry,
            pool: pool,
            random: random,
            clock: clock,
            logger: logger,
            configuration: configuration
        )
    }

    /// Where a task does blocking work of this store in place: run a chain of calls to a writer there.
    public var taskExecutor: any TaskExecutor { pool.taskExecutor }

    /// Refuses new records while the volume is nearly full or suspect.
    ///
    /// - Throws: `.noSpace`; `.volumeSuspect` for an hour after the first of two packs that were given up.
    public func admit() async throws(PackError) {
        guard !registry.isVolumeSuspect(now: clock.now()) else { throw PackError(.volumeSuspect) }
        let files = files
        let configuration = configuration
        let isRoomy = try await work { () -> Bool in
            try files.disk.makeDirectory(files.directory)
            let (free, total) = try files.disk.freeBytes(files.directory)
            return free >= configuration.requiredFreeBytes(total: total)
        }
        guard isRoomy else { throw PackError(.noSpace) }
    }

    /// Part of a payload, at most 16 MiB, in one visit to the pool.
    ///
    /// - Parameter context: The bytes that were given when the record was begun.
    /// - Throws: `.rangeOutOfBounds`, `.rangeTooLong`, `.packNotFound`, `.keyNotFound`, `.sealBroken`, `.malformedPack`, …
    public func read(
        _ location: RecordLocation,
        context: [UInt8],
        range: Range<UInt64>
    ) async throws(PackError) -> ByteBuffer {
        guard range.upperBound - range.lowerBound <= Self.readLimit else {
            throw PackError(.rangeTooLong, packID: location.packID, offset: location.offset)
        }
        return try await readAnywhere(location, context: context, range: range)
    }

    private func readAnywhere(
        _ location: RecordLocation,
        context: [UInt8],
        range: Range<UInt64>
    ) async throws(PackError) -> ByteBuffer {
        let key = try key(of: location)
        let reader = reader
        do throws(PackError) {
            return try await work(location) {
                try reader.payload(location, key: key, context: context, range: range)
            }
        } catch {
            let pool = pool
            return try await elsewhere(location, after: error) { pack in
                try await reader.payload(location, key: key, context: context, range: range, from: pack, pool: pool)
            }
        }
    }

    /// The next part of a range of any length: about 1 MiB from the data folder in one visit to the pool, more where every
    /// request costs.
    func readStep(
        _ location: RecordLocation,
        context: [UInt8],
        rest: Range<UInt64>
    ) async throws(PackError) -> ByteBuffer {
        let key = try key(of: location)
        let reader = reader
        do throws(PackError) {
            return try await work(location) {
                try reader.payload(location, key: key, context: context, range: PackReadSequence.step(of: rest))
            }
        } catch {
            let pool = pool
            return try await elsewhere(location, after: error) { pack in
                let range = pack.isNear ? PackReadSequence.step(of: rest) : PackReadSequence.remoteStep(of: rest)
                return try await reader.payload(
                    location,
                    key: key,
                    context: context,
                    range: range,
                    from: pack,
                    pool: pool
                )
            }
        }
    }

    /// Part of a payload of any length, read as it is asked for.
    public func stream(_ location: RecordLocation, context: [UInt8], range: Range<UInt64>) -> PackReadSequence {
        PackReadSequence(store: self, location: location, context: context, range: range)
    }

    /// What the writer of a record said about it.
    public func readManifest(_ location: RecordLocation) async throws(PackError) -> ByteBuffer {
        try await readEnd(of: location).manifest
    }

    /// What the payload of a record belongs to, and what its writer said about it.
    func readEnd(
        of location: RecordLocation
    ) async throws(PackError) -> (context: [UInt8], manifest: ByteBuffer) {
        let key = try key(of: location)
        let reader = reader
        do throws(PackError) {
            return try await work(location) { try reader.manifest(location, key: key) }
        } catch {
            let pool = pool
            return try await elsewhere(location, after: error) { pack in
                try await reader.manifest(location, key: key, from: pack, pool: pool)
            }
        }
    }

    /// Reads all of a record from the medium and checks every tag: in the data folder, or where else the pack lies.
    public func verify(_ location: RecordLocation, context: [UInt8]) async throws(PackError) {
        do throws(PackError) {
            try await verifyHere(location, context: context)
        } catch {
            guard error.code == .packNotFound else { throw error }
            try await elsewhere(location, after: error) { pack in
                try await verify(location, context: context, in: pack)
            }
        }
    }

    /// Reads all of a record from one store and checks every tag.
    ///
    /// - Throws: `.packNotFound` when the pack does not lie there, or the configuration does not name the store.
    public func verify(
        _ location: RecordLocation,
        context: [UInt8],
        in store: StoreName
    ) async throws(PackError) {
        guard store != .hot else { return try await verifyHere(location, context: context) }
        let packs = try await tiers?.readable(location.packID) ?? []
        guard let pack = packs.first(where: { $0.name == store }) else {
            throw PackError(.packNotFound, packID: location.packID)
        }
        do {
            try await verify(location, context: context, in: pack)
        } catch {
            throw PackError(error, packID: location.packID, offset: location.offset)
        }
    }

    private func verify(_ location: RecordLocation, context: [UInt8], in pack: PlacedPack) async throws {
        let key = try key(of: location)
        let pack = pack.uncached
        var next: UInt64? = 0
        while let index = next {
            next = try await reader.verify(location, key: key, context: context, from: index, in: pack, pool: pool)
        }
        _ = try await reader.manifest(location, key: key, from: pack, pool: pool)
    }

    func verifyHere(_ location: RecordLocation, context: [UInt8]) async throws(PackError) {
        let key = try key(of: location)
        let reader = reader
        var next: UInt64? = 0
        while let index = next {
            next = try await work(location) {
                try reader.verify(location, key: key, context: context, from: index)
            }
        }
        _ = try await work(location) { try reader.manifest(location, key: key) }
    }

    func key(of location: RecordLocation) throws(PackError) -> StudyKey {
        do throws(KeyringError) {
            if let key = try keyring.existingStudyKey(location.studyKeyID, generation: location.keyGeneration) {
                return key
            }
        } catch {
            throw PackError(error, packID: location.packID, offset: location.offset)
        }
        throw PackError(.keyNotFound, packID: location.packID, offset: location.offset)
    }

    /// Runs blocking work on the pool and turns what it throws into an error of packs.
    func work<Result: Sendable>(
        _ location: RecordLocation? = nil,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws(PackError) -> Result {
        do {
            return try await pool.run(body)
        } catch {
            throw PackError(error, packID: location?.packID, offset: location?.offset)
        }
    }
}
