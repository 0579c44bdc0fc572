/// Where unpredictable bytes come from: keys, nonces, record and pack identifiers.
public protocol RandomSource: Sendable {
    /// Returns `count` fresh bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// The random generator of the operating system (`getrandom`), fit for keys.
public struct SystemRandomSource: RandomSource {
    /// Makes the source.
    public init() {}

    /// Returns `count` fresh bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            var word = generator.next()
            for _ in 0..<min(8, count - result.count) {
                result.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return result
    }
}
