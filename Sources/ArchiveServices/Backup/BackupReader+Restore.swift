import Crypto
import NIOCore
import PackStorage
import Platform
import Sealing

extension BackupReader {
    /// Packs in flight at once.
    private static let width = 3

    private enum Restored: Sendable {
        case pack(UInt64)
        case keyless(UInt64)
        case lost
    }

    /// Whether a folder may be restored into: empty, or left by a restore of the same backup.
    ///
    /// - Throws: `.notEmpty`.
    public func claim(_ folder: RestoreFolder, for manifest: BackupManifest) async throws {
        let (disk, name) = (disk, manifest.header.backupID.hex)
        try await onDisk {
            try disk.makeDirectory(folder.path)
            if try disk.exists(folder.mark) {
                let mark = try disk.open(folder.mark, .read).read(at: 0, count: 64)
                guard String(buffer: mark) == name else {
                    throw BackupError(
                        .notEmpty,
                        "A restore of another backup into \(folder.path) was interrupted: remove the folder first"
                    )
                }
                return
            }
            // A mark that was not finished is nothing that anybody has put there.
            let ignored = folder.ignored.union([RestoreFolder.markName + ".new"])
            let entries = try disk.list(folder.path).filter { !ignored.contains($0.name) }
            guard entries.isEmpty else {
                throw BackupError(.notEmpty, "\(folder.path) is not empty: a backup is restored into a new folder")
            }
            try disk.writeWhole(ByteBuffer(string: name), to: folder.mark)
            try disk.syncDirectory(folder.path)
        }
    }

    /// Brings keyring, packs and small files into a folder that was claimed; what an interrupted restore has brought is
    /// read back and kept.
    ///
    /// The index is to be made from the packs afterwards; then ``finish(_:)``.
    public func restore(
        _ manifest: BackupManifest,
        into folder: RestoreFolder,
        progress: (BackupProgress) async throws -> Void = { _ in }
    ) async throws -> RestoreReport {
        let (disk, bundle) = (disk, bundle)
        try await onDisk { try bundle.write(to: folder.keyrings, disk: disk) }
        let store = LocalBlobStore(directory: folder.packs, disk: disk, pool: pool, random: random)
        var report = RestoreReport(manifest)
        var state = BackupProgress()
        state.packCount = manifest.packs.count
        state.bytesToCopy = manifest.packBytes
        try await withThrowingTaskGroup(of: Restored.self) { group in
            var waiting = manifest.packs[...]
            for _ in 0..<Self.width {
                if let next = waiting.popFirst() { group.addTask { try await restore(next, into: store) } }
            }
            while let done = try await group.next() {
                if let next = waiting.popFirst() { group.addTask { try await restore(next, into: store) } }
                state.packs += 1
                switch done {
                case .pack(let length):
                    report.packs += 1
                    report.bytes &+= length
                    state.copiedBytes &+= length
                case .keyless(let instances):
                    report.keylessPacks += 1
                    report.keylessInstances &+= instances
                case .lost: report.lostPacks += 1
                }
                try await progress(state)
            }
        }
        for file in manifest.files { try await restore(file, into: folder) }
        return report
    }

    /// Takes the mark away: the folder is an archive now.
    public func finish(_ folder: RestoreFolder) async throws {
        let disk = disk
        try await onDisk {
            if try disk.exists(folder.mark) { try disk.unlink(folder.mark) }
            try disk.syncDirectory(folder.path)
        }
    }

    /// The sealed bytes of a pack, from its blob; a store that gives others back is found out when they are hashed.
    private func restore(_ pack: BackupManifest.Pack, into store: LocalBlobStore) async throws -> Restored {
        let identity = try await identity(of: pack)
        guard try keyring.existingStudyKey(identity.studyKeyID, generation: identity.keyGeneration) != nil else {
            // Only what the keyring tells of was shredded on purpose.
            let isRemoved = keyring.isRemoved(identity.studyKeyID, generation: identity.keyGeneration)
            return isRemoved ? .keyless(pack.instances) : .lost
        }
        let id = pack.extent.packID.hex
        let key = try BackupVault.key(pack.extent.isSealed ? "\(id.prefix(2))/\(id).pack" : "open/\(id)")
        do throws(BlobStoreError) {
            if let status = try await store.status(key) {
                let there = BlobSource(key, in: store, length: status.size, sha256: pack.sha256)
                if status.size == pack.extent.length,
                    try await there.digest(of: 0..<status.size) == pack.sha256
                {
                    return .pack(status.size)
                }
                try await store.delete(key)
            }
            let source = BlobSource(pack.key, in: vault.blobs, length: pack.extent.length, sha256: pack.sha256)
            try await store.put(key, source)
        } catch {
            throw restoreError(error, id)
        }
        return .pack(pack.extent.length)
    }

    private func restoreError(_ error: BlobStoreError, _ id: String) -> BackupError {
        switch error.code {
        case .corrupt, .notFound: BackupError.damaged("Pack \(id) of the backup")
        default: BackupError(error)
        }
    }

    /// Which key opens a pack.
    private func identity(of pack: BackupManifest.Pack) async throws -> PackIdentity {
        do {
            let beginning = try await vault.blobs.get(pack.key, range: 0..<UInt64(PackIdentity.length))
            let identity = try PackIdentity(beginning: beginning)
            guard identity.packID == pack.extent.packID else { throw PackError(.malformedPack) }
            return identity
        } catch let error as BlobStoreError {
            throw restoreError(error, pack.extent.packID.hex)
        } catch {
            throw BackupError.damaged("Pack \(pack.extent.packID.hex) of the backup")
        }
    }

    private func restore(_ file: BackupManifest.File, into folder: RestoreFolder) async throws {
        guard BlobName.isPlain(file.name) else { throw BackupError.damaged("The name of a file of the backup") }
        // The sealed form is longer by its header and a little for each segment.
        let sealed = try await vault.read(file.key, limit: file.length + file.length / 64 + 65_536)
        let bytes = try seal.open(sealed, id: file.id, purpose: BackupVault.filePurpose + "/" + file.name)
        guard UInt64(bytes.readableBytes) == file.length, bytes.sha256 == file.sha256 else {
            throw BackupError.damaged("The file \(file.name) of the backup")
        }
        let disk = disk
        try await onDisk {
            try disk.writeWhole(bytes, to: folder.path + "/" + file.name)
            try disk.syncDirectory(folder.path)
        }
    }

    /// Runs blocking work on the pool.
    private func onDisk<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await pool.run(body)
        } catch let error as DiskError {
            throw BackupError(.disk, "The folder that is restored into: \(error)")
        }
    }
}
