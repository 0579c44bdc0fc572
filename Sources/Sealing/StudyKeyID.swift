public import Platform

/// Names a study key: a keyed hash of what the key belongs to, so the name tells nothing without the keyring.
public struct StudyKeyID: Hashable, Sendable, Comparable {
    /// The 128 bits of the name.
    public let rawValue: RandomID

    /// Makes an id from its bits.
    public init(_ rawValue: RandomID) {
        self.rawValue = rawValue
    }

    /// The id with these 16 bytes; `nil` for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard let rawValue = RandomID(bytes: bytes) else { return nil }
        self.init(rawValue)
    }

    /// The id with these 32 hexadecimal digits; `nil` for any other text.
    public init?(hex: some StringProtocol) {
        guard let rawValue = RandomID(hex: hex) else { return nil }
        self.init(rawValue)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] { rawValue.bytes }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { rawValue.hex }

    /// Orders like the bytes.
    public static func < (left: StudyKeyID, right: StudyKeyID) -> Bool {
        left.rawValue < right.rawValue
    }
}
