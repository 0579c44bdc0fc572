import ArchiveServices
import NIOPosix
import PackStorage
import Platform
import Sealing
import TestKit

@testable import cassette

/// Backups on the simulated disk, and what a restore of them gives.
struct BackupCrash: Sendable {
    static let place = "/backup"

    let objects: [CrashObject]

    init() throws {
        objects = try [
            CrashObject(study: 1, number: 1), CrashObject(study: 1, number: 2, frames: 300),
            CrashObject(study: 2, number: 1), CrashObject(study: 1, number: 3), CrashObject(study: 3, number: 1),
        ]
    }

    /// Takes a backup of an archive on its own disk.
    @discardableResult
    func backUp(_ archive: CrashArchive, seed: UInt64) async throws -> BackupReport {
        let store = Self.store(archive.disk, seed: seed)
        try await store.removeUnfinished()
        return try await archive.open.backups.backUp(as: CrashArchive.administrator, to: store)
    }

    /// An archive with a backup of three objects, and two more objects that the backup at hand is to bring.
    func prepared(seed: UInt64) async throws -> CrashArchive {
        let archive = try await CrashArchive(on: SimulatedDisk(), seed: seed)
        try await send(0..<3, to: archive)
        try await backUp(archive, seed: seed + 1)
        try await send(3..<5, to: archive)
        return archive
    }

    func send(_ numbers: Range<Int>, to archive: CrashArchive) async throws {
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        for object in numbers { await archive.send(object, of: objects, in: session) }
        await session.close()
    }

    /// What is wrong with an archive that is restored from the backups of a disk.
    ///
    /// - Parameter known: Objects that must be there.
    func violations(restoring disk: SimulatedDisk, _ known: Range<Int>, seed: UInt64) async throws -> [String] {
        let key = CrashArchive.folder.defaultRootKey
        var image = DiskImage(files: [:], directories: ["/", "/data.keys"])
        image.files[key] = disk.image.files[key]
        let target = SimulatedDisk(image)
        let reader = try await reader(of: disk, keyOn: target, seed: seed)
        let folder = Self.target
        let manifest = try await reader.backup()
        try await reader.claim(folder, for: manifest)
        _ = try await reader.restore(manifest, into: folder)
        let restored = try await CrashArchive(on: target, seed: seed + 2)
        try await reader.finish(folder)
        let answers = Dictionary(uniqueKeysWithValues: known.map { ($0, Acknowledgement.Answer.stored) })
        var texts = try await CrashChecker(objects: objects).violations(of: restored, answers)
        if try await restored.archive.content() != manifest.content { texts.append("the content is not the backup's") }
        restored.kill()
        return texts.map { "restored: " + $0 }
    }

    static let target = RestoreFolder(
        path: CrashArchive.folder.path,
        packs: CrashArchive.folder.packs,
        keyrings: CrashArchive.folder.keyrings
    )

    /// Opens the backups of a disk with the root key that lies on another one, or the same.
    func reader(of disk: SimulatedDisk, keyOn target: SimulatedDisk, seed: UInt64) async throws -> BackupReader {
        let provider = FileRootKeyProvider(
            disk: target,
            pool: TestPool.shared,
            path: CrashArchive.folder.defaultRootKey,
            random: SeededRandomSource(seed: seed),
            refusingUnder: CrashArchive.folder.path
        )
        return try await BackupReader(
            Self.store(disk, seed: seed),
            rootKey: provider,
            keyrings: ["/scratch-\(seed)/keyring", "/scratch-\(seed)/mirror"],
            disk: target,
            pool: TestPool.shared,
            random: SeededRandomSource(seed: seed + 1),
            clock: ManualClock()
        )
    }

    private static func store(_ disk: any Disk, seed: UInt64) -> LocalBlobStore {
        LocalBlobStore(
            directory: place,
            disk: disk,
            pool: TestPool.shared,
            random: SeededRandomSource(seed: seed)
        )
    }
}
