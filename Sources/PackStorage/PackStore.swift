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
    private let random: any RandomSource

    /// Makes a store over a folder; call ``recover(_:)`` before anything else.
    public init(
        directory: String,
        disk: any Disk,
        pool: WorkPool,
        keyring: Keyring,
        random: any RandomSource,
        clock: any WallClock,
        logger: Logger,
        configuration: PackConfiguration = PackConfiguration()
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
        let key = try key(of: location)
        let reader = reader
        return try await work(location) {
            try reader.payload(location, key: key, context: context, range: range)
        }
    }

    /// Part of a payload of any length, read as it is asked for.
    public func stream(_ location: RecordLocation, context: [UInt8], range: Range<UInt64>) -> PackReadSequence {
        PackReadSequence(store: self, location: location, context: context, range: range)
    }

    /// What the writer of a record said about it.
    public func readManifest(_ location: RecordLocation) async throws(PackError) -> ByteBuffer {
        let key = try key(of: location)
        let reader = reader
        return try await work(location) { try reader.manifest(location, key: key).manifest }
    }

    /// Reads all of a record from the medium and checks every tag.
    public func verify(_ location: RecordLocation, context: [UInt8]) async throws(PackError) {
        let key = try key(of: location)
        let reader = reader
        var next: UInt64? = 0
        while let index = next {
            next = try await work(location) {
                try reader.verify(location, key: key, context: context, from: index)
            }
        }
        _ = try await readManifest(location)
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
