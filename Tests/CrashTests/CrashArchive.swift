import AccessControl
import CatalogSQLite
import Logging
import NIOPosix
import PackStorage
import Platform
import Sealing
import TestKit

@testable import ArchiveServices
@testable import cassette

/// The whole archive over a simulated disk: packs, keyring, root key and database, opened as the program opens them.
final class CrashArchive: Sendable {
    static let folder = DataFolder("/data", workingDirectory: "/")
    static let administrator = Principal(.administrator)

    // Declared before the file system, so that it goes first: its connections use it.
    let open: OpenArchive
    let disk: SimulatedDisk
    let clock: ManualClock
    private let fileSystem: SimulatedFileSystem
    let host: ArchiveHost

    var archive: Archive { open.archive }

    /// Starts the archive on what the disk holds.
    ///
    /// - Parameter seed: Of all ids and keys; two starts on one disk need two.
    init(
        on disk: SimulatedDisk,
        seed: UInt64,
        rebuild: IndexRebuild = .ifMissing,
        clock: ManualClock = ManualClock(),
        acceptsNewRegistry: Bool = false,
        isRestoring: Bool = false,
        storage: StorageSettings = StorageSettings()
    ) async throws {
        self.disk = disk
        self.clock = clock
        fileSystem = try SimulatedFileSystem(disk)
        var host = ArchiveHost(disk: disk, random: SeededRandomSource(seed: seed), clock: clock)
        host.acceptsNewRegistry = acceptsNewRegistry
        host.isRestoring = isRestoring
        host.storage = storage
        host.removal.graceTime = .zero
        host.removal.smallPackCount = 1
        self.host = host
        var limits = ArchiveLimits()
        limits.packs = Self.packs
        limits.catalog.fileSystem = fileSystem.name
        limits.catalog.readers = 1
        // Small, so that a few objects make the log go over into the main file.
        limits.catalog.checkpointPages = 120
        limits.catalog.cacheBytes = 1 << 20
        try disk.makeDirectory(Self.folder.path)
        open = try await OpenArchive.open(
            Self.folder,
            Self.folder.defaultRootKey,
            rebuild,
            limits,
            host,
            .singleton,
            .silent
        )
    }

    private static var packs: PackConfiguration {
        var configuration = PackConfiguration()
        configuration.freeSpaceFloorLimit = 0
        configuration.packSizeLimit = 60_000
        configuration.openPacksPerWriter = 2
        configuration.writeLength = 40_000
        return configuration
    }

    /// Sends an object and writes into the log what its sender heard.
    @discardableResult
    func send(
        _ object: Int,
        of objects: [CrashObject],
        in session: IngestSession,
        failuresAreUncertain: Bool = false,
        meanwhile: (@Sendable () async -> Void)? = nil
    ) async -> IngestOutcome {
        let body = Arrival(bytes: objects[object].file, meanwhile: meanwhile)
        let outcome = await session.store(IncomingObject(form: .part10), body: body)
        switch outcome {
        case .stored, .alreadyStored: disk.note(Acknowledgement(object: object, answer: .stored))
        case .refused(let refusal):
            // After a failure of the disk nobody promises that the object does not come back.
            let isUncertain = failuresAreUncertain && [.storageFailed, .noSpace].contains(refusal.reason)
            disk.note(Acknowledgement(object: object, answer: isUncertain ? .sentAgain : .refused))
        }
        if object % 3 != 1 { await bringIndexUp() }
        return outcome
    }

    /// As the server's own task does all the time: sometimes one record, sometimes several in a transaction.
    private func bringIndexUp() async {
        do {
            try await archive.ingest.index.catchUp()
        } catch {
            // A failure of the disk that a test wants: the next object meets it, or the next start.
        }
    }

    /// Ends the process as `kill -9` does: whatever is still open changes the disk no more.
    func kill() { disk.powerOff() }
}

extension Logger {
    /// A logger that says nothing.
    static var silent: Logger { Logger(label: "crash") { _ in SwiftLogNoOpLogHandler() } }
}

extension CrashArchive {
    /// The packs of a disk, read by a store that recovers nothing; `nil` while there is no keyring.
    static func packStore(on disk: SimulatedDisk) async throws -> PackStore? {
        let pool = TestPool.shared
        let random = SeededRandomSource(seed: 99)
        let clock = ManualClock()
        guard try disk.exists(folder.keyrings[0] + "/keyring") || disk.exists(folder.keyrings[1] + "/keyring") else {
            return nil
        }
        let renewal = RootKeyRenewal(
            path: folder.defaultRootKey,
            dataDirectory: folder.path,
            disk: disk,
            pool: pool,
            random: random
        )
        let keyring = try await renewal.open { provider throws(KeyringError) in
            try await Keyring.open(
                directories: folder.keyrings,
                provider: provider,
                disk: disk,
                pool: pool,
                random: random,
                clock: clock
            )
        }
        return PackStore(
            directory: folder.packs,
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: random,
            clock: clock,
            logger: .silent
        )
    }
}
