public import Logging
public import NIOCore
public import Platform
public import Sealing

/// Called between two pieces of background work; returns when the next one may begin.
///
/// Takes the bytes of the last piece, and how long it took.
public typealias PiecePace = @Sendable (_ byteCount: UInt64, _ duration: Duration) async -> Void

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
    /// Who is at the doors now; background work on packs rests for them.
    public let traffic: DoorTraffic

    /// Makes a store over a folder; call ``recover(_:)`` before anything else.
    ///
    /// - Parameters:
    ///   - tiers: Other stores that packs may lie in.
    ///   - traffic: Who is at the doors.
    public init(
        directory: String,
        disk: any Disk,
        pool: WorkPool,
        keyring: Keyring,
        random: any RandomSource,
        clock: any WallClock,
        logger: Logger,
        configuration: PackConfiguration = PackConfiguration(),
        tiers: PackTiers? = nil,
        traffic: DoorTraffic = DoorTraffic()
    ) {
        self.traffic = traffic
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

    /// Whether two packs were given up within an hour, not for want of space.
    public var isVolumeSuspect: Bool { registry.isVolumeSuspect(now: clock.now()) }

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
        let (reader, pool) = (reader, pool)
        return try await wherever(location) { () async throws(PackError) in
            try await work(location) { try reader.payload(location, key: key, context: context, range: range) }
        } elsewhere: { pack in
            try await reader.payload(location, key: key, context: context, range: range, from: pack, pool: pool)
        }
    }

    /// The next part of a range of any length: about 1 MiB from the data folder in one visit to the pool, more where every
    /// request costs.
    func readStep(
        _ location: RecordLocation,
        context: [UInt8],
        rest: Range<UInt64>,
        isCached: Bool
    ) async throws(PackError) -> ByteBuffer {
        let key = try key(of: location)
        let (reader, pool) = (reader, pool)
        return try await wherever(location) { () async throws(PackError) in
            try await work(location) {
                try reader.payload(location, key: key, context: context, range: PackReadSequence.step(of: rest))
            }
        } elsewhere: { pack in
            let range = pack.isNear ? PackReadSequence.step(of: rest) : PackReadSequence.remoteStep(of: rest)
            return try await reader.payload(
                location,
                key: key,
                context: context,
                range: range,
                from: isCached ? pack : pack.uncached,
                pool: pool
            )
        }
    }

    /// Part of a payload of any length, read as it is asked for.
    public func stream(_ location: RecordLocation, context: [UInt8], range: Range<UInt64>) -> PackReadSequence {
        PackReadSequence(store: self, location: location, context: context, range: range, isCached: true)
    }

    /// The same, from the medium: neither what is cached of packs elsewhere counts, nor what an earlier read has verified.
    public func streamAnew(_ location: RecordLocation, context: [UInt8], range: Range<UInt64>) -> PackReadSequence {
        reader.forgetOpener(location, context: context)
        return PackReadSequence(store: self, location: location, context: context, range: range, isCached: false)
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
        let (reader, pool) = (reader, pool)
        return try await wherever(location) { () async throws(PackError) in
            try await work(location) { try reader.manifest(location, key: key) }
        } elsewhere: { pack in
            try await reader.manifest(location, key: key, from: pack, pool: pool)
        }
    }

    /// Reads all of a record from the medium and checks every tag: in the data folder, or where else the pack lies.
    public func verify(_ location: RecordLocation, context: [UInt8]) async throws(PackError) {
        try await wherever(location, onlyIfMissing: true) { () async throws(PackError) in
            try await verifyHere(location, context: context)
        } elsewhere: { pack in
            try await verify(location, context: context, in: pack)
        }
    }

    /// Reads all of a record from one store and checks every tag.
    ///
    /// - Parameter pace: Called after each piece that was read from the data folder.
    /// - Throws: `.packNotFound` when the pack does not lie there, or the configuration does not name the store.
    public func verify(
        _ location: RecordLocation,
        context: [UInt8],
        in store: StoreName,
        pace: PiecePace? = nil
    ) async throws(PackError) {
        guard store != .hot else { return try await verifyHere(location, context: context, pace: pace) }
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

    func verifyHere(
        _ location: RecordLocation,
        context: [UInt8],
        pace: PiecePace? = nil
    ) async throws(PackError) {
        let key = try key(of: location)
        let reader = reader
        var next: UInt64? = 0
        while let index = next {
            let begin = ContinuousClock.now
            next = try await work(location) {
                try reader.verify(location, key: key, context: context, from: index)
            }
            await pace?(min(PackReadSequence.stepLength, location.payloadLength), .now - begin)
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
