public import Platform
import Synchronization

/// The same bytes for the same seed (SplitMix64). For tests only: anybody can foretell them.
public final class SeededRandomSource: RandomSource {
    private let state: Mutex<UInt64>

    /// Starts from a seed.
    public init(seed: UInt64 = 1) {
        state = Mutex(seed)
    }

    /// The next `count` bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
    }

    /// The next word.
    public func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    /// A number of `0..<limit`.
    public func next(below limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
