public import Platform

/// Names a pack: random, so the name of the file tells nothing.
public struct PackID: Hashable, Sendable, Comparable {
    /// The 128 bits of the name.
    public let rawValue: RandomID

    /// Makes an id from its bits.
    public init(_ rawValue: RandomID) {
        self.rawValue = rawValue
    }

    /// The id with these 32 hexadecimal digits; `nil` for any other text.
    public init?(hex: some StringProtocol) {
        guard let rawValue = RandomID(hex: hex) else { return nil }
        self.init(rawValue)
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { rawValue.hex }

    /// Orders like the bytes.
    public static func < (left: PackID, right: PackID) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The key of the pack in a store of sealed packs: `ab/<id>.pack`, where `ab` begins the id.
    var blobKey: BlobKey {
        BlobKey(checked: hex.prefix(2) + "/" + hex + ".pack")
    }
}
