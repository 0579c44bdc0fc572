import NIOCore
import PackStorage
import Platform
import Sealing
import Synchronization
import TestKit
import Testing

@Suite struct `Copies of keys and single records in a store` {
    private func keyringFile(_ tier: TierBench) throws -> [UInt8] {
        try #require(tier.disk.content("/data/keyring/keyring"))
    }

    private func copies(_ tier: TierBench) -> KeyringCopies {
        KeyringCopies(of: tier.bench.store)
    }

    /// The blobs of the last edition, put together.
    private func copied(_ store: ScriptedBlobStore) -> [UInt8] {
        let blobs = store.state.withLock { $0.blobs }.filter { $0.key.text.hasPrefix("keyring/") }
        let edition = blobs.keys.map { $0.text.split(separator: "/")[1] }.max() ?? ""
        return blobs.filter { $0.key.text.hasPrefix("keyring/" + edition) }.sorted { $0.key < $1.key }.flatMap {
            Array($0.value.readableBytesView)
        }
    }

    @Test func `the keyring's file is copied as it grows, after a restart as well`() async throws {
        let tier = try await TierBench()
        let named = NamedBlobStore(TierBench.cold, tier.cold, isLocal: false)
        _ = try await tier.bench.key(1)
        let first = copies(tier)
        try await first.bring(to: named)
        #expect(copied(tier.cold) == (try keyringFile(tier)))
        let puts = tier.cold.puts
        try await first.bring(to: named)
        #expect(tier.cold.puts == puts)

        _ = try await tier.bench.key(2)
        try await first.bring(to: named)
        _ = try await tier.bench.key(3)
        try await copies(tier).bring(to: named)

        #expect(copied(tier.cold) == (try keyringFile(tier)))
        #expect(tier.cold.keys.allSatisfy { $0.text.hasPrefix("keyring/00000000000000000001/") })
    }

    @Test func `a file that was written anew replaces the old one, and nothing of that stays`() async throws {
        let tier = try await TierBench()
        let named = NamedBlobStore(TierBench.cold, tier.cold, isLocal: false)
        for study in 1..<9 as Range<UInt8> { _ = try await tier.bench.key(study) }
        var later = copies(tier)
        try await later.bring(to: named)

        for study in 1..<4 as Range<UInt8> {
            let keyring = tier.bench.keyring
            try await keyring.removeStudyKeys([keyring.keyID(for: [study])])
            // By a new process, too: nothing but the store tells it what is there.
            if study == 2 { later = copies(tier) }
            try await later.renew(in: named)
            #expect(copied(tier.cold) == (try keyringFile(tier)))
            #expect(Set(tier.cold.keys.map { $0.text.split(separator: "/")[1] }).count == 1)
            let puts = tier.cold.puts
            try await later.renew(in: named)
            #expect(tier.cold.puts == puts)
        }
    }

    @Test func `a store without a keyring gets none by renewing`() async throws {
        let tier = try await TierBench()
        _ = try await tier.bench.key(1)

        try await copies(tier).renew(in: NamedBlobStore(TierBench.cold, tier.cold, isLocal: false))

        #expect(tier.cold.keys.isEmpty)
    }

    @Test func `no answer of a store keeps a key out for good`() async throws {
        for call in 0..<6 {
            let calls = Mutex(0)
            let cold = ScriptedBlobStore(script: {
                calls.withLock { calls in
                    calls += 1
                    return calls == call + 1 ? .after : nil
                }
            })
            let tier = try await TierBench(cold: cold)
            let named = NamedBlobStore(TierBench.cold, cold, isLocal: false)
            let first = copies(tier)
            for study in 1..<4 as Range<UInt8> {
                _ = try await tier.bench.key(study)
                do {
                    try await first.bring(to: named)
                } catch {
                    try await first.bring(to: named)
                }
                #expect(copied(cold) == (try keyringFile(tier)))
            }
        }
    }

    @Test func `a pack is in a store only when its key is there`() async throws {
        let tier = try await TierBench()
        let pack = try #require(try await tier.pack([1_000]).first).packID
        let mover = PackMover(packs: tier.bench.store, tiers: tier.tiers, keyring: copies(tier))

        try await mover.move(pack, to: [TierBench.cold])

        #expect(copied(tier.cold) == (try keyringFile(tier)))
    }

    @Test func `a record of an open pack is put alone, and goes when the whole pack is there`() async throws {
        let tier = try await TierBench()
        let mover = PackMover(packs: tier.bench.store, tiers: tier.tiers, keyring: copies(tier))
        let writer = tier.bench.store.makeWriter()
        var locations: [RecordLocation] = []
        for number in 0..<3 {
            let location = try await tier.bench.put(TierBench.payload(number, 2_500_000), with: writer)
            try await mover.secure(location, in: TierBench.cold)
            try await mover.secure(location, in: TierBench.cold)
            locations.append(location)
        }
        let records = tier.cold.keys.filter { $0.text.hasPrefix("records/") }
        #expect(records.count == 3)
        let open = try #require(tier.disk.content(tier.bench.openPath(locations[0])))
        for (key, location) in zip(records.sorted { $0.text.count < $1.text.count }, locations) {
            let blob = try #require(tier.cold.state.withLock { $0.blobs[key] })
            let record = open[Int(location.offset)..<Int(location.offset + location.recordLength)]
            #expect(Array(blob.readableBytesView) == Array(open.prefix(64)) + record)
        }

        await writer.close()
        _ = try await tier.bench.store.sealPacks(olderThan: .zero) {}
        try await mover.announce([locations[0].packID], to: TierBench.cold)
        #expect(try await mover.resume().failures.isEmpty)
        let puts = tier.cold.puts
        try await mover.secure(locations[1], in: TierBench.cold)
        #expect(tier.cold.puts == puts)
        let next = PackMover(packs: tier.bench.store, tiers: tier.tiers)
        try await next.removeSecuredRecords(in: TierBench.cold, listing: true)

        #expect(!tier.cold.keys.contains { $0.text.hasPrefix("records/") })
        #expect(tier.cold.keys.contains { $0.text.hasPrefix("packs/") })
    }
}

@Suite struct `After the loss of the data folder` {
    @Test func `packs and single records come back from the stores`() async throws {
        let tier = try await TierBench()
        let keyring = KeyringCopies(of: tier.bench.store)
        let mover = PackMover(packs: tier.bench.store, tiers: tier.tiers, keyring: keyring)
        let whole = try await tier.pack([1_000, 200_000])
        try await mover.move(whole[0].packID, to: [TierBench.cold])
        let writer = tier.bench.store.makeWriter()
        var waited: [RecordLocation] = []
        for number in 0..<4 {
            let location = try await tier.bench.put(TierBench.payload(number, 90_000), with: writer, study: 5)
            if number == 1 { continue }
            try await mover.secure(location, in: TierBench.cold)
            waited.append(location)
        }

        // A new machine: the bucket, the keys, and nothing else.
        for path in tier.disk.paths where path.hasPrefix("/data/packs") { tier.disk.setContent(path, nil) }
        let later = try await TierBench(disk: tier.disk, cold: tier.cold)
        #expect(try await later.bench.store.restoreRecords() == 3)
        #expect(try await later.bench.store.restoreRecords() == 0)
        _ = try await later.bench.store.recover { _ in }
        var found: [RecordLocation] = []
        _ = try await later.bench.store.forEachRecord(in: .everywhereAdopting) { found.append($0.location) }

        #expect(Set(found) == Set(whole + waited))
        #expect(try await later.rows(whole[0].packID) == ["cold: verified"])
        for (number, location) in zip([0, 2, 3], waited) {
            #expect(try await later.all(location) == TierBench.payload(number, 90_000))
        }
        #expect(try await later.all(whole[1]) == TierBench.payload(1, 200_000))
        let place = try #require(try await later.places.places(of: whole[0].packID).first)
        #expect(try await later.mover.isRight(place, readsAll: true))
        var local: [RecordLocation] = []
        _ = try await later.bench.store.forEachRecord(in: .dataFolder) { local.append($0.location) }
        #expect(Set(local) == Set(waited))
    }
}
