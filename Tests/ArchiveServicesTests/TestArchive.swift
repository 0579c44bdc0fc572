import AccessControl
import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCoding
import DICOMCore
import Foundation
import Logging
import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit

/// An archive over real stores in a folder of its own; the folder goes when the archive does.
final class TestArchive: Sendable {
    let archive: Archive
    let recovery: RecoveryReport
    let folder: TestFolder
    let catalog: SQLiteCatalog
    /// What the archive takes for its catalog.
    let front: FailingCatalog
    let registry: SQLiteRegistry
    let packs: PackStore
    let keyring: Keyring
    let codec = TestCodec()

    /// Opens the archive in `folder`, as a start of the server would.
    init(
        in folder: TestFolder = TestFolder(),
        disk: any Disk = PosixDisk(),
        clock: ManualClock = ManualClock(),
        removal: RemovalConfiguration = RemovalConfiguration(),
        destroyer: (any PackDestroying)? = nil,
        failingInserts: Int = 0,
        failureCode: CatalogError.Code = .failed,
        assuming assumed: AssumedCharacterSets = .none,
        pool: WorkPool = TestPool.shared,
        logger: Logger = .silent
    ) async throws {
        self.folder = folder
        let random = SystemRandomSource()
        keyring = try await Self.openKeyring(in: folder, disk: disk, pool: pool, random: random, clock: clock)
        var configuration = PackConfiguration()
        configuration.freeSpaceFloorLimit = 0
        packs = PackStore(
            directory: folder.path + "/packs",
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: random,
            clock: clock,
            logger: .silent,
            configuration: configuration
        )
        catalog = try await SQLiteCatalog.open(
            path: folder.path + "/index.sqlite",
            key: Array(repeating: 7, count: 32),
            pool: pool
        )
        registry = try await SQLiteRegistry.open(
            path: folder.path + "/registry.sqlite",
            key: Array(repeating: 8, count: 32),
            disk: PosixDisk(),
            pool: pool
        )
        front = FailingCatalog(catalog, failures: failingInserts, code: failureCode)
        archive = Archive(
            on: ArchiveFoundation(
                packs: packs,
                keyring: keyring,
                catalog: front,
                registry: registry,
                clock: clock,
                assumedCharacterSets: assumed,
                logger: logger
            ),
            removal: RemovalSetup(configuration: removal, destroyer: destroyer),
            limits: DataSetLimits(),
            pixels: PixelSetup(codec: codec, pool: TestPool.shared)
        )
        recovery = try await archive.recover()
    }

    private static func openKeyring(
        in folder: TestFolder,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        clock: ManualClock
    ) async throws -> Keyring {
        let provider = FileRootKeyProvider(
            disk: PosixDisk(),
            pool: pool,
            path: folder.path + ".keys/root.key",
            random: random,
            refusingUnder: folder.path
        )
        return try await Keyring.open(
            directories: [folder.path + "/keyring", folder.path + "/keyring-mirror"],
            provider: provider,
            disk: disk,
            pool: pool,
            random: random,
            clock: clock
        )
    }

    static let administrator = Principal(.administrator)

    /// Stores one object in a session of its own.
    func store(_ object: TestObject, as principal: Principal = administrator) async throws -> IngestOutcome {
        let session = try archive.ingest.openSession(for: principal)
        let outcome = await session.store(IncomingObject(form: .part10), body: Pieces(try object.part10()))
        await session.close()
        return outcome
    }

    /// The stored Part 10 bytes of an instance.
    func payload(_ object: TestObject) async throws -> [UInt8] {
        let instance = try await instance(object)
        var bytes: [UInt8] = []
        for try await chunk in try await archive.retrieve.payload(of: instance, as: Self.administrator) {
            bytes.append(contentsOf: chunk.readableBytesView)
        }
        return bytes
    }

    func instance(_ object: TestObject) async throws -> ArchivedInstance {
        let scope = RetrieveScope(
            studyInstanceUID: object.study,
            seriesInstanceUID: object.series,
            sopInstanceUID: object.instance
        )
        let page = try await archive.retrieve.instances(
            in: scope,
            as: Self.administrator,
            limit: 1,
            includesHeader: true
        )
        guard let first = page.first else { throw ArchiveError(.notFound, "no such instance") }
        return first
    }
}

extension Logger {
    /// A logger that says nothing.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A new folder under the temporary directory, removed with its keys when the last reference goes.
final class TestFolder: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "cassette-" + RandomID(random: SystemRandomSource()).hex
        try? PosixDisk().makeDirectory(path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.removeItem(atPath: path + ".keys")
    }
}

/// Bytes in pieces, as a network brings them; may break off.
struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    struct BrokenOff: Error {}

    let bytes: ByteBuffer
    var length = 700
    var breaksOffAfter: Int?

    init(_ bytes: ByteBuffer, of length: Int = 700, breakingOffAfter limit: Int? = nil) {
        self.bytes = bytes
        self.length = length
        breaksOffAfter = limit
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(rest: bytes, length: length, allowance: breaksOffAfter)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer
        let length: Int
        var allowance: Int?

        mutating func next() async throws -> ByteBuffer? {
            if let left = allowance, left <= 0 { throw BrokenOff() }
            allowance = allowance.map { $0 - length }
            return rest.readableBytes == 0 ? nil : rest.readSlice(length: Swift.min(length, rest.readableBytes))
        }
    }
}
