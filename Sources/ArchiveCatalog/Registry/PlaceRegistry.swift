public import Platform

/// Where packs lie besides the data folder; what a store and a state mean is for the store of packs to say.
public protocol PlaceRegistry: Sendable {
    /// All rows of a pack, by store.
    func packPlaces(of pack: RandomID) async throws(RegistryError) -> [PackPlaceRow]
    /// Rows of a store in one state, by pack, beginning behind `pack`.
    func packPlaces(
        in store: String,
        state: UInt8,
        after pack: RandomID?,
        limit: Int
    ) async throws(RegistryError) -> [PackPlaceRow]
    /// Puts rows in, or in the place of those of the same pack and store, in one transaction.
    func setPackPlaces(_ rows: [PackPlaceRow]) async throws(RegistryError)
    /// Takes a row out; one that is not there is fine.
    func removePackPlace(_ pack: RandomID, from store: String) async throws(RegistryError)
    /// How many rows and bytes a store has in each state.
    func packPlaceTotals(of store: String) async throws(RegistryError) -> [PackPlaceRowTotal]
}

/// That a pack lies in a store.
public struct PackPlaceRow: Sendable, Hashable {
    /// The pack.
    public let pack: RandomID
    /// The name of the store.
    public let store: String
    /// The number of the state.
    public let state: UInt8
    /// Bytes of the pack.
    public let size: UInt64
    /// SHA-256 of the pack; empty while it is not known.
    public let sha256: [UInt8]
    /// When the bytes were last found to be right.
    public let verified: Timestamp?
    /// When the state changed.
    public let changed: Timestamp

    /// Makes a row.
    public init(
        pack: RandomID,
        store: String,
        state: UInt8,
        size: UInt64,
        sha256: [UInt8],
        verified: Timestamp?,
        changed: Timestamp
    ) {
        self.pack = pack
        self.store = store
        self.state = state
        self.size = size
        self.sha256 = sha256
        self.verified = verified
        self.changed = changed
    }
}

/// Rows and bytes of a store in one state.
public struct PackPlaceRowTotal: Sendable, Hashable {
    /// The number of the state.
    public let state: UInt8
    /// How many rows.
    public let count: Int
    /// Their bytes.
    public let byteCount: UInt64

    /// Makes a total.
    public init(state: UInt8, count: Int, byteCount: UInt64) {
        self.state = state
        self.count = count
        self.byteCount = byteCount
    }
}
