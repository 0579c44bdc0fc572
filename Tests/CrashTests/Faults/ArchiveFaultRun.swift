import ArchiveCatalog
import Platform
import TestKit

@testable import ArchiveServices
@testable import cassette

/// A protocol of the archive in which each call of the disk fails once.
enum ArchiveFaultRun: String, CaseIterable, Sendable {
    /// Into the bin and back, and out of it for good.
    case deletion
    case compaction
    case shredding
    /// Another version of the key-encryption key; the first one is destroyed.
    case rotation
    case rootKey = "root key renewal"
    /// The index is made again, beside the one that is there.
    case rebuild
    /// The index is made again, for there is none.
    case lostIndex = "rebuild of a lost index"

    /// Those that `CASSETTE_CRASH_SCENARIOS` names, with commas between them; all without it.
    static let chosen: [ArchiveFaultRun] = {
        guard let names = CrashStates.scenarioNames else { return allCases }
        return allCases.filter { names.contains($0.rawValue) }
    }()

    /// What lies on the disk before: durable, with what its senders know.
    struct Prepared: Sendable {
        let log: DiskLog
        let objects: [CrashObject]
    }

    func prepare() async throws -> Prepared {
        let objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2), CrashObject(study: 1, number: 3),
            CrashObject(study: 2, number: 1),
        ]
        let disk = SimulatedDisk(try await Scenario.emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 51)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in objects.indices {
            await archive.send(object, of: objects, in: session)
            if object == 1 { try await archive.archive.sealPacks(quietFor: .zero) }
        }
        await session.close()
        if self == .compaction {
            let deletion = try await archive.delete(objects[0].scope, [0])
            try await archive.archive.removal.end(deletion, as: CrashArchive.administrator)
        }
        try await archive.archive.close()
        archive.kill()
        var image = disk.image
        if self == .lostIndex {
            for suffix in ["", "-wal", "-journal"] { image.files[CrashArchive.folder.index + suffix] = nil }
        }
        var log = DiskLog(base: image)
        log.events = disk.log.acknowledgements.map { .acknowledged($0) }
        return Prepared(log: log, objects: objects)
    }

    /// Runs it without a fault and writes it down: all before it is durable.
    func record() async throws -> Recording {
        let prepared = try await prepare()
        let disk = SimulatedDisk(continuing: prepared.log)
        let archive = try await CrashArchive(on: disk, seed: 52)
        try await run(archive, prepared.objects)
        archive.kill()
        return Recording(name: rawValue, objects: prepared.objects, log: disk.log)
    }

    /// Runs it with a fault, kills the program, starts it again, and looks.
    func attempt(_ prepared: Prepared, _ fault: SimulatedDisk.Fault, _ index: Int) async throws -> FaultAttempt {
        let disk = SimulatedDisk(continuing: prepared.log)
        var attempt = FaultAttempt()
        if self == .rebuild || self == .lostIndex {
            disk.fail(fault)
            do {
                let wish = self == .rebuild ? IndexRebuild.wanted : .ifMissing
                try await CrashArchive(on: disk, seed: 52, rebuild: wish).kill()
            } catch {
                attempt.isRefused = true
            }
        } else {
            let archive = try await CrashArchive(on: disk, seed: 52)
            disk.fail(fault)
            do {
                try await run(archive, prepared.objects)
            } catch {
                attempt.isRefused = true
            }
            // Half of the programs are asked once more before they are killed: what is repeated must come to its end.
            if attempt.isRefused, index % 2 == 1 { await goOn(archive, prepared.objects) }
            archive.kill()
        }
        attempt.calls = disk.callCounts
        attempt.violations = try await ArchiveAfterFault(prepared.objects).violations(on: disk)
        return attempt
    }

    private func run(_ archive: CrashArchive, _ objects: [CrashObject]) async throws {
        let removal = archive.archive.removal
        let administrator = CrashArchive.administrator
        switch self {
        case .deletion:
            let study = ArchiveScope(studyInstanceUID: objects[0].study)
            let deletion = try await archive.delete(study, [0, 1, 2])
            try await archive.asking([0, 1, 2], then: .stored) {
                try await removal.restore(deletion, as: administrator)
            }
            try await removal.end(try await archive.delete(objects[1].scope, [1]), as: administrator)
            try await archive.archive.sealPacks(quietFor: .zero)
        case .compaction:
            for _ in 0..<3 {
                try await archive.archive.sealPacks(quietFor: .zero)
                let report = try await removal.compact(everything: true)
                guard report.failures == 0 else { throw ArchiveError(.unavailable, "a pack was not compacted") }
            }
        case .shredding:
            try await archive.asking([0, 1, 2], then: .shredded) {
                try await archive.archive.shredder.shred(objects[0].study, as: administrator)
            }
            _ = try await archive.archive.shredder.endEpoch(as: administrator)
        case .rotation:
            try await archive.archive.keys.rotate(as: administrator) { _ in }
            try await archive.archive.keys.destroy(version: 1, as: administrator)
        case .rootKey:
            _ = try await archive.archive.shredder.endEpoch(.renew(withoutEscrow: true), as: administrator)
        case .rebuild, .lostIndex: break
        }
    }

    /// Asks again; whatever is refused now is asked at another time.
    private func goOn(_ archive: CrashArchive, _ objects: [CrashObject]) async {
        do {
            if self == .shredding { try await archive.archive.shredder.resume() }
            try await run(archive, objects)
        } catch {
            // What was done is done, or the disk is not relied on any more.
        }
    }
}

extension CrashObject {
    /// This object alone.
    fileprivate var scope: ArchiveScope {
        ArchiveScope(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance)
    }
}
