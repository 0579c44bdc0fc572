/// Random numbers that a seed repeats (SplitMix64), so that a failure can be repeated.
///
/// For tests only: anybody can foretell them.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts from a seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next word.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number of `0..<limit`.
    public mutating func next(below limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }
}
