public import Platform

/// That a pack lies, or is about to lie, in a store.
public struct PackPlace: Sendable, Hashable {
    /// The pack.
    public var packID: PackID
    /// The store.
    public var store: StoreName
    /// What can be relied on.
    public var state: PackPlaceState
    /// Bytes of the pack; 0 while nobody has looked.
    public var size: UInt64
    /// SHA-256 of the whole pack: one checksum for life.
    ///
    /// Empty while nobody has computed it, as of a pack that waits to be copied for the first time.
    public var sha256: [UInt8]
    /// When the bytes in this store were last found to be those.
    public var verified: Timestamp?
    /// When the state changed.
    public var changed: Timestamp

    /// Makes a place.
    public init(
        packID: PackID,
        store: StoreName,
        state: PackPlaceState,
        size: UInt64,
        sha256: [UInt8],
        verified: Timestamp?,
        changed: Timestamp
    ) {
        self.packID = packID
        self.store = store
        self.state = state
        self.size = size
        self.sha256 = sha256
        self.verified = verified
        self.changed = changed
    }
}

/// How far a pack is on its way into a store, or out of it.
///
/// The numbers are those of the registry: they never change.
public enum PackPlaceState: UInt8, Sendable, Hashable, CaseIterable {
    /// Wanted there; the bytes may be missing, or whole and not yet verified.
    case copying = 1
    /// There, and found to be the right bytes.
    case verified = 2
    /// There, readable, and not to be relied on: it goes when the grace time is over.
    case retiring = 3
    /// Given up: the bytes may be gone, and nobody reads them any more.
    case removing = 4

    /// Whether readers may try the store.
    public var isReadable: Bool { self == .verified || self == .retiring }
}
