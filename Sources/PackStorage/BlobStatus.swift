public import Platform

/// What a store tells about a blob.
public struct BlobStatus: Sendable, Hashable {
    /// Its size in bytes.
    public let size: UInt64
    /// Its SHA-256 as the store keeps it; `nil` when the store keeps none.
    public let sha256: [UInt8]?
    /// Whether it can be read now.
    public let availability: BlobAvailability

    /// Makes a status.
    public init(size: UInt64, sha256: [UInt8]? = nil, availability: BlobAvailability = .online) {
        self.size = size
        self.sha256 = sha256
        self.availability = availability
    }
}

/// Whether a blob can be read now.
public enum BlobAvailability: Sendable, Hashable {
    /// At once.
    case online
    /// Only after it was thawed, which takes minutes to days.
    case frozen
    /// Being thawed.
    case thawing
    /// Readable until the store takes the copy away again; `nil` when it does not tell the time.
    case thawed(until: Timestamp?)

    /// Whether a `get` works now.
    public var isReadable: Bool {
        switch self {
        case .online, .thawed: true
        case .frozen, .thawing: false
        }
    }
}
