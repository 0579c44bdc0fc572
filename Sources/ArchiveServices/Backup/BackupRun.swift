import ArchiveCatalog
import Crypto
import Logging
import NIOCore
import PackStorage
import Platform
import Sealing

/// One backup, from the list of packs to its manifest.
struct BackupRun: Sendable {
    /// Packs in flight at once: while one waits for the store, another is read.
    private static let width = 3

    private struct Copied: Sendable {
        let extent: PackExtent
        let outcome: Outcome
    }

    private enum Outcome: Sendable {
        case copied([UInt8])
        case unreadable(String)
    }

    let service: BackupService
    let vault: BackupVault
    let backupSeal: BackupSeal
    let archiveID: RandomID

    init(_ service: BackupService, _ vault: BackupVault) async throws {
        self.service = service
        self.vault = vault
        // Made, if new, before the keyring is copied, so that each backup can be opened with its own keyring.
        backupSeal = BackupSeal(key: try await service.keyring.sideKey(BackupSeal.label), random: service.random)
        archiveID = Self.archiveID(service.keyring)
    }

    /// A keyed hash, the same for ever.
    static func archiveID(_ keyring: Keyring) -> RandomID {
        keyring.keyID(for: Array("cassette/archive/1".utf8)).rawValue
    }

    /// Takes the backup.
    ///
    /// - Throws: ``PackVanished`` when the list of packs must be made anew; nothing is lost by that.
    func take(_ progress: (BackupProgress) async throws -> Void) async throws -> BackupReport {
        let chain = try await lastBackup()
        let header = BackupHeader(
            archiveID: archiveID,
            backupID: RandomID(random: service.random),
            sequence: chain.sequence + 1,
            time: service.clock.now(),
            rootKey: service.source.rootKey
        )
        let marker = try BackupVault.key("running/" + header.backupID.hex)
        try await vault.put(marker, ByteBuffer(string: header.name))
        try await refuseWhilePruning(marker)
        try await service.seal()
        let (extents, content, counts) = try await packsAndFigures()
        let (packs, copied, problems) = try await packs(extents, counts, chain.previous?.manifest, progress)
        // After the list of packs: every key of theirs is in it.
        let keyring = try await keyringSnapshot()
        let files = try await files(chain.previous?.manifest)
        let keyringDigest = try await store(keyring, header)
        let manifest = BackupManifest(
            header: header,
            previous: chain.previous.map { .init(backupID: $0.manifest.header.backupID, digest: $0.digest) },
            keyringDigest: keyringDigest,
            content: content,
            missingPacks: problems.count,
            packs: packs,
            files: files
        )
        _ = try await vault.put(manifest, seal: backupSeal)
        try await removeOutlived(before: header.sequence)
        return BackupReport(
            header: header,
            content: content,
            packCount: packs.count,
            packBytes: manifest.packBytes,
            copiedPacks: copied.packs,
            copiedBytes: copied.bytes,
            problems: problems
        )
    }

    /// Looks only after the marker was written: a prune that begins from now on sees it.
    private func refuseWhilePruning(_ marker: BlobKey) async throws {
        guard try await !vault.list("pruning/").isEmpty else { return }
        try await vault.delete(marker)
        throw BackupError(
            .busy,
            "Backups are being pruned there, or that was interrupted: let `cassette backup prune` end, then take the backup"
        )
    }

    /// The newest backup that is there, and the highest number in use.
    private func lastBackup() async throws -> (
        previous: (manifest: BackupManifest, digest: [UInt8])?, sequence: UInt64
    ) {
        let (entries, _) = try await vault.entries()
        guard entries.allSatisfy({ $0.header.archiveID == archiveID }) else {
            throw BackupError(
                .otherArchive,
                "The store holds backups of another archive: give each archive a folder or prefix of its own"
            )
        }
        // A keyring without a manifest is left by a backup that was interrupted.
        let numbers = entries.map(\.header.sequence) + (try await vault.keyrings().map(\.sequence))
        let highest = numbers.max() ?? 0
        for entry in entries.reversed() {
            do {
                return (try await vault.manifest(entry, seal: backupSeal), highest)
            } catch let error as BackupError where error.code == .damaged {
                service.logger.error(
                    "the manifest of a backup is damaged; packs are looked at one by one",
                    metadata: ["number": "\(entry.header.sequence)"]
                )
            }
        }
        return (nil, highest)
    }

    /// The packs, the figures of the index within them, and how many instances are in each.
    ///
    /// Taken together and before the copying, which may take hours: what is deleted meanwhile is in the backup. No
    /// deletion, restoration or compaction comes in between: its record in the list without its effect in the figures, or
    /// the reverse, would be a backup that comes back otherwise than it says.
    private func packsAndFigures() async throws -> ([PackExtent], ArchiveContent, [PackID: UInt64]) {
        do {
            return try await service.effects.whileSettled {
                let extents = try await service.packs.extents()
                let lengths = Dictionary(uniqueKeysWithValues: extents.map { ($0.packID, $0.length) })
                var counts: [PackID: UInt64] = [:]
                let content = try await ArchiveContent(of: service.catalog, within: lengths, counts: &counts)
                return (extents, content, counts)
            }
        } catch {
            throw RemovalService.archiveError(error)
        }
    }

    private func keyringSnapshot() async throws -> KeyringSnapshot {
        do throws(KeyringError) {
            return try await service.keyring.snapshot()
        } catch {
            guard error.code != .cancelled else { throw CancellationError() }
            throw BackupError(.keyring, "The keyring of the archive cannot be copied: \(error)")
        }
    }

    /// Stores both copies of the keyring, and reads them back: without it no pack of any backup opens.
    ///
    /// - Returns: The SHA-256 of the blob.
    private func store(_ keyring: KeyringSnapshot, _ header: BackupHeader) async throws -> [UInt8] {
        let blob = try await service.pool.run { KeyringBundle(keyring).encoded }
        try await vault.put(keyring: blob, header)
        for key in try BackupVault.keyringKeys(header) {
            let read = try await vault.read(key, limit: KeyringBundle.lengthLimit)
            let isThere = try await service.pool.run { try KeyringBundle(decoding: read).holds(keyring) }
            guard isThere else { throw BackupError.damaged("The keyring that was just stored") }
        }
        return try await service.pool.run { blob.sha256 }
    }

    /// All packs with their digests, those copied that the store lacks.
    private func packs(
        _ extents: [PackExtent],
        _ counts: [PackID: UInt64],
        _ previous: BackupManifest?,
        _ progress: (BackupProgress) async throws -> Void
    ) async throws -> (packs: [BackupManifest.Pack], copied: (packs: Int, bytes: UInt64), [BackupReport.Problem]) {
        let known = Dictionary(
            (previous?.packs ?? []).map { ($0.extent, $0.sha256) },
            uniquingKeysWith: { first, _ in first }
        )
        let stored = Dictionary(
            uniqueKeysWithValues: try await (vault.list("packs/") + vault.list("prefixes/")).map { ($0.key, $0.size) }
        )
        var packs: [BackupManifest.Pack] = []
        var wanted: [PackExtent] = []
        for extent in extents {
            if let digest = known[extent], stored[BackupManifest.Pack.key(of: extent)] == extent.length {
                let count = counts[extent.packID] ?? 0
                packs.append(BackupManifest.Pack(extent: extent, sha256: digest, instances: count))
            } else {
                wanted.append(extent)
            }
        }
        var state = BackupProgress()
        state.packCount = extents.count
        state.packs = packs.count
        state.bytesToCopy = wanted.reduce(0) { $0 &+ $1.length }
        try await progress(state)
        var problems: [BackupReport.Problem] = []
        try await withThrowingTaskGroup(of: Copied.self) { group in
            var waiting = wanted[...]
            for _ in 0..<Self.width { if let next = waiting.popFirst() { group.addTask { try await copy(next) } } }
            while let done = try await group.next() {
                if let next = waiting.popFirst() { group.addTask { try await copy(next) } }
                state.packs += 1
                switch done.outcome {
                case .copied(let digest):
                    let count = counts[done.extent.packID] ?? 0
                    packs.append(BackupManifest.Pack(extent: done.extent, sha256: digest, instances: count))
                    state.copiedBytes &+= done.extent.length
                case .unreadable(let cause):
                    problems.append(BackupReport.Problem(packID: done.extent.packID, cause: cause))
                }
                try await progress(state)
            }
        }
        packs.sort { $0.extent.packID < $1.extent.packID }
        return (packs, (wanted.count - problems.count, state.copiedBytes), problems)
    }

    private func copy(_ extent: PackExtent) async throws -> Copied {
        let packs = service.packs
        do {
            let digest = try await digest(of: extent)
            let source = BlobSource(length: extent.length, sha256: digest) { range throws(BlobStoreError) in
                do throws(PackError) {
                    return try await packs.bytes(of: extent.packID, range: range)
                } catch {
                    throw BlobStoreError(error.code == .cancelled ? .cancelled : .bodyFailed, error.description)
                }
            }
            try await store(source, under: BackupManifest.Pack.key(of: extent))
            return Copied(extent: extent, outcome: .copied(digest))
        } catch let error as PackError {
            switch error.code {
            case .packNotFound: throw PackVanished()
            case .cancelled: throw CancellationError()
            default: return Copied(extent: extent, outcome: .unreadable(error.description))
            }
        }
    }

    private func digest(of extent: PackExtent) async throws -> [UInt8] {
        var hash = SHA256()
        var offset: UInt64 = 0
        while offset < extent.length {
            let end = min(extent.length, offset + BlobStoreLimits.chunkLength)
            let bytes = try await service.packs.bytes(of: extent.packID, range: offset..<end)
            guard UInt64(bytes.readableBytes) == end - offset else {
                throw PackError(.malformedPack, packID: extent.packID, offset: offset)
            }
            hash.add(bytes)
            offset = end
        }
        return Array(hash.finalize())
    }

    /// Stores a pack; one that an interrupted backup has stored is read back, and replaced when it is not the same.
    private func store(_ source: BlobSource, under key: BlobKey) async throws {
        do throws(BlobStoreError) {
            if let status = try await vault.blobs.status(key) {
                if status.size == source.length {
                    let there = BlobSource(key, in: vault.blobs, length: status.size, sha256: source.sha256)
                    if try await there.digest(of: 0..<status.size) == source.sha256 { return }
                }
                try await vault.blobs.delete(key)
            }
            try await vault.blobs.put(key, source)
        } catch {
            switch error.code {
            case .cancelled: throw CancellationError()
            // It could be read a moment ago: gone, or the next look tells what is wrong with it.
            case .bodyFailed: throw PackVanished()
            default: throw BackupError(error)
            }
        }
    }

    /// The small files; those that have not changed are not stored again.
    private func files(_ previous: BackupManifest?) async throws -> [BackupManifest.File] {
        let stored = Set(try await vault.list("files/").map(\.key))
        var files: [BackupManifest.File] = []
        for (name, bytes) in try await service.source.files() {
            let digest = bytes.sha256
            if let same = previous?.files.first(where: { $0.name == name && $0.sha256 == digest }),
                stored.contains(same.key)
            {
                files.append(same)
                continue
            }
            let file = BackupManifest.File(
                name: name,
                id: RandomID(random: service.random),
                length: UInt64(bytes.readableBytes),
                sha256: digest
            )
            let sealed = try backupSeal.seal(bytes, id: file.id, purpose: BackupVault.filePurpose + "/" + name)
            try await vault.put(file.key, sealed)
            files.append(file)
        }
        return files
    }

    /// Removes older keyrings, which may hold keys that were destroyed since, and the marks of interrupted backups.
    ///
    /// The newest keyring opens all older backups but for what was shredded.
    private func removeOutlived(before sequence: UInt64) async throws {
        for keyring in try await vault.keyrings() where keyring.sequence < sequence {
            try await vault.delete(keyring.key)
        }
        for marker in try await vault.list("running/") { try await vault.delete(marker.key) }
    }
}
