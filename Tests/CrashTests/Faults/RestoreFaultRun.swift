import ArchiveServices
import Platform
import TestKit

@testable import cassette

/// Restores a backup on a disk of which one call fails, then again on one that works.
struct RestoreFaultRun: Sendable {
    private let crash: BackupCrash
    /// The backup and the root key, nothing else.
    private let image: DiskImage

    init() async throws {
        crash = try BackupCrash()
        let archive = try await crash.prepared(seed: 400)
        try await crash.backUp(archive, seed: 410)
        archive.kill()
        let key = CrashArchive.folder.defaultRootKey
        var image = DiskImage(files: [:], directories: ["/", "/data.keys"])
        let whole = archive.disk.image
        image.files = whole.files.filter { $0.key.hasPrefix(BackupCrash.place + "/") || $0.key == key }
        image.directories.formUnion(whole.directories.filter { $0.hasPrefix(BackupCrash.place) })
        self.image = image
    }

    func attempt(_ fault: SimulatedDisk.Fault, _ index: Int) async throws -> FaultAttempt {
        let disk = SimulatedDisk(image)
        let folder = BackupCrash.target
        var attempt = FaultAttempt()
        disk.fail(fault)
        do {
            attempt.violations += try await restore(on: disk, seed: 420)
        } catch {
            attempt.isRefused = true
        }
        attempt.calls = disk.callCounts
        disk.powerOff()
        let next = SimulatedDisk(continuing: disk.log)
        do {
            let isMarked = try next.exists(folder.path + "/" + RestoreFolder.markName)
            let isBegun = try next.exists(folder.path) && !next.list(folder.path).isEmpty
            // A folder without the mark is an archive for every start: then it must be the whole one.
            if isMarked || !isBegun || !attempt.isRefused {
                guard attempt.isRefused else { return attempt }
                attempt.violations += try await restore(on: next, seed: 430).map { "again: " + $0 }
            } else if try next.exists(CrashArchive.folder.packs) {
                attempt.violations += try await look(next, seed: 440).map { "unmarked: " + $0 }
            } else {
                attempt.violations += try await restore(on: next, seed: 450).map { "again: " + $0 }
            }
        } catch {
            next.powerOff()
            attempt.violations.append("the next restore: \(error)")
        }
        return attempt
    }

    /// As `cassette restore` does it.
    private func restore(on disk: SimulatedDisk, seed: UInt64) async throws -> [String] {
        let reader = try await crash.reader(of: disk, keyOn: disk, seed: seed)
        let manifest = try await reader.backup()
        try await reader.claim(BackupCrash.target, for: manifest)
        _ = try await reader.restore(manifest, into: BackupCrash.target)
        let archive = try await CrashArchive(on: disk, seed: seed + 2, isRestoring: true)
        do {
            guard try await archive.archive.content() == manifest.content else {
                archive.kill()
                return ["the content is not the backup's"]
            }
            try await archive.archive.close()
        } catch {
            archive.kill()
            throw error
        }
        try await reader.finish(BackupCrash.target)
        return try await look(SimulatedDisk(continuing: disk.log), seed: seed + 3)
    }

    private func look(_ disk: SimulatedDisk, seed: UInt64) async throws -> [String] {
        let archive = try await CrashArchive(on: disk, seed: seed)
        let all = Dictionary(uniqueKeysWithValues: (0..<5).map { ($0, Acknowledgement.Answer.stored) })
        let texts = try await CrashChecker(objects: crash.objects).violations(of: archive, all)
        archive.kill()
        return texts
    }
}
