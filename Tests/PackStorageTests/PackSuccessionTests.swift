import PackStorage
import Platform
import Synchronization
import TestKit
import Testing

@Suite struct `A pack that stands for others` {
    private static func packs(_ tier: TierBench) async throws -> (old: PackID, new: PackID) {
        (
            old: try #require(try await tier.pack([1_000]).first).packID,
            new: try #require(try await tier.pack([1_000]).first).packID
        )
    }

    @Test func `is kept at once when all lie in the data folder`() async throws {
        let tier = try await TierBench()
        let (old, new) = try await Self.packs(tier)

        try await tier.mover.carry(new, asWidelyAs: [old])

        #expect(try await tier.rows(new).isEmpty)
        #expect(try await tier.mover.isKept(new, asWidelyAs: old))
    }

    @Test func `comes into every store of the others, and only then is kept`() async throws {
        let tier = try await TierBench()
        let (old, new) = try await Self.packs(tier)
        try await tier.mover.move(old, to: [TierBench.warm, TierBench.cold])
        tier.cold.state.withLock { $0.isDown = true }
        #expect(try await !tier.mover.isKept(new, asWidelyAs: old))
        await #expect(throws: PackError.self) { try await tier.mover.carry(new, asWidelyAs: [old]) }
        #expect(try await !tier.mover.isKept(new, asWidelyAs: old))
        tier.cold.state.withLock { $0.isDown = false }

        try await tier.mover.carry(new, asWidelyAs: [old])

        #expect(try await tier.rows(new) == ["cold: verified", "hot: retiring", "warm: verified"])
        #expect(try await tier.mover.isKept(new, asWidelyAs: old))
        try await tier.mover.destroy(old)
        #expect(try await tier.rows(old).isEmpty)
    }

    @Test func `stays in the data folder when one of the others lies there, too`() async throws {
        let tier = try await TierBench()
        let (old, new) = try await Self.packs(tier)
        let other = try #require(try await tier.pack([5]).first).packID
        try await tier.move(old, to: TierBench.cold)

        try await tier.mover.carry(new, asWidelyAs: [old, other])

        #expect(try await tier.rows(new) == ["cold: verified", "hot: verified"])
        #expect(try await tier.mover.isKept(new, asWidelyAs: old))
        #expect(try await tier.mover.isKept(new, asWidelyAs: other))
    }

    @Test func `is not kept when a store has lost it`() async throws {
        let tier = try await TierBench()
        let (old, new) = try await Self.packs(tier)
        try await tier.move(old, to: TierBench.cold)
        try await tier.mover.carry(new, asWidelyAs: [old])

        try await tier.cold.delete(try tier.coldKey(new))

        let error = await #expect(throws: PackError.self) { try await tier.mover.isKept(new, asWidelyAs: old) }
        #expect(error?.code == .store(.corrupt))
    }
}
