import NIOCore
import PackStorage
import Platform
import Synchronization
import TestKit

@testable import ArchiveServices

/// Crashes a recorded run of moves after each of its changes, starts on what is left, and looks.
final class MoveExplorer: Sendable {
    struct Outcome: Sendable {
        var drawn = 0
        var checked = 0
        var violations: [String] = []
    }

    private struct Position: Sendable {
        let change: Int
        let replay: DiskReplay
    }

    private let recorded: MoveScenario.Recorded
    private let rules: SyncRules
    private let outcome = Mutex(Outcome())
    private let seen = Mutex<Set<Int>>([])
    private let waiting = Mutex<[Position]>([])

    init(_ recorded: MoveScenario.Recorded, rules: SyncRules = .honest) {
        self.recorded = recorded
        self.rules = rules
    }

    /// Draws `seedsPerChange` states after each change, the one before the first included.
    func explore(seedsPerChange: Int, stopsAtFirst: Bool = false) async throws -> Outcome {
        waiting.withLock { $0 = positions().reversed() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while let position = self.waiting.withLock({ $0.popLast() }) {
                        if stopsAtFirst, self.outcome.withLock({ !$0.violations.isEmpty }) { return }
                        for seed in 0..<seedsPerChange {
                            await self.crash(position, seed: UInt64(position.change) << 20 | UInt64(seed))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return outcome.withLock { $0 }
    }

    private func positions() -> [Position] {
        var replay = DiskReplay(recorded.log.base, rules: rules)
        var positions = [Position(change: 0, replay: replay)]
        for event in recorded.log.events {
            replay.apply(event)
            switch event {
            case .changed: positions.append(Position(change: positions.count, replay: replay))
            case .acknowledged: positions[positions.count - 1] = Position(change: positions.count - 1, replay: replay)
            }
        }
        return positions
    }

    private func crash(_ position: Position, seed: UInt64) async {
        var chance = CrashChance(seed: seed)
        let image = position.replay.image(&chance)
        var hasher = Hasher()
        hasher.combine(image.fingerprint)
        hasher.combine(position.replay.acknowledged)
        let fingerprint = hasher.finalize()
        outcome.withLock { $0.drawn += 1 }
        guard seen.withLock({ $0.insert(fingerprint).inserted }) else { return }
        outcome.withLock { $0.checked += 1 }
        var told: [String] = []
        do {
            try await check(image, position, seed: seed, &told)
        } catch {
            told.append("the start failed: \(error)")
        }
        guard !told.isEmpty else { return }
        let text = "change \(position.change), seed \(seed): " + told.joined(separator: "; ")
        outcome.withLock { $0.violations.append(text) }
    }

    private func check(_ image: DiskImage, _ position: Position, seed: UInt64, _ told: inout [String]) async throws {
        var random = SplitMix(seed: seed)
        var late: LatePut?
        if random.next(below: 4) == 0, let pack = recorded.packs.first, let bytes = recorded.files[pack.id],
            position.replay.acknowledged.isEmpty,
            let key = BlobKey("packs/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack")
        {
            late = LatePut(key: key, bytes: bytes, requests: random.next(below: 12))
        }
        let world = try await MoveWorld(on: SimulatedDisk(image), seed: seed | 1 << 60, late: late)
        // What is being removed from everywhere may be there or not; nobody may be misled about it.
        let lost = position.replay.acknowledged.map(\.object)
        let isGone = position.replay.acknowledged.contains { $0.answer == .refused }
        try await look(world, lost, "after the start", &told)

        world.clock.advance(by: .seconds(30))
        for failure in try await world.mover.resume().failures { told.append("going on failed: \(failure)") }
        try await look(world, lost, "after going on", &told)
        world.clock.advance(by: MoveWorld.graceTime)
        for failure in try await world.mover.resume().failures { told.append("going on later failed: \(failure)") }
        try await look(world, lost, "a day later", &told)

        for (number, pack) in recorded.packs.enumerated() where !lost.contains(number) {
            try await world.mover.move(pack.id, to: [MoveWorld.warm])
            world.clock.advance(by: MoveWorld.graceTime)
            guard try await world.mover.move(pack.id, to: [MoveWorld.warm]) == .done else {
                told.append("a move does not come to its end")
                continue
            }
        }
        try await look(world, lost, "after another move", &told)
        if isGone, let pack = recorded.packs.last {
            let isLeft = world.disk.image.files.keys.contains { $0.contains(pack.id.hex) && !$0.contains("/cache/") }
            if isLeft { told.append("a pack that was removed is there") }
        }
        try await world.close()
    }

    /// I1, I2, I7: every record gives its bytes; a pack with rows has a verified place, and what is called verified is right.
    private func look(_ world: MoveWorld, _ lost: [Int], _ stage: String, _ told: inout [String]) async throws {
        for (number, pack) in recorded.packs.enumerated() {
            let rows = try await world.places.places(of: pack.id)
            for row in rows where row.state == .verified {
                if try await !world.mover.isRight(row, readsAll: true) {
                    told.append("\(stage): pack \(number) is not right in \(row.store)")
                }
            }
            // A pack that was only announced is an ordinary one: it lies in the data folder.
            let isPlaced = rows.contains { $0.state != .copying }
            if isPlaced, !lost.contains(number), !rows.contains(where: { $0.state == .verified }) {
                told.append("\(stage): pack \(number) has no verified place")
            }
            for record in pack.records {
                do {
                    let range = 0..<record.location.payloadLength
                    let bytes = try await world.packs.read(record.location, context: MoveWorld.context, range: range)
                    if bytes != record.payload { told.append("\(stage): wrong bytes of pack \(number)") }
                } catch {
                    if !lost.contains(number) { told.append("\(stage): pack \(number) cannot be read: \(error)") }
                }
            }
        }
    }
}
