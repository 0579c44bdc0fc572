import NIOCore
import Platform

extension PackStore {
    /// Bytes of a pack that are fetched at once for a walk: 8 MiB.
    private static let pieceLength: UInt64 = 8 * 1_024 * 1_024

    /// Whether a pack that was found is still one of the archive's: not one that is being removed from everywhere.
    func isWanted(_ id: PackID) async throws(PackError) -> Bool {
        guard let tiers else { return true }
        let places = try await tiers.places.places(of: id)
        return places.isEmpty || places.contains { $0.state != .removing }
    }

    /// Walks the packs that the lists of the other stores name and the data folder has not.
    ///
    /// A pack is fetched as a whole, one at a time, into a file of the hot volume: what a walk looks at lies all over it.
    func walkElsewhere(
        besides seen: Set<PackID>,
        adopts: Bool,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws {
        guard let tiers else { return }
        var seen = seen
        for named in tiers.stores {
            for (id, length) in try await listed(named, adopts: adopts, &survey) where !seen.contains(id) {
                guard try await isWanted(id) else { continue }
                let pack = PlacedPack(
                    id: id,
                    length: length,
                    name: named.name,
                    store: named.store,
                    isNear: named.isLocal,
                    cache: nil
                )
                // One that cannot be fetched here may lie in the next store, too.
                if let sha256 = try await walk(pack, tiers.walkDirectory, &survey, body) {
                    seen.insert(id)
                    survey.problems.removeAll { $0.packID == id && $0.store != nil }
                    if adopts { try await adopt(pack, sha256, tiers.places) }
                } else if adopts, let sha256 = await keptDigest(of: pack) {
                    // A frozen one, for example: with a row it can be thawed.
                    try await adopt(pack, sha256, tiers.places)
                }
            }
        }
    }

    /// Puts a row in for every pack that another store has and neither the data folder nor the registry knows there: after
    /// the loss of the registry.
    ///
    /// - Returns: What stood in the way.
    public func adoptPlaces() async throws -> PackSurvey {
        var survey = PackSurvey()
        try await walkElsewhere(besides: Set(try await sealedPacks()), adopts: true, &survey) { _ in }
        return survey
    }

    /// Begins to make a pack readable that a walk found frozen.
    public func thaw(_ problem: PackProblem, days: Int) async throws(PackError) {
        guard let pack = problem.packID, let name = problem.store, let named = tiers?.store(name) else { return }
        do throws(BlobStoreError) {
            try await named.store.thaw(pack.blobKey(in: name), days: days)
        } catch {
            throw PackError(error, packID: pack)
        }
    }

    /// The packs of a store; where places are adopted, one that gives no list is a problem and ends nothing.
    ///
    /// A list may be stale, or come back empty: what the registry knows to be there is looked for in any case.
    private func listed(
        _ named: NamedBlobStore,
        adopts: Bool,
        _ survey: inout PackSurvey
    ) async throws(PackError) -> [(id: PackID, length: UInt64)] {
        var found: [(id: PackID, length: UInt64)] = []
        do throws(PackError) {
            found = try await packs(in: named)
        } catch {
            guard adopts, error.code != .cancelled else { throw error }
            survey.problems.append(PackProblem(.unreadable(error.code), packID: nil, store: named.name))
        }
        let ids = Set(found.map(\.id))
        let unlisted = try await knownPacks(in: named.name).filter { !ids.contains($0.id) }
        return unlisted.isEmpty ? found : (found + unlisted).sorted { $0.id < $1.id }
    }

    /// The packs that the registry knows to be readable in a store.
    private func knownPacks(in name: StoreName) async throws(PackError) -> [(id: PackID, length: UInt64)] {
        var known: [(id: PackID, length: UInt64)] = []
        guard let places = tiers?.places else { return known }
        for state in [PackPlaceState.verified, .retiring] {
            var last: PackID?
            while true {
                let page = try await places.places(in: name, state: state, after: last, limit: 1_000)
                guard let end = page.last else { break }
                last = end.packID
                for place in page { known.append((id: place.packID, length: place.size)) }
            }
        }
        return known
    }

    /// The digest that a store keeps of a pack that cannot be fetched now.
    private func keptDigest(of pack: PlacedPack) async -> [UInt8]? {
        do throws(BlobStoreError) {
            let status = try await pack.store.status(pack.id.blobKey(in: pack.name))
            return status?.size == pack.length ? status?.sha256 : nil
        } catch {
            return nil
        }
    }

    /// All packs that a store lists, sorted.
    func packs(in named: NamedBlobStore) async throws(PackError) -> [(id: PackID, length: UInt64)] {
        do throws(BlobStoreError) {
            return try await named.store.listAll(prefix: PackID.prefix).compactMap { entry in
                PackID(entry.key, in: named.name).map { (id: $0, length: entry.size) }
            }
        } catch {
            throw PackError(error)
        }
    }

    /// Puts a row in for a pack that the registry does not know in this store, and takes that of the data folder out when
    /// the pack is not there any more.
    private func adopt(
        _ pack: PlacedPack,
        _ sha256: [UInt8],
        _ places: any PackPlaces
    ) async throws(PackError) {
        let known = try await places.places(of: pack.id)
        let here = known.first { $0.store == pack.name }
        guard here?.state.isReadable != true, here?.state != .removing else { return }
        // Bytes that are not those of the other places are no place of the pack.
        guard known.allSatisfy({ $0.sha256.isEmpty || $0.sha256 == sha256 }) else { return }
        let now = clock.now()
        try await places.set(
            PackPlace(
                packID: pack.id,
                store: pack.name,
                state: .verified,
                size: pack.length,
                sha256: sha256,
                verified: now,
                changed: now
            )
        )
        guard known.contains(where: { $0.store == .hot }) else { return }
        let file: BlobStatus?
        do throws(BlobStoreError) {
            file = try await files.sealedPacks.status(pack.id.blobKey)
        } catch {
            throw PackError(error, packID: pack.id)
        }
        if file == nil { try await places.remove(pack.id, from: .hot) }
    }

    /// The digest of the pack; `nil` when it could not be fetched.
    func walk(
        _ pack: PlacedPack,
        _ directory: String,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws -> [UInt8]? {
        let path = directory + "/" + RandomID(random: random).hex
        let opened: PackWalker?
        let sha256: [UInt8]
        do throws(PackError) {
            let file: any DiskFile
            (file, sha256) = try await fetch(pack, to: path)
            opened = try await work { try self.walker(file, pack.id, length: nil, isOpen: false) }
        } catch {
            try await removeFetched(path)
            guard error.code != .cancelled else { throw error }
            survey.problems.append(
                PackProblem(PackProblem.Kind(error), packID: pack.id, offset: error.offset ?? 0, store: pack.name)
            )
            return nil
        }
        // The file lives until the walker goes; its name need not.
        try await removeFetched(path)
        survey.packCount += 1
        if let walker = opened { try await walk(walker, &survey, body) }
        return sha256
    }

    private func fetch(
        _ pack: PlacedPack,
        to path: String
    ) async throws(PackError) -> (file: any DiskFile, sha256: [UInt8]) {
        let disk = files.disk
        let file = try await work { () -> any DiskFile in
            try disk.makeDirectory(parentDirectory(of: path))
            return try disk.open(path, .createNew)
        }
        var hash = BlobDigest()
        var offset: UInt64 = 0
        while offset < pack.length {
            let end = min(pack.length, offset + Self.pieceLength)
            let bytes = try await pack.bytes(offset..<end)
            let (position, before) = (offset, hash)
            hash = try await work {
                var hash = before
                hash.update(bytes)
                try file.write(bytes, at: position)
                return hash
            }
            offset = end
        }
        return (file: try await work { try disk.open(path, .read) }, sha256: hash.value)
    }

    private func removeFetched(_ path: String) async throws(PackError) {
        let disk = files.disk
        let failure = await pool.runToEnd { () -> DiskError? in
            do throws(DiskError) {
                try disk.unlink(path)
                return nil
            } catch {
                return error.code == .notFound ? nil : error
            }
        }
        if let failure { throw PackError(failure) }
    }

    /// Removes what a process that was killed has left of packs that it walked through; call at start.
    func removeFetchedPacks() async throws(PackError) {
        guard let directory = tiers?.walkDirectory else { return }
        let disk = files.disk
        try await work {
            guard try disk.exists(directory) else { return }
            for entry in try disk.list(directory) where !entry.isDirectory {
                try disk.unlink(directory + "/" + entry.name)
            }
        }
    }
}

private func parentDirectory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}
