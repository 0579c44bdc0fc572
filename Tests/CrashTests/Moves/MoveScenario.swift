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
        let name: String
        let log: DiskLog
        let packs: [StoredPack]
        /// The bytes of each pack as they were sealed.
        let files: [PackID: ByteBuffer]

        /// The first pack on its way to the bucket, when its sender is gone.
        func late(after requests: Int) -> LatePut? {
            guard let pack = packs.first, let bytes = files[pack.id],
                let key = BlobKey("packs/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack")
            else { return nil }
            return LatePut(key: key, bytes: bytes, requests: requests)
        }
    }

    /// Packs that are stored durably, before the run.
    struct Prepared: Sendable {
        let image: DiskImage
        let packs: [StoredPack]
        let files: [PackID: ByteBuffer]
        let time: Timestamp

        /// A clock that goes on from there.
        var clock: ManualClock { ManualClock(time) }
    }

    /// Stores the packs durably.
    func prepare() async throws -> Prepared {
        let disk = SimulatedDisk()
        let clock = ManualClock()
        let world = try await MoveWorld(on: disk, seed: 1, clock: clock)
        let packs = try await world.makePacks([[3_000, 70_000], [10, 0, 900]])
        var files: [PackID: ByteBuffer] = [:]
        for pack in packs {
            let name = CrashArchive.folder.packs + "/" + pack.id.hex.prefix(2) + "/" + pack.id.hex + ".pack"
            files[pack.id] = disk.image.files[name]
        }
        if self == .recall || self == .destroyed { try await settle(world, packs) }
        try await world.close()
        return Prepared(image: disk.image, packs: packs, files: files, time: clock.now())
    }

    /// Stores the packs durably, then runs and writes down every change.
    func record() async throws -> Recorded {
        let prepared = try await prepare()
        let disk = SimulatedDisk(prepared.image)
        let world = try await MoveWorld(on: disk, seed: 2, clock: prepared.clock)
        try await run(world, prepared.packs)
        let log = disk.log
        disk.powerOff()
        return recorded(log, prepared)
    }

    func recorded(_ log: DiskLog, _ prepared: Prepared) -> Recorded {
        Recorded(name: "moves, " + rawValue, log: log, packs: prepared.packs, files: prepared.files)
    }

    private func settle(_ world: MoveWorld, _ packs: [StoredPack]) async throws {
        try await world.mover.move(packs[0].id, to: [MoveWorld.cold])
        try await world.mover.move(packs[1].id, to: [.hot, MoveWorld.warm, MoveWorld.cold])
        world.clock.advance(by: MoveWorld.graceTime)
        _ = try await world.mover.resume()
    }

    func run(_ world: MoveWorld, _ packs: [StoredPack]) async throws {
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
        return MoveScenario.Recorded(name: "hasty", log: log, packs: recorded.packs, files: recorded.files)
    }
}
