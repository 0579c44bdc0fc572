/// Where packs lie besides the data folder, kept by the registry.
///
/// A pack without any row, or with rows that are all `copying`, is an ordinary one: it lies in ``StoreName/hot`` only. Every change is one transaction and durable
/// when its call returns. A failure is thrown as `.placesUnknown`.
public protocol PackPlaces: Sendable {
    /// All rows of a pack, by store.
    func places(of pack: PackID) async throws(PackError) -> [PackPlace]
    /// Rows of a store in one state, by pack, beginning behind `pack`.
    func places(
        in store: StoreName,
        state: PackPlaceState,
        after pack: PackID?,
        limit: Int
    ) async throws(PackError) -> [PackPlace]
    /// Puts rows in, or in the place of those of the same pack and store; all of them or none.
    func set(_ places: [PackPlace]) async throws(PackError)
    /// Takes a row out; one that is not there is fine.
    func remove(_ pack: PackID, from store: StoreName) async throws(PackError)
    /// How many packs and bytes a store holds in each state.
    func totals(of store: StoreName) async throws(PackError) -> [PackPlaceTotal]
}

extension PackPlaces {
    /// Puts one row in, or in the place of the one of the same pack and store.
    public func set(_ place: PackPlace) async throws(PackError) {
        try await set([place])
    }
}

/// Packs and bytes of one store in one state.
public struct PackPlaceTotal: Sendable, Hashable {
    /// The state.
    public let state: PackPlaceState
    /// How many packs.
    public let packCount: Int
    /// Their bytes, as far as known.
    public let byteCount: UInt64

    /// Makes a total.
    public init(state: PackPlaceState, packCount: Int, byteCount: UInt64) {
        self.state = state
        self.packCount = packCount
        self.byteCount = byteCount
    }
}
