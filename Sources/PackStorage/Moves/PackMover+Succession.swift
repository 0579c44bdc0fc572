import Platform

/// Packs that stand for others, which go when their successor is kept as widely as they were.
extension PackMover {
    /// Brings a sealed pack into every store where one of the packs lies, or shall lie, that it stands for.
    ///
    /// Costs two questions to the registry when it is there already. May be repeated.
    public func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError) {
        let places = try await tiers.places.places(of: successor)
        var wanted = Self.wanted(places).subtracting([.hot])
        var isWantedHere = false
        for pack in old {
            let stores = Self.wanted(try await tiers.places.places(of: pack))
            wanted.formUnion(stores.subtracting([.hot]))
            isWantedHere = isWantedHere || stores.contains(.hot)
        }
        guard !wanted.isSubset(of: Self.relied(places)) else { return }
        let here = places.first { $0.store == .hot }
        // One that a rule has taken out of the data folder does not come back.
        if isWantedHere, here?.state.isReadable ?? !places.contains(where: \.state.isReadable) { wanted.insert(.hot) }
        try await move(successor, to: wanted)
    }

    /// Whether a pack is verified in every store where another one lies, or shall lie, that it stands for; asks each store
    /// once more, and changes nothing.
    ///
    /// In place of the data folder any other place will do.
    ///
    /// - Throws: `.store(.corrupt)` when a store has not the bytes that it should; what a store throws that does not answer.
    public func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool {
        let places = try await tiers.places.places(of: successor)
        let wanted = Self.wanted(places)
            .union(Self.wanted(try await tiers.places.places(of: old)))
            .subtracting([.hot])
        guard !places.isEmpty else {
            guard wanted.isEmpty else { return false }
            return try await packs.isSealed(successor)
        }
        let relied = places.filter { $0.state == .verified }
        guard !relied.isEmpty, wanted.isSubset(of: Self.relied(places)) else { return false }
        for place in relied where wanted.isEmpty || wanted.contains(place.store) {
            guard try await isRight(place) else { throw PackError(.store(.corrupt), packID: successor) }
        }
        return true
    }

    /// Where a pack with these rows lies for good, or is about to: a pack without any lies in the data folder.
    private static func wanted(_ places: [PackPlace]) -> Set<StoreName> {
        places.isEmpty ? [.hot] : Set(places.filter { $0.state == .verified || $0.state == .copying }.map(\.store))
    }

    private static func relied(_ places: [PackPlace]) -> Set<StoreName> {
        Set(places.filter { $0.state == .verified }.map(\.store))
    }
}
