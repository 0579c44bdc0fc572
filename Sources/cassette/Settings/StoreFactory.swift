import Logging
import NIOCore
import PackStorage
import Platform

/// Makes the stores of packs that the configuration describes: the only place that names their kinds.
struct StoreFactory: Sendable {
    let disk: any Disk
    let pool: WorkPool
    let random: any RandomSource
    let clock: any WallClock
    let logger: Logger

    /// The store of these settings.
    ///
    /// One that cannot be had now does not keep the archive from starting: all that is asked of it fails with the reason.
    ///
    /// - Parameter holdsPacks: Whether packs lie there already: then a folder must be the one that they were put into.
    func store(_ settings: StoreSettings, holdsPacks: Bool) -> NamedBlobStore {
        do {
            switch settings.place {
            case .folder(let path):
                try checkFolder(path, settings.name, holdsPacks: holdsPacks)
                let store = LocalBlobStore(directory: path, disk: disk, pool: pool, random: random)
                return NamedBlobStore(settings.name, store, isLocal: true)
            case .s3, .webDAV:
                throw CommandFailure("this build has no such stores")
            }
        } catch {
            logger.error(
                "a store cannot be reached; its packs cannot be read or moved until the next start",
                metadata: ["store": "\(settings.name)", LogKeys.error: "\(error)"]
            )
            return NamedBlobStore(settings.name, UnreachableBlobStore(reason: "\(error)"), isLocal: false)
        }
    }

    /// Marks a new folder, and refuses one that should have the mark: a volume that is not mounted leaves an empty folder,
    /// which would be filled up instead.
    private func checkFolder(_ path: String, _ name: StoreName, holdsPacks: Bool) throws {
        guard try disk.exists(path) else {
            throw CommandFailure("The folder \(path) of the store '\(name)' does not exist: mount it, or make it")
        }
        let mark = SmallFile(path: path + "/.cassette-store", disk: disk)
        if try mark.read() != nil { return }
        guard !holdsPacks else {
            throw CommandFailure(
                "The folder \(path) is not the one that holds the packs of the store '\(name)': mount its volume"
            )
        }
        try mark.write("cassette store \(name)\n")
    }
}

/// Stands for a store that could not be made.
struct UnreachableBlobStore: BlobStore {
    let reason: String

    private var failure: BlobStoreError { BlobStoreError(.unavailable, reason) }

    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) { throw failure }

    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer { throw failure }

    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? { throw failure }

    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) { throw failure }

    func delete(_ key: BlobKey) async throws(BlobStoreError) { throw failure }

    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        throw failure
    }
}
