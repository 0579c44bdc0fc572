public import PackStorage

/// What services know of a store of packs: how it is called, how fast it answers, and what it costs.
public struct StoreDescription: Sendable, Hashable {
    /// The name.
    public let name: StoreName
    /// What it is: `folder`, `s3`, `webdav`.
    public let kind: String
    /// What readers are told of objects that lie there.
    public let availability: InstanceAvailability
    /// Whether a pack may have to be thawed there before it can be read.
    public let mayFreeze: Bool
    /// What it costs.
    public let price: StorePrice
    /// Where it is, for people; no secret.
    public let location: String

    /// Makes a description.
    public init(
        name: StoreName,
        kind: String,
        availability: InstanceAvailability = .online,
        mayFreeze: Bool = false,
        price: StorePrice = StorePrice(),
        location: String = ""
    ) {
        self.location = location
        self.name = name
        self.kind = kind
        self.availability = availability
        self.mayFreeze = mayFreeze
        self.price = price
    }

    /// The name as text.
    public var title: String { name.text }

    /// The data folder itself.
    public static let hot = StoreDescription(name: .hot, kind: "folder")
}

/// Instance Availability (0008,0056), the most available first (PS3.3 C.4.23.1.1).
public enum InstanceAvailability: String, Sendable, Hashable, CaseIterable, Comparable {
    /// At once.
    case online = "ONLINE"
    /// After a while, without anybody's help.
    case nearline = "NEARLINE"
    /// Only after somebody has done something.
    case offline = "OFFLINE"

    /// Orders by availability, the most available first.
    public static func < (left: InstanceAvailability, right: InstanceAvailability) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .online: 0
        case .nearline: 1
        case .offline: 2
        }
    }
}

/// What a store costs, in millionths of whatever money its operator thinks in.
public struct StorePrice: Sendable, Hashable {
    /// For one gigabyte (1,000,000,000 bytes) over a month.
    public var gigabyteMonth: Int64
    /// For a thousand requests.
    public var thousandRequests: Int64

    /// Makes a price.
    public init(gigabyteMonth: Int64 = 0, thousandRequests: Int64 = 0) {
        self.gigabyteMonth = gigabyteMonth
        self.thousandRequests = thousandRequests
    }

    /// What so many bytes cost in a month, in millionths.
    func month(_ bytes: UInt64) -> Int64 { Self.scaled(gigabyteMonth, Double(bytes) / 1_000_000_000) }

    /// What so many requests cost, in millionths.
    func requests(_ count: Int) -> Int64 { Self.scaled(thousandRequests, Double(count) / 1_000) }

    private static func scaled(_ price: Int64, _ factor: Double) -> Int64 {
        Int64(exactly: (Double(price) * factor).rounded()) ?? .max
    }
}
