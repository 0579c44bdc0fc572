import NIOCore
import PackStorage
import Platform
import Synchronization
import TestKit
import Testing

@Suite struct `Moving packs` {
    @Test func `a pack goes to another store and leaves the old one after the grace time`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000, 5]).first)
        let pack = location.packID

        let outcome = try await tier.mover.move(pack, to: [TierBench.warm])
        #expect(try await tier.rows(pack) == ["hot: retiring", "warm: verified"])
        #expect(tier.disk.content(tier.bench.sealedPath(location)) != nil)
        guard case .retiring(let due) = outcome else { return #expect(Bool(false), "\(outcome)") }
        tier.bench.clock.advance(by: .seconds(86_399))
        #expect(try await tier.mover.resume() == PackMoveReport())
        #expect(due == tier.bench.clock.now().advanced(by: .seconds(1)))
        tier.bench.clock.advance(by: .seconds(1))
        #expect(try await tier.mover.resume().failures.isEmpty)

        #expect(try await tier.rows(pack) == ["warm: verified"])
        #expect(tier.disk.content(tier.bench.sealedPath(location)) == nil)
        #expect(try await tier.all(location) == TierBench.payload(0, 100_000))
    }

    @Test func `replicas lie in several stores with one digest for life`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000]).first)
        let file = try #require(tier.disk.content(tier.bench.sealedPath(location)))

        let outcome = try await tier.mover.move(location.packID, to: [.hot, TierBench.warm, TierBench.cold])

        #expect(outcome == .done)
        let places = try await tier.places.places(of: location.packID)
        #expect(places.map(\.state) == [.verified, .verified, .verified])
        #expect(Set(places.map(\.sha256)) == [BlobSource(ByteBuffer(bytes: file)).sha256])
        #expect(Set(places.map(\.size)) == [UInt64(file.count)])
    }

    @Test func `a pack is recalled from a remote store`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000]).first)
        let file = try #require(tier.disk.content(tier.bench.sealedPath(location)))
        try await tier.move(location.packID, to: TierBench.cold)
        #expect(tier.disk.content(tier.bench.sealedPath(location)) == nil)

        try await tier.mover.copy(location.packID, to: .hot)

        #expect(tier.disk.content(tier.bench.sealedPath(location)) == file)
        #expect(try await tier.rows(location.packID) == ["cold: verified", "hot: verified"])
        let before = tier.cold.gets
        #expect(try await tier.all(location) == TierBench.payload(0, 100_000))
        #expect(tier.cold.gets == before)
    }

    @Test func `a move that is taken back leaves the pack where it was`() async throws {
        let tier = try await TierBench()
        let pack = try #require(try await tier.pack([1_000]).first).packID
        tier.cold.state.withLock { $0.isDown = true }
        await #expect(throws: PackError.self) { try await tier.mover.move(pack, to: [TierBench.cold]) }
        #expect(try await tier.rows(pack) == ["cold: copying", "hot: verified"])
        tier.cold.state.withLock { $0.isDown = false }

        try await tier.mover.cancel(pack)

        #expect(try await tier.rows(pack) == ["hot: verified"])
        try await tier.mover.move(pack, to: [TierBench.cold])
        try await tier.mover.cancel(pack)
        #expect(try await tier.rows(pack) == ["cold: verified", "hot: verified"])
    }

    @Test func `a pack that may still grow stays, as does one with damage`() async throws {
        let tier = try await TierBench()
        let writer = tier.bench.store.makeWriter()
        let open = try await tier.bench.put(PackBench.bytes(100), with: writer)
        let stillOpen = await #expect(throws: PackError.self) {
            try await tier.mover.move(open.packID, to: [TierBench.cold])
        }
        await writer.close()
        _ = try await tier.bench.store.sealPacks(olderThan: .zero) {}
        let content = try #require(tier.disk.content(tier.bench.sealedPath(open)))
        tier.disk.setContent(tier.bench.sealedPath(open), content.flipping(bit: 8 * 250))
        let again = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places)
        await #expect(throws: PackError.self) { try await again.mover.move(open.packID, to: [TierBench.cold]) }

        #expect(stillOpen?.code == .stillOpen)
        #expect(try await tier.rows(open.packID) == [])
        #expect(tier.cold.puts == 0)
    }

    @Test(arguments: [true, false])
    func `when the new place loses the bytes within the grace time the old one stays`(keepsDigests: Bool) async throws {
        let tier = try await TierBench(cold: ScriptedBlobStore(keepsDigests: keepsDigests))
        let location = try #require(try await tier.pack([100_000]).first)
        let pack = location.packID
        try await tier.mover.move(pack, to: [TierBench.cold])
        tier.cold.damage(try tier.coldKey(pack), at: 5_000)
        tier.bench.clock.advance(by: .seconds(90_000))

        #expect(try await tier.mover.resume().failures.count == 1)

        #expect(try await tier.rows(pack) == ["cold: verified", "hot: verified"])
        #expect(try await tier.mover.verify(pack, in: TierBench.cold, readsAll: true))
    }

    @Test func `a damaged replica is made anew from a good one`() async throws {
        let tier = try await TierBench()
        let pack = try #require(try await tier.pack([100_000]).first).packID
        try await tier.mover.move(pack, to: [TierBench.warm, TierBench.cold])
        tier.cold.damage(try tier.coldKey(pack))

        #expect(try await !tier.mover.verify(pack, in: TierBench.cold))
        #expect(try await tier.mover.verify(pack, in: TierBench.cold))
    }

    @Test func `two damaged places lose nothing more`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000]).first)
        let pack = location.packID
        try await tier.mover.move(pack, to: [TierBench.cold])
        tier.cold.damage(try tier.coldKey(pack))
        let content = try #require(tier.disk.content(tier.bench.sealedPath(location)))
        tier.disk.setContent(tier.bench.sealedPath(location), content.flipping(bit: 8 * 400))
        let again = try await TierBench(disk: tier.disk, cold: tier.cold, places: tier.places)
        again.bench.clock.advance(by: .seconds(90_000))

        #expect(try await again.mover.resume().failures.map(\.code) == [.noVerifiedPlace])

        #expect(tier.disk.content(tier.bench.sealedPath(location)) != nil)
        #expect(tier.cold.keys.count == 1)
    }

    @Test func `a pack nobody wants goes from every store, a refusal is tried again`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([1_000]).first)
        let pack = location.packID
        try await tier.mover.move(pack, to: [.hot, TierBench.warm, TierBench.cold])
        tier.cold.state.withLock { $0.isDown = true }
        await #expect(throws: PackError.self) { try await tier.mover.destroy(pack) }
        tier.cold.state.withLock { $0.isDown = false }

        #expect(try await tier.mover.resume().failures.isEmpty)

        #expect(tier.places.all.isEmpty)
        #expect(tier.cold.keys.isEmpty)
        #expect(!tier.disk.paths.contains { $0.hasSuffix(".pack") })
        await #expect(throws: PackError.self) { try await tier.all(location) }
    }

    @Test func `packs that wait for their first copy are taken from the registry`() async throws {
        let tier = try await TierBench()
        let pack = try #require(try await tier.pack([1_000]).first).packID
        try await tier.mover.announce([pack], to: TierBench.cold)
        #expect(try await tier.rows(pack) == ["cold: copying"])

        #expect(try await tier.mover.resume().failures.isEmpty)

        #expect(try await tier.rows(pack) == ["cold: verified", "hot: verified"])
        #expect(try await tier.mover.announceMissing(to: TierBench.cold) == 0)
        let other = try #require(try await tier.pack([2_000], study: 9).first).packID
        #expect(try await tier.mover.announceMissing(to: TierBench.cold) == 1)
        #expect(try await tier.rows(other) == ["cold: copying"])
    }

    /// Ends a program at each request to the remote store or change of the registry, in each way that may be seen, and lets
    /// others go on.
    @Test(arguments: [ScriptedBlobStore.Fault.before, .after, .wrong])
    func `whatever call is the last, the pack is never without a verified copy, and the next program finishes`(
        fault: ScriptedBlobStore.Fault
    ) async throws {
        for call in 0... {
            let calls = Mutex(0)
            // The program sees the fault once, and nothing works any more until the next one starts.
            let script = { @Sendable () -> ScriptedBlobStore.Fault? in
                calls.withLock { calls in
                    calls += 1
                    return calls == call + 1 ? fault : calls > call + 1 && calls < 1_000_000 ? .before : nil
                }
            }
            let cold = ScriptedBlobStore(keepsDigests: call % 2 == 0, script: script)
            let places = MemoryPackPlaces()
            let first = try await TierBench(cold: cold, places: places)
            let location = try #require(try await first.pack([70_000, 3]).first)
            let pack = location.packID
            let hasEnded = await Self.run(first, pack)

            // The next program, for which everything works.
            let before = calls.withLock { count in
                defer { count = 1_000_000 }
                return count
            }
            let next = try await TierBench(disk: first.disk, cold: cold, places: places)
            try await Self.check(next, location, "call \(call)")
            #expect(await Self.run(next, pack))
            try await Self.check(next, location, "call \(call), finished")
            #expect(try await next.rows(pack) == ["cold: verified"])
            #expect(cold.keys == [try next.coldKey(pack)])
            if hasEnded, before <= call { return }
        }
    }

    /// A move to the remote store, with its end; whether all of it went well.
    private static func run(_ tier: TierBench, _ pack: PackID) async -> Bool {
        do {
            _ = try await tier.mover.resume()
            try await tier.mover.move(pack, to: [TierBench.cold])
            tier.bench.clock.advance(by: .seconds(86_400))
            return try await tier.mover.move(pack, to: [TierBench.cold]) == .done
        } catch {
            return false
        }
    }

    private static func check(_ tier: TierBench, _ location: RecordLocation, _ told: Comment) async throws {
        let places = try await tier.places.places(of: location.packID)
        for place in places where place.state == .verified {
            #expect(try await tier.mover.isRight(place, readsAll: true), told)
        }
        if !places.isEmpty { #expect(places.contains { $0.state == .verified }, told) }
        #expect(try await tier.all(location) == TierBench.payload(0, 70_000), told)
    }
}
