public import Platform
import Synchronization

/// The same bytes for the same seed (SplitMix64).
///
/// For tests only: anybody can foretell them.
public final class SeededRandomSource: RandomSource {
    private let state: Mutex<UInt64>

    /// Starts from a seed.
    public init(seed: UInt64 = 1) {
        state = Mutex(seed)
    }

    /// The next `count` bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = next()
            for shift in 0..<8 as Range<UInt64> { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
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
