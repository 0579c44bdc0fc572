#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where unpredictable bytes come from: keys, nonces, record and pack identifiers.
public protocol RandomSource: Sendable {
    /// Returns `count` fresh bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// The random generator of the operating system (`getentropy`), fit for keys.
public struct SystemRandomSource: RandomSource {
    /// Makes the source.
    public init() {}

    /// Returns `count` fresh bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let part = min(256, count - done)
            // The call takes 256 bytes at most, and fills them or fails.
            let answer = unsafe result.withUnsafeMutableBytes { bytes in
                // `done` and `part` lie within the array.
                unsafe getentropy(bytes.baseAddress?.advanced(by: done), part)
            }
            precondition(answer == 0, "the random generator of the operating system does not answer")
            done += part
        }
        return result
    }
}
