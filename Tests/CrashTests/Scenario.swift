import ArchiveServices
import Platform
import TestKit

@testable import cassette

/// A run of the archive over a simulated disk, written down call by call.
struct Recording: Sendable {
    let name: String
    let objects: [CrashObject]
    let log: DiskLog
}

/// The runs whose crashes are explored; each sends its objects in the same order with the same keys.
enum Scenario: String, CaseIterable, Sendable {
    case firstStart = "first start"
    case associations
    case refusal
    case secondStart = "start after a kill"
    case rebuild = "index rebuild"
    case sealing
    case deletion
    case compaction
    case shredding

    /// The protocol that it belongs to.
    var crashed: CrashedProtocol {
        switch self {
        case .firstStart, .associations, .refusal, .secondStart, .rebuild, .sealing: .receive
        case .deletion: .deletion
        case .compaction: .compaction
        case .shredding: .shredding
        }
    }

    /// Runs it.
    func record() async throws -> Recording {
        switch self {
        case .firstStart: try await Self.recordFirstStart(name: rawValue)
        case .associations: try await Self.recordAssociations(name: rawValue)
        case .refusal: try await Self.recordRefusal(name: rawValue)
        case .secondStart: try await Self.recordSecondStart(name: rawValue)
        case .rebuild: try await Self.recordRebuild(name: rawValue)
        case .sealing: try await Self.recordSealing(name: rawValue)
        case .deletion: try await Self.recordDeletion(name: rawValue)
        case .compaction: try await Self.recordCompaction(name: rawValue)
        case .shredding: try await Self.recordShredding(name: rawValue)
        }
    }

    /// An empty disk, keys made, one study of two objects, killed.
    private static func recordFirstStart(name: String) async throws -> Recording {
        let objects = try [CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2)]
        let disk = SimulatedDisk()
        let archive = try await CrashArchive(on: disk, seed: 1)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in objects.indices { await archive.send(object, of: objects, in: session) }
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// Three associations whose objects come in between each other; duplicates, a long object, one that breaks off, and
    /// another object under a SOP Instance UID that is taken.
    private static func recordAssociations(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2, frames: 1_100),
            CrashObject(study: 2, number: 1), CrashObject(study: 2, number: 2), CrashObject(study: 3, number: 1),
            CrashObject(study: 1, number: 1, variant: 1), CrashObject(study: 3, number: 2),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 2)
        let ingest = archive.archive.ingest
        let first = try ingest.openSession(for: CrashArchive.administrator)
        let second = try ingest.openSession(for: CrashArchive.administrator)
        let third = try ingest.openSession(for: CrashArchive.administrator)
        await archive.send(0, of: objects, in: first)
        await archive.send(1, of: objects, in: first) {
            await archive.send(2, of: objects, in: second) {
                await archive.send(4, of: objects, in: third)
            }
            await archive.send(3, of: objects, in: second)
        }
        await archive.send(5, of: objects, in: second)
        await archive.send(0, of: objects, in: third)
        _ = await third.store(
            IncomingObject(form: .part10),
            body: Arrival(bytes: objects[1].file, breaksOffAfter: 100_000)
        )
        await archive.send(6, of: objects, in: third)
        await second.close()
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// The index refuses an object, which is taken back in its pack; a corrected one follows under the same UID.
    private static func recordRefusal(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2),
            CrashObject(study: 1, number: 2, variant: 1), CrashObject(study: 1, number: 3),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 3)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        await archive.send(0, of: objects, in: session)
        disk.fail(SimulatedDisk.Fault(call: .write, index: 0, code: .noSpace, suffix: "-wal"))
        await archive.send(1, of: objects, in: session)
        disk.fail(nil)
        await archive.send(2, of: objects, in: session)
        await archive.send(3, of: objects, in: session)
        await session.close()
        try await archive.archive.sealPacks(quietFor: .zero)
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// Packs are sealed by size, while idle, and at a clean stop; the index is carried over before.
    private static func recordSealing(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1, frames: 300), CrashObject(study: 1, number: 2, frames: 300),
            CrashObject(study: 2, number: 1), CrashObject(study: 1, number: 3), CrashObject(study: 2, number: 2),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 4)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        await archive.send(0, of: objects, in: session)
        await archive.send(1, of: objects, in: session)
        await archive.send(2, of: objects, in: session)
        try await archive.archive.sealPacks(quietFor: .seconds(30))
        await archive.send(3, of: objects, in: session)
        archive.clock.advance(by: .seconds(60))
        try await archive.archive.sealPacks(quietFor: .seconds(30))
        await archive.send(4, of: objects, in: session)
        await session.close()
        try await archive.archive.close()
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// A start on what a kill left, with nothing synced that was not synced before; more objects; a clean stop.
    private static func recordSecondStart(name: String) async throws -> Recording {
        let before = try await recordFirstStart(name: name)
        let objects = try before.objects + [CrashObject(study: 1, number: 3), CrashObject(study: 2, number: 1)]
        let disk = SimulatedDisk(continuing: before.log)
        let archive = try await CrashArchive(on: disk, seed: 5)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in objects.indices { await archive.send(object, of: objects, in: session) }
        await session.close()
        try await archive.archive.close()
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// The index is gone and made again; then once more on wish, beside the good one.
    private static func recordRebuild(name: String) async throws -> Recording {
        let before = try await recordSealing(name: name)
        var image = SimulatedDisk(continuing: before.log).image
        for suffix in ["", "-wal", "-journal"] { image.files[CrashArchive.folder.index + suffix] = nil }
        let disk = SimulatedDisk(image)
        for acknowledgement in before.log.acknowledgements { disk.note(acknowledgement) }
        let archive = try await CrashArchive(on: disk, seed: 6)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        let objects = try before.objects + [CrashObject(study: 3, number: 1)]
        await archive.send(objects.count - 1, of: objects, in: session)
        await session.close()
        try await archive.archive.close()
        archive.kill()
        let afterwards = SimulatedDisk(continuing: disk.log)
        let again = try await CrashArchive(on: afterwards, seed: 7, rebuild: .wanted)
        again.kill()
        return Recording(name: name, objects: objects, log: afterwards.log)
    }

    /// A disk with keys and an empty index, all durable.
    static func emptyArchive() async throws -> DiskImage {
        let disk = SimulatedDisk()
        let archive = try await CrashArchive(on: disk, seed: 8)
        try await archive.archive.close()
        archive.kill()
        return disk.image
    }
}
