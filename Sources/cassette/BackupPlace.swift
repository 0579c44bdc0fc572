import ArchiveServices
import Glibc
import Logging
import PackStorage
import Platform

/// Where backups go, as typed: a folder, a part of a configured store (`store:cold`), or of a configured bucket
/// (`s3://bucket/prefix`).
struct BackupPlace: Sendable {
    private enum Kind: Sendable {
        case folder(String)
        case store(StoreSettings, prefix: String)
    }

    private let kind: Kind
    /// The place for people, and for the server.
    let text: String

    /// What a server is told: a folder is named by its absolute path, because the server runs elsewhere.
    static func absolute(_ typed: String) -> String {
        guard !typed.hasPrefix("store:"), !typed.hasPrefix("s3://") else { return typed }
        return DataFolder(typed, workingDirectory: Environment.workingDirectory).path
    }

    /// Finds out what is meant.
    ///
    /// - Parameter standardPrefix: Where in a store it lies when nothing is said.
    /// - Throws: When no store of that name or bucket is configured.
    init(_ typed: String, storage: StorageSettings, standardPrefix: String = "backup/") throws {
        text = Self.absolute(typed)
        if typed.hasPrefix("store:") {
            let name = typed.dropFirst(6)
            guard let store = storage.stores.first(where: { $0.name.text == name }) else {
                throw CommandFailure(
                    "No store '\(name)' is configured: describe it under `stores:` in the configuration"
                )
            }
            kind = .store(store, prefix: standardPrefix)
        } else if typed.hasPrefix("s3://") {
            kind = try Self.bucket(String(typed.dropFirst(5)), storage, standardPrefix)
        } else {
            kind = .folder(text)
        }
    }

    /// A bucket is reached as the configured store that lies in it, whose credentials are known.
    private static func bucket(_ path: String, _ storage: StorageSettings, _ standardPrefix: String) throws -> Kind {
        let bucket = path.prefix { $0 != "/" }
        let rest = path.dropFirst(bucket.count + 1)
        for store in storage.stores {
            guard case .s3(let settings) = store.place, settings.bucket == bucket, rest.hasPrefix(settings.prefix)
            else {
                continue
            }
            let prefix = rest.dropFirst(settings.prefix.count)
            guard !prefix.isEmpty else { return .store(store, prefix: standardPrefix) }
            return .store(store, prefix: prefix.hasSuffix("/") ? String(prefix) : prefix + "/")
        }
        throw CommandFailure(
            "No configured store lies in the bucket '\(bucket)' with that prefix: describe it under `stores:` with "
                + "`kind: s3`, which says where it is and who may use it"
        )
    }

    /// Opens the place for reading.
    func existing(disk: any Disk) throws -> any BlobStore {
        if case .folder(let path) = kind, try !disk.exists(path) { throw CommandFailure("There is no folder \(path)") }
        return try store(disk)
    }

    /// Opens the place for a backup; a folder that is not there is made.
    ///
    /// - Throws: When it lies in the data folder, which it is to outlive, or holds the root key, which no backup may.
    func writable(for folder: DataFolder, rootKeyPath: String, disk: any Disk) throws -> any BlobStore {
        if case .folder(let path) = kind {
            try disk.makeDirectory(path)
            let place = try disk.resolve(path)
            let data = try disk.resolve(folder.path)
            guard !Self.lies(place, in: data), !Self.lies(data, in: place) else {
                throw CommandFailure("A backup must outlive its archive: choose a place outside of \(folder.path)")
            }
            if try disk.exists(rootKeyPath), Self.lies(try disk.resolve(rootKeyPath), in: place) {
                throw CommandFailure(
                    "The root key lies in \(path), and whoever has both opens everything: keep the key elsewhere"
                )
            }
            guard try !disk.exists(path + "/.cassette-store") else {
                throw CommandFailure(
                    "\(path) is a store of packs: put backups into a folder of their own, or beside it"
                )
            }
        }
        return try store(disk)
    }

    private func store(_ disk: any Disk) throws -> any BlobStore {
        let random = SystemRandomSource()
        switch kind {
        case .folder(let path):
            let pool = FolderThreads.shared.pool(of: path)
            return LocalBlobStore(directory: path, disk: disk, pool: pool, random: random)
        case .store(let settings, let prefix):
            let factory = StoreFactory(disk: disk, random: random, clock: SystemWallClock(), logger: .quiet)
            let store = factory.store(settings, holdsPacks: false).store
            guard let part = PrefixedBlobStore(store, prefix: prefix) else {
                throw CommandFailure("'\(prefix)' is no prefix of keys: use small letters, digits, '-', '_' and '.'")
            }
            return part
        }
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }
}
