/// A random 128-bit identifier.
public struct RandomID: Sendable, Hashable, Comparable {
    private let high: UInt64
    private let low: UInt64

    /// Draws a new identifier.
    public init(random: some RandomSource) {
        self.init(bytes: random.bytes(16))
    }

    private init(bytes: [UInt8]) {
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Orders by value.
    public static func < (left: RandomID, right: RandomID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
