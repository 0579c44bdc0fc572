/// The parameters of a search as a URL has them, as names and values, decoded once, in order.
public struct QueryText: Sendable, Hashable {
    /// One `name=value`.
    public struct Item: Sendable, Hashable {
        /// What is left of the equals sign.
        public let name: String
        /// What is right of it.
        public let value: String
    }

    /// The parameters in their order.
    public let items: [Item]

    /// Reads `a=b&c=d`; a plus sign is a space.
    ///
    /// - Returns: `nil` for broken percent-encoding and for bytes that are no UTF-8.
    public init?(_ raw: some StringProtocol) {
        var items: [Item] = []
        for pair in Array(raw.utf8).split(separator: 0x26) {
            let halves = pair.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = halves.first.flatMap({ Self.text($0) }),
                let value = halves.count == 2 ? Self.text(halves[1]) : ""
            else { return nil }
            items.append(Item(name: name, value: value))
        }
        self.items = items
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        guard let decoded = PercentDecoding.decoded(bytes, plusIsSpace: true), !decoded.contains(0) else { return nil }
        return String(validating: decoded, as: UTF8.self)
    }
}

/// Percent-encoding (RFC 3986 2.1), read.
public enum PercentDecoding {
    /// The bytes with each `%XX` replaced, once; `nil` when a percent sign has no two digits behind it.
    public static func decoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case 0x25:
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                result.append(high << 4 | low)
            case 0x2B where plusIsSpace: result.append(0x20)
            default: result.append(byte)
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
