import AccessControl
import ArchiveCatalog
import DICOMCore
import Platform
import TestKit

@testable import ArchiveServices
@testable import cassette

extension Scenario {
    private static var administrator: Principal { CrashArchive.administrator }

    /// A study into the bin and back, an instance into the bin and out of it for good; packs are sealed in between.
    static func recordDeletion(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2), CrashObject(study: 2, number: 1),
            CrashObject(study: 1, number: 3),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 11)
        let removal = archive.archive.removal
        let session = try archive.archive.ingest.openSession(for: administrator)
        await archive.send(0, of: objects, in: session)
        await archive.send(1, of: objects, in: session)
        try await archive.archive.sealPacks(quietFor: .zero)
        await archive.send(2, of: objects, in: session)
        await archive.send(3, of: objects, in: session)
        let study = ArchiveScope(studyInstanceUID: objects[0].study)
        let deletion = try await archive.delete(study, [0, 1, 3])
        try await archive.archive.sealPacks(quietFor: .zero)
        try await archive.asking([0, 1, 3], then: .stored) {
            try await removal.restore(deletion, as: administrator)
        }
        let instance = ArchiveScope(
            studyInstanceUID: objects[1].study,
            seriesInstanceUID: objects[1].series,
            sopInstanceUID: objects[1].instance
        )
        let last = try await archive.delete(instance, [1])
        try await removal.end(last, as: administrator)
        // Stored anew: there before its sender hears of it.
        disk.note(Acknowledgement(object: 1, answer: .asked))
        await archive.send(1, of: objects, in: session)
        await session.close()
        try await archive.archive.sealPacks(quietFor: .zero)
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// What is final leaves its pack, small packs become one, and the old ones go.
    static func recordCompaction(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2), CrashObject(study: 1, number: 3),
            CrashObject(study: 2, number: 1),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 12)
        let removal = archive.archive.removal
        let session = try archive.archive.ingest.openSession(for: administrator)
        for object in objects.indices {
            await archive.send(object, of: objects, in: session)
            if object == 1 { try await archive.archive.sealPacks(quietFor: .zero) }
        }
        let instance = ArchiveScope(
            studyInstanceUID: objects[0].study,
            seriesInstanceUID: objects[0].series,
            sopInstanceUID: objects[0].instance
        )
        let deletion = try await archive.delete(instance, [0])
        try await removal.end(deletion, as: administrator)
        await session.close()
        for _ in 0..<3 {
            try await archive.archive.sealPacks(quietFor: .zero)
            _ = try await removal.compact(everything: true)
        }
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }

    /// A study goes with its key, and the epoch of the keys ends.
    static func recordShredding(name: String) async throws -> Recording {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2), CrashObject(study: 2, number: 1),
        ]
        let disk = SimulatedDisk(try await emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 13)
        let session = try archive.archive.ingest.openSession(for: administrator)
        for object in objects.indices { await archive.send(object, of: objects, in: session) }
        await session.close()
        try await archive.asking([0, 1], then: .shredded) {
            try await archive.archive.shredder.shred(objects[0].study, as: administrator)
        }
        _ = try await archive.archive.shredder.endEpoch(.renew(withoutEscrow: true), as: administrator)
        archive.kill()
        return Recording(name: name, objects: objects, log: disk.log)
    }
}

extension CrashArchive {
    /// Deletes, with what is known before and after in the log.
    func delete(_ scope: ArchiveScope, _ objects: [Int]) async throws -> RandomID {
        let outcome = try await asking(objects, then: .deleted) {
            try await archive.removal.delete(scope, as: Self.administrator)
        }
        guard case .deleted(let entry) = outcome else { throw ArchiveError(.conflict, "not deleted at once") }
        return entry.deletion.id
    }

    /// Writes into the log that nobody knows about these objects while `work` runs, and what is known after it.
    @discardableResult
    func asking<Result>(
        _ objects: [Int],
        then answer: Acknowledgement.Answer,
        _ work: () async throws -> Result
    ) async throws -> Result {
        for object in objects { disk.note(Acknowledgement(object: object, answer: .asked)) }
        let result = try await work()
        for object in objects { disk.note(Acknowledgement(object: object, answer: answer)) }
        return result
    }
}
