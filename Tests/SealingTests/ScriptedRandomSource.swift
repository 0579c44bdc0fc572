import Platform
import Synchronization

/// The IV 80..9f and then nonces of twelve equal bytes 0, 1, 2, …, as the vectors have them.
final class ScriptedRandomSource: RandomSource {
    private let count = Mutex(0)

    func bytes(_ length: Int) -> [UInt8] {
        guard length == 12 else { return (0..<length).map { UInt8(0x80 + $0) } }
        return count.withLock { count in
            defer { count += 1 }
            return [UInt8](repeating: UInt8(count % 256), count: 12)
        }
    }
}
