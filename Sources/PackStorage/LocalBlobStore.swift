public import NIOCore
public import Platform
import Synchronization

/// Blobs as files of one folder.
///
/// A blob is written under a temporary name, synced, renamed, and its directory synced. One process owns the folder.
public final class LocalBlobStore: BlobStore {
    /// Cannot collide with a blob: no component of a key begins with a dot.
    private static let incomingName = ".incoming"

    private let directory: String
    private let disk: any Disk
    private let pool: WorkPool
    private let random: any RandomSource
    private let files: Mutex<LRUCache<BlobKey, any DiskFile>>
    private let keysInWork = KeysInWork()

    /// Makes a store over a folder, which is made when it is first needed.
    public init(
        directory: String,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        openFileLimit: Int = 128
    ) {
        self.directory = directory
        self.disk = disk
        self.pool = pool
        self.random = random
        files = Mutex(LRUCache(limit: openFileLimit))
    }

    /// Stores a new blob; when this returns, it is durable and whole.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await keysInWork.run(key) { () async throws(BlobStoreError) in
            let temporary = directory + "/" + Self.incomingName + "/" + RandomID(random: random).hex
            do {
                let file = try await create(temporary, for: key)
                try await copy(source, to: file)
                try await publish(file, from: temporary, as: key)
            } catch {
                removeTemporary(temporary)
                throw BlobStoreError(error)
            }
        }
    }

    /// Reads a range; fewer bytes only at the end of the blob.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        guard UInt64(range.count) <= BlobStoreLimits.rangeLength else {
            throw BlobStoreError(.rangeTooLong, "one read returns at most 16 MiB")
        }
        do {
            return try await pool.run { try self.file(key).read(at: range.lowerBound, count: range.count) }
        } catch {
            throw BlobStoreError(error)
        }
    }

    /// The size; files are always online, and no digest is kept with them.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        do {
            return try await pool.run {
                try self.disk.exists(self.path(key)) ? BlobStatus(size: self.file(key).size()) : nil
            }
        } catch {
            throw BlobStoreError(error)
        }
    }

    /// Does nothing to a blob that is there.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        guard try await status(key) != nil else { throw BlobStoreError(.notFound, "there is no such blob") }
    }

    /// Removes a blob durably; one that is not there is fine.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        do {
            try await pool.run {
                self.files.withLock { $0.remove(key) }
                guard try self.disk.exists(self.path(key)) else { return }
                try self.disk.unlink(self.path(key))
                try self.disk.syncDirectory(self.parent(key))
            }
        } catch {
            throw BlobStoreError(error)
        }
    }

    /// The blobs whose keys begin with `prefix` and come after `after`, sorted by key.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        do {
            return try await pool.run {
                var walk = BlobWalk(prefix: prefix, after: after)
                var entries: [BlobEntry] = []
                while entries.count < max(1, limit), let step = walk.next() {
                    switch step {
                    case .found(let entry): entries.append(entry)
                    case .look(let folder): walk.show(try self.names(in: folder), in: folder)
                    }
                }
                return entries
            }
        } catch {
            throw BlobStoreError(error)
        }
    }

    /// Removes what a process that was killed left unfinished; call at start, before the first `put`.
    public func removeUnfinished() async throws(BlobStoreError) {
        do {
            try await pool.run {
                let incoming = self.directory + "/" + Self.incomingName
                guard try self.disk.exists(incoming) else { return }
                for entry in try self.disk.list(incoming) { try self.disk.unlink(incoming + "/" + entry.name) }
                try self.disk.syncDirectory(incoming)
            }
        } catch {
            throw BlobStoreError(error)
        }
    }

    /// The open file of a blob, for work that is on the pool already.
    func file(_ key: BlobKey) throws(DiskError) -> any DiskFile {
        if let file = files.withLock({ $0.value(for: key) }) { return file }
        let file = try disk.open(path(key), .read)
        files.withLock { $0.insert(file, for: key) }
        return file
    }

    /// Drops the open file of a blob whose name another file has taken.
    func forget(_ key: BlobKey) {
        files.withLock { $0.remove(key) }
    }

    /// Takes a file of the same volume over by renaming it.
    ///
    /// Durable only after ``syncDirectory(of:)``.
    func adopt(_ path: String, as key: BlobKey) throws(DiskError) {
        guard try !disk.exists(self.path(key)) else { throw DiskError(.exists, operation: "adopt") }
        try disk.makeDirectory(parent(key))
        try disk.rename(path, to: self.path(key))
    }

    /// Makes the name of a blob durable.
    func syncDirectory(of key: BlobKey) throws(DiskError) {
        try disk.syncDirectory(parent(key))
    }

    private func create(_ temporary: String, for key: BlobKey) async throws -> any DiskFile {
        try await pool.run {
            guard try !self.disk.exists(self.path(key)) else {
                throw BlobStoreError(.exists, "a blob of this key exists already")
            }
            try self.disk.makeDirectory(self.directory + "/" + Self.incomingName)
            return try self.disk.open(temporary, .createNew)
        }
    }

    /// Writes a source, and compares what was written with the digest that it promises.
    private func copy(_ source: BlobSource, to file: any DiskFile) async throws {
        var digest = BlobDigest()
        var offset: UInt64 = 0
        for try await bytes in source.chunks() {
            let (position, before) = (offset, digest)
            digest = try await pool.run {
                var digest = before
                digest.update(bytes)
                try file.write(bytes, at: position)
                return digest
            }
            offset += UInt64(bytes.readableBytes)
        }
        guard digest.value == source.sha256 else {
            throw BlobStoreError(.corrupt, "the bytes of the blob do not have the digest that its source promises")
        }
    }

    private func publish(_ file: any DiskFile, from temporary: String, as key: BlobKey) async throws {
        try await pool.run {
            try file.synchronize()
            try file.close()
            try self.disk.makeDirectory(self.parent(key))
            try self.disk.rename(temporary, to: self.path(key))
            try self.disk.syncDirectory(self.parent(key))
        }
    }

    /// Runs on the caller's thread: after a cancellation the pool takes no more work of this task.
    private func removeTemporary(_ temporary: String) {
        do {
            try disk.unlink(temporary)
        } catch {
            // It may never have been made, or is renamed already; a left-over is found by its folder.
        }
    }

    private func names(in folder: String) throws(DiskError) -> [BlobWalk.Name] {
        do {
            return try disk.list(directory + "/" + folder).map {
                BlobWalk.Name($0.name, size: $0.size, isFolder: $0.isDirectory)
            }
        } catch let error {
            // Nothing was stored yet, or the folder went while others were read.
            guard error.code == .notFound else { throw error }
            return []
        }
    }

    private func path(_ key: BlobKey) -> String { directory + "/" + key.text }

    private func parent(_ key: BlobKey) -> String {
        let path = path(key)
        guard let slash = path.lastIndex(of: "/") else { return directory }
        return String(path[..<slash])
    }
}
