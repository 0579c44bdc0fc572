public import Platform
import Synchronization

/// The same bytes for the same seed (SplitMix64).
///
/// For tests only: anybody can foretell them.
public final class SeededRandomSource: RandomSource {
    private let state: Mutex<SplitMix>

    /// Starts from a seed.
    public init(seed: UInt64 = 1) {
        state = Mutex(SplitMix(seed: seed))
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
        state.withLock { $0.next() }
    }

    /// A number of `0..<limit`.
    public func next(below limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
