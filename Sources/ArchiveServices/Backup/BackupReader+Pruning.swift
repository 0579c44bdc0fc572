import PackStorage

extension BackupReader {
    /// Removes all backups but the newest ones, then what no backup needs any more.
    ///
    /// - Throws: `.busy` while a backup is under way, or was interrupted and not taken again since: its packs belong to no
    ///   manifest yet. `.damaged` when a backup that stays cannot be read: nobody knows which packs it needs.
    public func prune(keeping count: Int) async throws -> PruneReport {
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
            try await vault.delete(entry.key)
            report.removedBackups += 1
        }
        for folder in ["packs/", "prefixes/", "files/"] {
            for blob in try await vault.list(folder) where !needed.contains(blob.key) {
                try await vault.delete(blob.key)
                report.removedBlobs += 1
                report.removedBytes &+= blob.size
            }
        }
        return report
    }
}
