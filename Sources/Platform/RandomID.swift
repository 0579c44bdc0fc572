/// An opaque id of 128 bits: file names, records, tenants.
public struct RandomID: Hashable, Sendable, Comparable {
    private let high: UInt64
    private let low: UInt64

    /// Draws a fresh id.
    public init(random: some RandomSource) {
        let bytes = random.bytes(16)
        self.init(high: bytes.prefix(8).bigEndian, low: bytes.dropFirst(8).bigEndian)
    }

    /// The id with these 16 bytes; `nil` for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(high: bytes.prefix(8).bigEndian, low: bytes.dropFirst(8).bigEndian)
    }

    /// The id with these 32 hexadecimal digits; `nil` for any other text.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Makes an id from its first and its last eight bytes, most significant byte first.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        for index in 0..<8 {
            let shift = UInt64(56 - 8 * index)
            bytes[index] = UInt8(truncatingIfNeeded: high >> shift)
            bytes[index + 8] = UInt8(truncatingIfNeeded: low >> shift)
        }
        return bytes
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    /// Orders like the bytes.
    public static func < (left: RandomID, right: RandomID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension RandomID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    public var description: String { hex }
}

extension Collection where Element == UInt8 {
    fileprivate var bigEndian: UInt64 {
        reduce(0) { $0 << 8 | UInt64($1) }
    }
}
