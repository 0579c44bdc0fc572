import NIOCore
import PackStorage
import Platform

extension BackupReader {
    /// Removes all backups but the newest ones, then what no backup needs any more.
    ///
    /// - Throws: `.busy` while a backup is under way, or was interrupted and not taken again since: its packs belong to no
    ///   manifest yet; also when another prune began. `.damaged` when a backup that stays cannot be read: nobody knows which
    ///   packs it needs.
    public func prune(keeping count: Int) async throws -> PruneReport {
        let mark = try BackupVault.key("pruning/" + RandomID(random: random).hex)
        try await vault.put(mark, ByteBuffer(string: "pruning"))
        do {
            // Of prunes that were interrupted; one that is still at work finds that its mark is gone, and stops.
            for other in try await vault.list("pruning/") where other.key != mark { try await vault.delete(other.key) }
            let report = try await prune(keeping: count, under: mark)
            try await vault.delete(mark)
            return report
        } catch {
            // The error is told. A mark that stays keeps backups off, which say so, until the next prune.
            try? await vault.delete(mark)
            throw error
        }
    }

    /// Removes while the mark stands.
    ///
    /// A backup writes its mark and then looks for one of a prune; here it is the other way round, so one of the two sees
    /// the other. What a backup copies after this list was made is not in it; one that ended before the look at `running/` has
    /// a manifest, which is read after that.
    private func prune(keeping count: Int, under mark: BlobKey) async throws -> PruneReport {
        var blobs: [BlobEntry] = []
        for folder in ["packs/", "prefixes/", "files/"] { blobs += try await vault.list(folder) }
        guard try await vault.list("running/").isEmpty else {
            throw BackupError(
                .busy,
                "A backup is under way there, or was interrupted: take one with `cassette backup` to its end, then prune"
            )
        }
        let entries = try await vault.entries()
        guard entries.damaged.isEmpty else { throw BackupError.damaged("A manifest in this place") }
        let kept = entries.entries.suffix(max(1, count))
        var needed: Set<BlobKey> = []
        for entry in kept {
            let manifest = try await vault.manifest(entry, seal: seal).manifest
            needed.formUnion(manifest.packs.map(\.key))
            needed.formUnion(manifest.files.map(\.key))
        }
        var report = PruneReport()
        report.kept = kept.count
        // The manifests first: one whose packs are gone must not be found.
        for entry in entries.entries.dropLast(kept.count) {
            try await confirm(mark)
            try await vault.delete(entry.key)
            report.removedBackups += 1
        }
        for blob in blobs where !needed.contains(blob.key) {
            try await confirm(mark)
            try await vault.delete(blob.key)
            report.removedBlobs += 1
            report.removedBytes &+= blob.size
        }
        return report
    }

    /// Throws `.busy` when another prune has taken the mark away.
    private func confirm(_ mark: BlobKey) async throws {
        let status = try await vault.blobs.asking { store throws(BlobStoreError) in try await store.status(mark) }
        guard status != nil else { throw BackupError(.busy, "Another prune has begun: let that one end") }
    }
}
