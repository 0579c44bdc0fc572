import NIOCore
import Platform

extension PackStore {
    /// Copies of a pack in other stores than the one that is damaged, those of this machine first.
    public func copies(of pack: PackID, besides damaged: StoreName) async throws(PackError) -> [BlobSource] {
        var sources: [BlobSource] = []
        let files = files
        let length = try await work { try files.isThere(pack) ? files.file(pack).size() : nil }
        if damaged != .hot, let length {
            sources.append(
                try await source(length: length) { range throws(PackError) in
                    try await self.bytes(of: pack, range: range)
                }
            )
        }
        guard let tiers else { return sources }
        for placed in try await tiers.readable(pack) where placed.name != damaged {
            let uncached = placed.uncached
            do throws(PackError) {
                sources.append(
                    try await source(length: placed.length) { range throws(PackError) in
                        try await uncached.bytes(range)
                    }
                )
            } catch {
                // Frozen, away, or damaged, too: the next one may serve.
                guard error.code != .cancelled else { throw error }
            }
        }
        return sources
    }

    /// Damaged packs and torn tails that were set aside.
    public func quarantinedCount() async throws(PackError) -> Int {
        let files = files
        return try await work {
            guard try files.disk.exists(files.quarantineDirectory) else { return 0 }
            return try files.disk.list(files.quarantineDirectory).count
        }
    }

    /// Puts a good copy in the place of a damaged or missing sealed pack of the data folder.
    ///
    /// The copy is brought beside it, read to its end, and every record of it opened, before the damaged file is put into the
    /// quarantine folder and the copy takes its name. A crash leaves the one or the other.
    ///
    /// - Throws: `.malformedPack` or `.sealBroken` when the copy is not sound; `.wrongOrder` while the pack is written to.
    public func repair(_ pack: PackID, with source: BlobSource) async throws(PackError) {
        let files = files
        let isOpen = try await work { try files.disk.exists(files.openPath(pack)) }
        guard !isOpen else { throw PackError(.wrongOrder, packID: pack) }
        let draft = LocalBlobStore(directory: files.repairDirectory, disk: files.disk, pool: pool, random: random)
        do throws(BlobStoreError) {
            try await draft.delete(pack.blobKey)
            try await draft.put(pack.blobKey, source)
        } catch {
            throw PackError(error, packID: pack)
        }
        try await checkDraft(of: pack)
        let stamp = clock.now().microseconds
        try await work {
            try files.setAside(pack, named: "\(pack.hex)-damaged-\(stamp)")
            let path = files.sealedPath(pack)
            try files.disk.makeDirectory(parentDirectory(of: path))
            try files.disk.rename(files.repairDirectory + "/" + pack.blobKey.text, to: path)
            try files.disk.syncDirectory(parentDirectory(of: path))
            files.forget(pack)
            files.sealedPacks.forget(pack.blobKey)
        }
        reader.forgetOpeners()
    }

    /// Walks the copy as a store of its own, and opens every record.
    private func checkDraft(of pack: PackID) async throws(PackError) {
        let draft = PackStore(
            directory: files.repairDirectory,
            disk: files.disk,
            pool: pool,
            keyring: keyring,
            random: random,
            clock: clock,
            logger: logger,
            configuration: configuration
        )
        do {
            let survey = try await draft.forEachRecord { record in
                guard record.location.packID == pack else { return }
                try await draft.verify(record.location, context: record.context)
            }
            guard survey.recordCount > 0, !survey.problems.contains(where: { $0.packID == pack }) else {
                throw PackError(.malformedPack, packID: pack)
            }
        } catch {
            throw PackError(error, packID: pack)
        }
    }

    private func source(
        length: UInt64,
        _ read: @escaping @Sendable (Range<UInt64>) async throws(PackError) -> ByteBuffer
    ) async throws(PackError) -> BlobSource {
        var digest = BlobDigest()
        var offset: UInt64 = 0
        while offset < length {
            let end = min(length, offset + BlobStoreLimits.chunkLength)
            let bytes = try await read(offset..<end)
            guard UInt64(bytes.readableBytes) == end - offset else { throw PackError(.malformedPack, offset: offset) }
            digest.update(bytes)
            offset = end
        }
        return BlobSource(length: length, sha256: digest.value) { range throws(BlobStoreError) in
            do throws(PackError) {
                return try await read(range)
            } catch {
                throw BlobStoreError(.bodyFailed, error.description)
            }
        }
    }
}

extension PackFiles {
    /// Where copies lie before they take the place of damaged packs; no walk looks into it.
    var repairDirectory: String { directory + "/.repair" }

    /// Copies a sealed pack into the quarantine folder as far as it can be read; one that is missing is fine.
    ///
    /// Blocks.
    func setAside(_ id: PackID, named name: String) throws(DiskError) {
        let path = sealedPath(id)
        guard try disk.exists(path) else { return }
        try disk.makeDirectory(quarantineDirectory)
        let file = try disk.open(path, .read)
        let copy = try disk.open(quarantineDirectory + "/" + name, .createNew)
        let size = try file.size()
        var offset: UInt64 = 0
        while offset < size {
            do throws(DiskError) {
                let bytes = try file.read(at: offset, count: Int(min(65_536, size - offset)))
                try copy.write(bytes, at: offset)
            } catch {
                // What the medium does not give back stays a hole in the copy.
                guard error.code == .io, error.operation == "pread" else { throw error }
            }
            offset += 65_536
        }
        try copy.synchronize()
        try copy.close()
        try disk.syncDirectory(quarantineDirectory)
    }
}

private func parentDirectory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
