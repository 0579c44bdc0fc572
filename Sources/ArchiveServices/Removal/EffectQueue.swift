import ArchiveCatalog
import Platform
import Synchronization

/// What durable records ask of the catalog, in their order, each until it is done.
///
/// A record is durable first and takes effect then. Packs are not sealed while something waits here: what stands in a
/// sealed pack is not looked at after a crash, so the catalog must have it.
final class EffectQueue: Sendable {
    typealias Effect = @Sendable () async throws -> Void

    private struct State {
        var waiting: [(number: Int, effect: Effect)] = []
        var last = 0
    }

    private let state = Mutex(State())
    private let gate = KeyGate<Int>()
    private let records = SharedGate()

    /// Whether nothing waits.
    var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

    /// Takes an effect, which may be tried more than once.
    func add(_ effect: @escaping Effect) {
        state.withLock { state in
            state.last += 1
            state.waiting.append((state.last, effect))
        }
    }

    /// Makes records durable that ``add(_:)`` effects, and settles; what is here from before comes first.
    func carryOut(_ makeDurable: () async throws -> Void) async throws {
        try await records.together {
            try await settle()
            try await makeDurable()
            try await settle()
        }
    }

    /// Does work while the catalog shows what the packs say: none of their records waits for its effect, and none comes.
    func whileSettled<Result>(_ work: () async throws -> Result) async throws -> Result {
        try await records.alone {
            try await settle()
            return try await work()
        }
    }

    /// Works through what waits, one after the other; stops at the first that fails, which then is tried again.
    func settle() async throws {
        await gate.enter(0)
        defer { gate.leave(0) }
        while let next = state.withLock({ $0.waiting.first }) {
            try await next.effect()
            state.withLock { state in state.waiting.removeAll { $0.number == next.number } }
        }
    }
}
