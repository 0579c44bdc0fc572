import ArchiveServices
import Foundation
import NIOPosix
import PackStorage
import Platform
import Sealing

/// Opens the backups of a place for commands that need no archive: with the backups' own keyring, and the root key.
struct BackupReading {
    let place: BackupPlace
    let rootKeyPath: String
    /// A folder that must not hold the root key.
    let protectedFolder: String?

    /// Runs `body` on the backups.
    func with<Result>(_ body: (BackupReader, WorkPool) async throws -> Result) async throws -> Result {
        let threads = NIOThreadPool(numberOfThreads: 6)
        threads.start()
        let scratch =
            FileManager.default.temporaryDirectory.path + "/cassette-" + RandomID(random: SystemRandomSource()).hex
        do {
            let result = try await open(WorkPool(threads: threads), scratch, body)
            try? FileManager.default.removeItem(atPath: scratch)
            try await threads.shutdownGracefully()
            return result
        } catch {
            try? FileManager.default.removeItem(atPath: scratch)
            try await threads.shutdownGracefully()
            throw error
        }
    }

    private func open<Result>(
        _ pool: WorkPool,
        _ scratch: String,
        _ body: (BackupReader, WorkPool) async throws -> Result
    ) async throws -> Result {
        let disk = PosixDisk()
        let random = SystemRandomSource()
        let provider = try RootKeySetting.remembered(besides: rootKeyPath, disk: disk).provider(
            rootKeyPath: rootKeyPath,
            dataDirectory: protectedFolder ?? scratch,
            host: ArchiveHost(),
            pool: pool
        )
        let reader = try await BackupReader(
            place.existing(disk: disk),
            rootKey: provider,
            keyrings: [scratch + "/keyring", scratch + "/keyring-mirror"],
            disk: disk,
            pool: pool,
            random: random,
            clock: SystemWallClock()
        )
        return try await body(reader, pool)
    }
}
