import NIOCore
import PackStorage
import Platform
import TestKit

@testable import ArchiveServices

/// Starts on what a crash of moves, a kill or a fault has left, and looks: now, after going on, and at the end.
struct MoveChecker: Sendable {
    private let packs: [StoredPack]
    /// What is being removed from everywhere may be there or not; nobody may be misled about it.
    private let lost: [Int]
    private let isGone: Bool

    init(_ recorded: MoveScenario.Recorded, _ told: [Acknowledgement]) {
        packs = recorded.packs
        lost = told.map(\.object)
        isGone = told.contains { $0.answer == .refused }
    }

    func violations(
        on disk: SimulatedDisk,
        _ clock: ManualClock,
        seed: UInt64,
        late: LatePut? = nil
    ) async -> [String] {
        var told: [String] = []
        do {
            let world = try await MoveWorld(on: disk, seed: seed, clock: clock, late: late)
            try await check(world, &told)
        } catch {
            told.append("the start failed: \(error)")
        }
        return told
    }

    private func check(_ world: MoveWorld, _ told: inout [String]) async throws {
        try await look(world, lost, "after the start", &told)

        world.clock.advance(by: .seconds(30))
        for failure in try await world.mover.resume().failures { told.append("going on failed: \(failure)") }
        try await look(world, lost, "after going on", &told)
        world.clock.advance(by: MoveWorld.graceTime)
        for failure in try await world.mover.resume().failures { told.append("going on later failed: \(failure)") }
        try await look(world, lost, "a day later", &told)

        for (number, pack) in packs.enumerated() where !lost.contains(number) {
            try await world.mover.move(pack.id, to: [MoveWorld.warm])
            world.clock.advance(by: MoveWorld.graceTime)
            guard try await world.mover.move(pack.id, to: [MoveWorld.warm]) == .done else {
                told.append("a move does not come to its end")
                continue
            }
        }
        try await look(world, lost, "after another move", &told)
        if isGone, let pack = packs.last {
            let isLeft = world.disk.image.files.keys.contains { $0.contains(pack.id.hex) && !$0.contains("/cache/") }
            if isLeft { told.append("a pack that was removed is there") }
        }
        try await world.close()
    }

    /// I1, I2, I7: every record gives its bytes; a pack with rows has a verified place, and what is called verified is right.
    private func look(_ world: MoveWorld, _ lost: [Int], _ stage: String, _ told: inout [String]) async throws {
        for (number, pack) in packs.enumerated() {
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
