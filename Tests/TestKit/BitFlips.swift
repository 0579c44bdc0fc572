import Foundation

/// How many random bits the tampering tests flip.
public enum BitFlips {
    /// The environment variable `CASSETTE_BIT_FLIPS`; a short run by default.
    public static let count: Int =
        ProcessInfo.processInfo.environment["CASSETTE_BIT_FLIPS"].flatMap { Int($0) } ?? 1_500

    /// Every place of `range` when the run is long enough for all of them, else so many of them at equal distances.
    public static func places(_ range: Range<Int>, atMost limit: Int = count) -> StrideTo<Int> {
        stride(from: range.lowerBound, to: range.upperBound, by: max(1, range.count / max(1, limit)))
    }
}

extension [UInt8] {
    /// The bytes with one bit changed.
    public func flipping(bit: Int) -> [UInt8] {
        var bytes = self
        if bytes.indices.contains(bit / 8) { bytes[bit / 8] ^= 1 << (bit % 8) }
        return bytes
    }
}
