import Logging
import Platform

extension PackStore {
    /// Seals packs that take no more records: renames them into their final places.
    ///
    /// - Parameter quietTime: Packs of living writers are sealed, too, when idle for so long. Closed ones are sealed at
    ///   once.
    /// - Parameter beforeRename: Called once when there is something to seal. When it returns, every record whose
    ///   `finish` returned before the call must be durable in the index: start-up recovery looks into open packs only.
    /// - Returns: The sealed packs.
    /// - Throws: What `beforeRename` throws (nothing is sealed then); `PackError` when a pack could not be sealed, which
    ///   a later call tries again.
    @discardableResult
    public func sealPacks(
        olderThan quietTime: Duration,
        beforeRename: () async throws -> Void
    ) async throws -> [PackID] {
        let now = clock.now()
        let limit = now.advanced(by: .zero - quietTime)
        let packs = registry.takeSealable(idleSince: limit)
        guard !packs.isEmpty else { return [] }
        var left = Set(packs.keys)
        defer {
            for id in left { registry.giveBack(id) }
        }
        try await beforeRename()
        let files = files
        let (renamed, gone, failure) = try await work { Self.rename(packs, files) }
        for id in renamed + gone {
            registry.remove(id)
            left.remove(id)
        }
        logger.info("packs were sealed", metadata: [LogKeys.count: "\(renamed.count)"])
        if let failure { throw failure }
        return renamed
    }

    /// Blocks.
    ///
    /// A pack without any record is removed.
    private static func rename(
        _ packs: [PackID: PackRegistry.Extent],
        _ files: PackFiles
    ) -> (renamed: [PackID], gone: [PackID], failure: PackError?) {
        var renamed: [PackID] = []
        var gone: [PackID] = []
        var failure: PackError?
        for (id, extent) in packs.sorted(by: { $0.key < $1.key }) {
            do {
                if extent.length == 0 {
                    if try files.disk.exists(files.openPath(id)) { try files.disk.unlink(files.openPath(id)) }
                    gone.append(id)
                } else {
                    try rename(id, extent, files)
                    renamed.append(id)
                }
            } catch {
                failure = PackError(error, packID: id)
            }
        }
        do {
            // Each new place first: a name that is lost from both directories would be a lost pack.
            for key in Set(renamed.map { $0.blobKey.text.prefix(2) }) {
                try files.disk.syncDirectory(files.directory + "/" + key)
            }
            // The folder is made with the first record.
            if try files.disk.exists(files.openDirectory) { try files.disk.syncDirectory(files.openDirectory) }
        } catch {
            failure = PackError(error)
        }
        return (renamed: renamed, gone: gone, failure: failure)
    }

    private static func rename(_ id: PackID, _ extent: PackRegistry.Extent, _ files: PackFiles) throws(DiskError) {
        if extent.fileLength > extent.length {
            let file = try files.disk.open(files.openPath(id), .readWrite)
            try file.truncate(to: extent.length)
            try file.synchronize()
            try file.close()
        }
        try files.sealedPacks.adopt(files.openPath(id), as: id.blobKey)
    }
}
