import NIOCore
import PackStorage
import Platform
import Synchronization
import TestKit
import Testing

@Suite struct `Reading a record wherever its pack lies` {
    private static let lengths = [0, 1, 65_504, 65_505, 300_000, 9_000_000]

    @Test(arguments: [StoreName.hot, TierBench.warm, TierBench.cold])
    func `the bytes are the same from every place`(store: StoreName) async throws {
        let tier = try await TierBench(cacheBytes: 1 << 30)
        let locations = try await tier.pack(Self.lengths)
        let pack = try #require(locations.first).packID
        if store != .hot { try await tier.move(pack, to: store) }

        for (number, location) in locations.enumerated() {
            let payload = TierBench.payload(number, Self.lengths[number])
            #expect(try await tier.all(location) == payload)
            #expect(try await tier.bench.store.readManifest(location) == ByteBuffer(string: "manifest"))
            try await tier.bench.store.verify(location, context: tier.bench.context)
            for range in [0..<1, 65_503..<65_505, 100..<200_000] as [Range<UInt64>]
            where range.upperBound <= location.payloadLength {
                let part = try await tier.bench.store.read(location, context: tier.bench.context, range: range)
                #expect(part == payload.getSlice(at: Int(range.lowerBound), length: range.count))
            }
        }
        #expect(tier.disk.paths.contains { $0.hasPrefix("/data/packs/") } == (store == .hot))
    }

    @Test func `a frame is one request, the first of a large object two`() async throws {
        let first = try await TierBench()
        let location = try #require(try await first.pack([12_000_000]).first)
        try await first.move(location.packID, to: TierBench.cold)
        let tier = try await TierBench(disk: first.disk, cold: first.cold, places: first.places)
        let before = tier.cold.gets

        var counts: [Int] = []
        for frame in [20, 3, 15, 16] as [UInt64] {
            let range = frame * 524_288..<(frame + 1) * 524_288
            let start = tier.cold.gets
            var bytes = ByteBuffer()
            for try await chunk in tier.bench.store.stream(location, context: tier.bench.context, range: range) {
                bytes.writeImmutableBuffer(chunk)
            }
            #expect(bytes == TierBench.payload(0, 12_000_000).getSlice(at: Int(range.lowerBound), length: range.count))
            counts.append(tier.cold.gets - start)
        }

        #expect(counts == [2, 1, 1, 1])
        #expect(tier.cold.gets - before == 5)
    }

    @Test func `a small object of a remote pack is one request, and its manifest one`() async throws {
        let tier = try await TierBench()
        let locations = try await tier.pack([500_000, 500_000, 500_000])
        try await tier.move(locations[0].packID, to: TierBench.cold)

        for (number, location) in locations.enumerated() {
            let start = tier.cold.gets
            #expect(try await tier.all(location) == TierBench.payload(number, 500_000))
            #expect(tier.cold.gets == start + 1)
            _ = try await tier.bench.store.readManifest(location)
            #expect(tier.cold.gets == start + 2)
        }
    }

    @Test func `a pack that comes back while it is looked for elsewhere is read where it is now`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([300_000]).first)
        try await tier.move(location.packID, to: TierBench.cold)
        // The data folder did not have it; before the other store is asked, it has moved.
        tier.cold.interrupt {
            do { try await tier.move(location.packID, to: .hot) } catch { Issue.record(error) }
        }

        #expect(try await tier.all(location) == TierBench.payload(0, 300_000))
        #expect(tier.cold.keys.allSatisfy { !$0.text.hasPrefix("packs/") })
    }

    @Test func `what was read once comes from the cache, after a restart as well`() async throws {
        let tier = try await TierBench(cacheBytes: 1 << 30)
        let location = try #require(try await tier.pack([3_000_000]).first)
        try await tier.move(location.packID, to: TierBench.cold)
        _ = try await tier.all(location)
        let before = tier.cold.gets

        let again = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places, cacheBytes: 1 << 30)

        #expect(try await again.all(location) == TierBench.payload(0, 3_000_000))
        #expect(tier.cold.gets == before)
    }

    @Test func `pieces that a power cut has damaged are fetched again`() async throws {
        let tier = try await TierBench(cacheBytes: 1 << 30)
        let location = try #require(try await tier.pack([3_000_000]).first)
        try await tier.move(location.packID, to: TierBench.cold)
        _ = try await tier.all(location)
        let pieces = tier.disk.paths.filter { $0.hasPrefix("/data/cache/") }
        #expect(pieces.count == 3)
        for (number, path) in pieces.enumerated() {
            let content = try #require(tier.disk.content(path))
            let damaged = [[], Array(content.dropLast()), content.map { _ in 0 }]
            tier.disk.setContent(path, damaged[number])
        }

        let again = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places, cacheBytes: 1 << 30)

        #expect(try await again.all(location) == TierBench.payload(0, 3_000_000))
    }

    @Test func `the cache stays within its bytes and gives up what was used longest ago`() async throws {
        let tier = try await TierBench(cacheBytes: 4 << 20)
        let locations = try await tier.pack([2_000_000, 2_000_000, 2_000_000, 2_000_000])
        try await tier.move(locations[0].packID, to: TierBench.cold)
        let cache = try #require(tier.cache)

        for _ in 0..<2 {
            for location in locations {
                _ = try await tier.all(location)
                #expect(try await cache.byteCount() <= 4 << 20)
            }
        }

        let onDisk = tier.disk.paths.filter { $0.hasPrefix("/data/cache/") }
        #expect(onDisk.reduce(0) { $0 + (tier.disk.content($1)?.count ?? 0) } <= 4 << 20)
        let before = tier.cold.gets
        _ = try await tier.all(locations[3])
        #expect(tier.cold.gets == before)
        try await cache.shrink(to: 0)
        #expect(!tier.disk.paths.contains { $0.hasPrefix("/data/cache/") })
    }

    @Test func `a place that fails falls back to another one`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([200_000]).first)
        let pack = location.packID
        try await tier.mover.move(pack, to: [.hot, TierBench.warm, TierBench.cold])
        let payload = TierBench.payload(0, 200_000)
        let hot = tier.bench.sealedPath(location)
        let warm = "/warm/" + (try tier.coldKey(pack).text)

        for path in [hot, warm] {
            let content = try #require(tier.disk.content(path))
            tier.disk.setContent(path, content.flipping(bit: 8 * 100_000))
            let fresh = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places)
            #expect(try await fresh.all(location) == payload)
            tier.disk.setContent(path, nil)
            let later = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places)
            #expect(try await later.all(location) == payload)
        }

        tier.cold.damage(try tier.coldKey(pack), at: 100_000)
        let last = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places)
        let error = await #expect(throws: PackError.self) { try await last.all(location) }
        #expect(error.map { if case .sealBroken = $0.code { true } else { false } } == true)
    }

    @Test func `a store that does not answer is told apart from a pack that is gone`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([1_000]).first)
        try await tier.move(location.packID, to: TierBench.cold)

        tier.cold.state.withLock { $0.isDown = true }
        let down = await #expect(throws: PackError.self) { try await tier.all(location) }
        tier.cold.state.withLock { $0.isDown = false }
        tier.cold.state.withLock { $0.blobs = [:] }
        let gone = await #expect(throws: PackError.self) { try await tier.all(location) }

        #expect(down?.code == .store(.unavailable))
        #expect(gone?.code == .packNotFound)
    }

    @Test func `a frozen pack says so, is thawed on demand, and is read then`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([1_000]).first)
        let pack = location.packID
        let key = try tier.coldKey(pack)
        try await tier.move(pack, to: TierBench.cold)
        tier.cold.state.withLock { $0.frozen[key] = .frozen }

        let error = await #expect(throws: PackError.self) { try await tier.all(location) }
        #expect(error?.code == .frozen)
        #expect(try await tier.bench.store.availability(of: pack) == .frozen)
        #expect(try await tier.bench.store.thaw(pack, days: 2) == .thawing)
        #expect(try await tier.bench.store.thaw(pack, days: 2) == .thawing)
        tier.cold.state.withLock { $0.frozen[key] = .thawed(until: nil) }
        #expect(try await tier.all(location) == TierBench.payload(0, 1_000))
    }

    @Test func `a walk goes over the packs of all stores, each once`() async throws {
        let tier = try await TierBench()
        var locations: [RecordLocation] = []
        for study in 1..<5 as Range<UInt8> {
            locations += try await tier.pack([1_000, 200_000, 0], study: study)
        }
        try await tier.move(locations[0].packID, to: TierBench.warm)
        try await tier.move(locations[3].packID, to: TierBench.cold)
        try await tier.mover.move(locations[6].packID, to: [TierBench.cold, .hot, TierBench.warm])

        var seen: [RecordLocation] = []
        let survey = try await tier.bench.store.forEachRecord { seen.append($0.location) }

        #expect(Set(seen) == Set(locations))
        #expect(seen.count == locations.count)
        #expect(survey.packCount == 4)
        #expect(survey.problems.isEmpty)
        #expect(!tier.disk.paths.contains { $0.hasPrefix("/data/walk/") })
    }
}
