import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Logging
import NIOCore
import PackStorage
import Platform
import Sealing
import StoreTestKit
import TestKit
import Testing

@testable import ArchiveServices

/// An archive, a store of backups in memory, and what it takes to bring one back.
final class BackupBench: Sendable {
    let live: TestArchive
    let store = MemoryBlobStore()
    let clock = ManualClock()

    init() async throws {
        live = try await TestArchive(clock: clock)
    }

    var service: BackupService { service(of: live) }

    func service(of archive: TestArchive) -> BackupService {
        archive.archive.backups(
            from: BackupSource(
                rootKey: "file:" + archive.folder.path + ".keys/root.key",
                files: { [(name: "registry.sqlite", bytes: ByteBuffer(string: "rows"))] }
            ),
            disk: PosixDisk(),
            pool: TestPool.shared,
            random: SystemRandomSource(),
            clock: clock
        )
    }

    @discardableResult
    func backUp() async throws -> BackupReport {
        try await service.backUp(as: TestArchive.administrator, to: store)
    }

    /// Opens the backups with the root key of the archive, or another one.
    func reader(rootKey path: String? = nil, scratch: TestFolder = TestFolder()) async throws -> BackupReader {
        try await BackupReader(
            store,
            rootKey: FileRootKeyProvider(
                disk: PosixDisk(),
                pool: TestPool.shared,
                path: path ?? live.folder.path + ".keys/root.key",
                random: SystemRandomSource(),
                refusingUnder: nil
            ),
            keyrings: [scratch.path + "/keyring", scratch.path + "/mirror"],
            disk: PosixDisk(),
            pool: TestPool.shared,
            random: SystemRandomSource(),
            clock: clock
        )
    }

    static func target(_ folder: TestFolder) -> RestoreFolder {
        RestoreFolder(
            path: folder.path,
            packs: folder.path + "/packs",
            keyrings: [folder.path + "/keyring", folder.path + "/keyring-mirror"]
        )
    }

    /// Restores the newest backup, or the one of a time, and returns its rows, made from the packs.
    func restoredRows(at time: Timestamp? = nil, into folder: TestFolder = TestFolder()) async throws -> RestoredRows {
        let scratch = TestFolder()
        let reader = try await reader(scratch: scratch)
        let manifest = try await reader.backup(at: time)
        try await reader.claim(Self.target(folder), for: manifest)
        let report = try await reader.restore(manifest, into: Self.target(folder))
        let packs = PackStore(
            directory: folder.path + "/packs",
            disk: PosixDisk(),
            pool: TestPool.shared,
            keyring: reader.keyring,
            random: SystemRandomSource(),
            clock: clock,
            logger: .silent
        )
        let catalog = try await SQLiteCatalog.open(
            path: folder.path + "/index.sqlite",
            key: Array(repeating: 9, count: 32),
            pool: TestPool.shared
        )
        let recovery = try await Archive.rebuild(catalog, from: packs, keyring: reader.keyring, logger: .silent)
        let rows = try await catalog.allInstances(after: nil, limit: 1_000)
        var payloads: [UID: ByteBuffer] = [:]
        for row in rows {
            payloads[row.path.sopInstanceUID] = try await packs.read(
                RecordLocation(row.location),
                context: PayloadContext.bytes(of: row),
                range: 0..<row.location.payloadLength
            )
        }
        try await catalog.close()
        try await reader.finish(Self.target(folder))
        return RestoredRows(report: report, recovery: recovery, rows: rows, payloads: payloads)
    }
}

/// What a restore brought back.
struct RestoredRows {
    let report: RestoreReport
    let recovery: RecoveryReport
    let rows: [InstanceRecord]
    let payloads: [UID: ByteBuffer]
}

extension TestObject {
    /// An object of a study of its own.
    init(study: Int, number: Int) throws {
        self.init()
        self.study = try #require(UID("1.2.9.\(study)"))
        series = try #require(UID("1.2.9.\(study).1"))
        instance = try #require(UID("1.2.9.\(study).1.\(number)"))
        patientID = "P\(study)"
        self.number = number
    }
}
