import NIOCore
import PackStorage
import Platform
import TestKit

@testable import ArchiveServices
@testable import cassette

/// A run over two packs that is crashed after each of its changes.
enum MoveScenario: String, CaseIterable, Sendable {
    /// One pack to the bucket, one to both stores; the data folder lets go of both.
    case away
    /// A pack comes back from the bucket, and leaves it.
    case recall
    /// A move that is taken back half-way, and packs that were only announced.
    case changeOfMind
    /// A pack goes from every store.
    case destroyed

    struct Recorded: Sendable {
        let log: DiskLog
        let packs: [StoredPack]
        /// The bytes of each pack as they were sealed.
        let files: [PackID: ByteBuffer]
    }

    /// Stores the packs durably, then runs and writes down every change.
    func record() async throws -> Recorded {
        let first = SimulatedDisk()
        let clock = ManualClock()
        let world = try await MoveWorld(on: first, seed: 1, clock: clock)
        let packs = try await world.makePacks([[3_000, 70_000], [10, 0, 900]])
        var files: [PackID: ByteBuffer] = [:]
        for pack in packs {
            let name = CrashArchive.folder.packs + "/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack"
            files[pack.id] = first.image.files[name]
        }
        if self == .recall || self == .destroyed { try await settle(world, packs) }
        try await world.close()

        let disk = SimulatedDisk(first.image)
        let again = try await MoveWorld(on: disk, seed: 2, clock: clock)
        try await run(again, packs)
        let log = disk.log
        disk.powerOff()
        return Recorded(log: log, packs: packs, files: files)
    }

    private func settle(_ world: MoveWorld, _ packs: [StoredPack]) async throws {
        try await world.mover.move(packs[0].id, to: [MoveWorld.cold])
        try await world.mover.move(packs[1].id, to: [.hot, MoveWorld.warm, MoveWorld.cold])
        world.clock.advance(by: MoveWorld.graceTime)
        _ = try await world.mover.resume()
    }

    private func run(_ world: MoveWorld, _ packs: [StoredPack]) async throws {
        switch self {
        case .away:
            try await world.mover.move(packs[0].id, to: [MoveWorld.cold])
            try await world.mover.move(packs[1].id, to: [MoveWorld.warm, MoveWorld.cold])
            world.clock.advance(by: MoveWorld.graceTime)
            _ = try await world.mover.resume()
        case .recall:
            try await world.mover.copy(packs[0].id, to: .hot)
            try await world.mover.move(packs[0].id, to: [.hot])
            try await world.mover.move(packs[1].id, to: [MoveWorld.warm])
            world.clock.advance(by: MoveWorld.graceTime)
            _ = try await world.mover.resume()
        case .changeOfMind:
            try await world.mover.announce(packs.map(\.id), to: MoveWorld.cold)
            try await world.mover.move(packs[0].id, to: [MoveWorld.warm])
            try await world.mover.cancel(packs[0].id)
            _ = try await world.mover.resume()
            try await world.mover.move(packs[0].id, to: [MoveWorld.cold])
            try await world.mover.cancel(packs[0].id)
        case .destroyed:
            world.disk.note(Acknowledgement(object: 1, answer: .sentAgain))
            try await world.mover.destroy(packs[1].id)
            world.disk.note(Acknowledgement(object: 1, answer: .refused))
        }
    }
}

/// A mover that removes before it has verified: the control that the checks must find out.
struct HastyMover: Sendable {
    /// Moves packs to the bucket in the wrong order.
    static func record() async throws -> MoveScenario.Recorded {
        let recorded = try await MoveScenario.away.record()
        let disk = SimulatedDisk(recorded.log.base)
        let world = try await MoveWorld(on: disk, seed: 2)
        for pack in recorded.packs {
            try await world.mover.move(pack.id, to: [.hot])
            guard let bytes = recorded.files[pack.id], let hot = try await world.places.places(of: pack.id).first else {
                continue
            }
            var copy = hot
            copy.store = MoveWorld.cold
            try await world.places.set(copy)
            try await world.places.remove(pack.id, from: .hot)
            let path = CrashArchive.folder.packs + "/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack"
            try disk.unlink(path)
            try disk.syncDirectory(parent(of: path))
            if let key = BlobKey("packs/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack") {
                try await world.cold.put(key, BlobSource(bytes))
            }
        }
        let log = disk.log
        disk.powerOff()
        return MoveScenario.Recorded(log: log, packs: recorded.packs, files: recorded.files)
    }
}
