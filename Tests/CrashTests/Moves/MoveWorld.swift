import CatalogSQLite
import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit

@testable import ArchiveServices
@testable import cassette

/// Packs, keyring, registry, a second folder and a bucket on one simulated disk, opened as the program opens them.
struct MoveWorld: Sendable {
    static let warm = StoreName.named("warm")
    static let cold = StoreName.named("cold")
    static let context = Array("context".utf8)
    static let graceTime = Duration.seconds(86_400)

    let disk: SimulatedDisk
    let clock: ManualClock
    let packs: PackStore
    let keyring: Keyring
    let places: RegistryPackPlaces
    let mover: PackMover
    let cold: LateBlobStore
    private let registry: SQLiteRegistry
    // Last, so that it goes last: the connection of the registry uses it.
    private let fileSystem: SimulatedFileSystem

    /// Starts on what the disk holds, start-up recovery included.
    ///
    /// - Parameter bucket: Another bucket than a folder of the disk.
    /// - Parameter bringsKeyring: Whether the keyring goes into the stores, too.
    /// - Parameter late: What a program before this one had sent to the bucket, and what arrives there some requests later.
    init(
        on disk: SimulatedDisk,
        seed: UInt64,
        clock: ManualClock = ManualClock(),
        late: LatePut? = nil,
        bucket: (any BlobStore)? = nil,
        bringsKeyring: Bool = false
    ) async throws {
        self.disk = disk
        self.clock = clock
        let pool = TestPool.shared
        let random = SeededRandomSource(seed: seed)
        let folder = CrashArchive.folder
        try disk.makeDirectory(folder.path)
        fileSystem = try SimulatedFileSystem(disk)
        keyring = try await Self.openKeyring(folder, disk, pool, random, clock)
        registry = try await SQLiteRegistry.open(
            path: folder.registry,
            key: try await keyring.sideKeyBytes("registry"),
            disk: disk,
            pool: pool,
            fileSystem: fileSystem.name
        )
        places = RegistryPackPlaces(registry)
        cold = LateBlobStore(
            LocalBlobStore(directory: "/bucket", disk: disk, pool: pool, random: random),
            late: late
        )
        let warm = LocalBlobStore(directory: "/warm", disk: disk, pool: pool, random: random)
        let tiers = PackTiers(
            places: places,
            stores: [
                NamedBlobStore(Self.cold, bucket ?? cold, isLocal: false),
                NamedBlobStore(Self.warm, warm, isLocal: true),
            ],
            cache: PackCache(directory: folder.path + "/cache", disk: disk, pool: pool, byteLimit: 1 << 20),
            walkDirectory: folder.path + "/walk"
        )
        packs = PackStore(
            directory: folder.packs,
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: random,
            clock: clock,
            logger: .silent,
            tiers: tiers
        )
        mover = PackMover(
            packs: packs,
            tiers: tiers,
            graceTime: Self.graceTime,
            keyring: bringsKeyring ? KeyringCopies(of: packs) : nil
        )
        try await packs.recover { _ in }
    }

    private static func openKeyring(
        _ folder: DataFolder,
        _ disk: SimulatedDisk,
        _ pool: WorkPool,
        _ random: SeededRandomSource,
        _ clock: ManualClock
    ) async throws -> Keyring {
        let provider = FileRootKeyProvider(
            disk: disk,
            pool: pool,
            path: folder.defaultRootKey,
            random: random,
            refusingUnder: folder.path
        )
        return try await Keyring.open(
            directories: folder.keyrings,
            provider: provider,
            disk: disk,
            pool: pool,
            random: random,
            clock: clock
        )
    }

    /// Stores a sealed pack for each study.
    func makePacks(_ contents: [[Int]]) async throws -> [StoredPack] {
        var stored: [StoredPack] = []
        for (study, lengths) in contents.enumerated() {
            let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [UInt8(study)]))
            let writer = packs.makeWriter()
            var records: [StoredPack.Record] = []
            for length in lengths {
                let payload = ByteBuffer(bytes: SeededRandomSource(seed: UInt64(length + study)).bytes(length))
                try await writer.begin(studyKey: key, context: Self.context)
                try await writer.append(payload)
                let location = try await writer.finish(manifest: ByteBuffer(string: "manifest"))
                records.append(StoredPack.Record(location: location, payload: payload))
            }
            await writer.close()
            if let id = records.first?.location.packID { stored.append(StoredPack(id: id, records: records)) }
        }
        try await packs.sealPacks(olderThan: .zero) {}
        return stored
    }

    func close() async throws { try await registry.close() }
}

/// A pack and what it must give for ever.
struct StoredPack: Sendable {
    struct Record: Sendable {
        let location: RecordLocation
        let payload: ByteBuffer
    }

    let id: PackID
    let records: [Record]
}

/// A request that a dead program has sent and that the network delivers to a later one's surprise.
struct LatePut: Sendable {
    let key: BlobKey
    let bytes: ByteBuffer
    /// How many requests of the next program come first.
    let requests: Int
}

/// A bucket that a request of a dead program reaches late.
actor LateBlobStore: BlobStore {
    private let store: LocalBlobStore
    private var late: LatePut?
    private var requests = 0

    init(_ store: LocalBlobStore, late: LatePut?) {
        self.store = store
        self.late = late
    }

    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await arrive()
        try await store.put(key, source)
    }

    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        try await arrive()
        return try await store.get(key, range: range)
    }

    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await arrive()
        return try await store.status(key)
    }

    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {}

    func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await arrive()
        try await store.delete(key)
    }

    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await store.list(prefix: prefix, after: after, limit: limit)
    }

    private func arrive() async throws(BlobStoreError) {
        guard let put = late, requests >= put.requests else {
            requests += 1
            return
        }
        late = nil
        do throws(BlobStoreError) {
            try await store.put(put.key, BlobSource(put.bytes))
        } catch {
            // The key is taken meanwhile: a bucket refuses it, too.
            guard error.code == .exists else { throw error }
        }
    }
}

extension StoreName {
    static func named(_ text: String) -> StoreName { StoreName(text) ?? .hot }
}
