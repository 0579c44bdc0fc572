import Platform

/// Packs that are to be copied in the background: rows of the registry, so that no end of the program forgets them.
extension PackMover {
    /// Says that packs shall be copied into a store; ``resume()`` does it.
    ///
    /// Those that have a row for the store already are left alone.
    public func announce(_ wanted: [PackID], to store: StoreName) async throws(PackError) {
        guard store != .hot, tiers.store(store) != nil else { throw PackError(.unknownStore) }
        var rows: [PackPlace] = []
        for pack in wanted {
            let places = try await tiers.places.places(of: pack)
            guard !places.contains(where: { $0.store == store }), !places.contains(where: { $0.state == .removing })
            else { continue }
            let known = places.first { $0.state.isReadable }
            rows.append(
                PackPlace(
                    packID: pack,
                    store: store,
                    state: .copying,
                    size: known?.size ?? 0,
                    sha256: known?.sha256 ?? [],
                    verified: nil,
                    changed: packs.clock.now()
                )
            )
        }
        if !rows.isEmpty { try await tiers.places.set(rows) }
    }

    /// Announces every sealed pack of the data folder that has no row at all: after a start, since a program may have ended
    /// between the sealing of a pack and its announcement.
    ///
    /// - Returns: How many.
    @discardableResult
    public func announceMissing(to store: StoreName) async throws(PackError) -> Int {
        var missing: [PackID] = []
        for pack in try await packs.sealedPacks() {
            if try await tiers.places.places(of: pack).isEmpty { missing.append(pack) }
        }
        var rest = missing[...]
        while !rest.isEmpty {
            try await announce(Array(rest.prefix(256)), to: store)
            rest = rest.dropFirst(256)
        }
        return missing.count
    }
}
