import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

@Suite struct `A registry that is older than the stores` {
    @Test func `the data folder gives nothing up for a place that is not right any more`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000]).first)
        let pack = location.packID
        _ = try await tier.mover.move(pack, to: [.hot, TierBench.cold])
        var hot = try #require(try await tier.places.places(of: pack).first { $0.store == .hot })
        hot.state = .removing
        try await tier.places.set(hot)
        try await tier.cold.delete(try tier.coldKey(pack))

        #expect(try await tier.mover.resume().failures.map(\.code) == [.noVerifiedPlace])
        #expect(tier.disk.content(tier.bench.sealedPath(location)) != nil)
        #expect(try await tier.mover.resume().failures.isEmpty)
        #expect(try await tier.rows(pack) == ["cold: verified", "hot: verified"])
    }

    @Test func `a pack that has moved since is adopted where it lies`() async throws {
        let tier = try await TierBench()
        let location = try #require(try await tier.pack([100_000]).first)
        let pack = location.packID
        _ = try await tier.mover.move(pack, to: [.hot, TierBench.cold])
        let old = try #require(try await tier.places.places(of: pack).first { $0.store == .hot })
        try await tier.move(pack, to: TierBench.cold)
        try await tier.places.remove(pack, from: TierBench.cold)
        try await tier.places.set(old)

        #expect(try await tier.bench.store.adoptPlaces().problems.isEmpty)
        #expect(try await tier.rows(pack) == ["cold: verified"])
        #expect(try await tier.all(location) == TierBench.payload(0, 100_000))
    }
}
