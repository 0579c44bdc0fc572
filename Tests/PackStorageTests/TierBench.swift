import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

/// A pack store with a folder and a remote store beside it, and a mover between them.
struct TierBench: Sendable {
    static let warm = StoreName.named("warm")
    static let cold = StoreName.named("cold")

    let bench: PackBench
    let disk: MemoryDisk
    let tiers: PackTiers
    let mover: PackMover
    let warm: LocalBlobStore
    let cold: ScriptedBlobStore
    let places: MemoryPackPlaces
    let cache: PackCache?

    init(
        disk: MemoryDisk = MemoryDisk(),
        cold: ScriptedBlobStore = ScriptedBlobStore(),
        places: MemoryPackPlaces = MemoryPackPlaces(),
        cacheBytes: UInt64? = nil
    ) async throws {
        let random = SeededRandomSource(seed: 11)
        self.disk = disk
        warm = LocalBlobStore(directory: "/warm", disk: disk, pool: TestPool.shared, random: random)
        self.cold = cold
        self.places = places
        cache = cacheBytes.map {
            PackCache(directory: "/data/cache", disk: disk, pool: TestPool.shared, byteLimit: $0)
        }
        tiers = PackTiers(
            places: places,
            stores: [NamedBlobStore(Self.cold, cold, isLocal: false), NamedBlobStore(Self.warm, warm, isLocal: true)],
            cache: cache,
            walkDirectory: "/data/walk"
        )
        bench = try await PackBench(disk: disk, tiers: tiers)
        mover = PackMover(packs: bench.store, tiers: tiers)
    }

    /// A sealed pack with a record for each length.
    func pack(_ lengths: [Int], study: UInt8 = 1) async throws -> [RecordLocation] {
        let writer = bench.store.makeWriter()
        var locations: [RecordLocation] = []
        for (number, length) in lengths.enumerated() {
            let bytes = Self.payload(number, length)
            locations.append(try await bench.put(bytes, with: writer, study: study))
        }
        await writer.close()
        _ = try await bench.store.sealPacks(olderThan: .zero) {}
        return locations
    }

    static func payload(_ number: Int, _ length: Int) -> ByteBuffer {
        PackBench.bytes(length, seed: UInt64(number + 40))
    }

    /// Moves a pack and lets the grace time pass.
    func move(_ pack: PackID, to store: StoreName) async throws {
        try await mover.move(pack, to: [store])
        bench.clock.advance(by: .seconds(86_400))
        #expect(try await mover.move(pack, to: [store]) == .done)
    }

    /// Where a pack lies, as `store: state`.
    func rows(_ pack: PackID) async throws -> [String] {
        try await places.places(of: pack).map { "\($0.store): \($0.state)" }
    }

    func all(_ location: RecordLocation) async throws -> ByteBuffer {
        var result = ByteBuffer()
        let range = 0..<location.payloadLength
        for try await chunk in bench.store.stream(location, context: bench.context, range: range) {
            result.writeImmutableBuffer(chunk)
        }
        return result
    }

    func coldKey(_ pack: PackID) throws -> BlobKey {
        try #require(BlobKey("packs/" + pack.hex.prefix(2) + "/" + pack.hex + ".pack"))
    }
}

extension StoreName {
    static func named(_ text: String) -> StoreName { StoreName(text) ?? .hot }
}
