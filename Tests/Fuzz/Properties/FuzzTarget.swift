public import NIOCore

/// What must hold for every input of one parser: that it does not trap is only the least of it.
///
/// The replay of the corpus in the unit tests checks everything for each input. The libFuzzer executables do so for a
/// sample, which the bytes of an input choose, and only parse the others: that is many times as fast.
public protocol FuzzTarget: SendableMetatype {
    /// The name of the target: that of its folder of corpus.
    static var name: String { get }

    /// Checks all properties on one input.
    static func check(_ input: ByteBuffer) throws(PropertyViolation)

    /// Of how many inputs one has all its properties checked; a power of 2.
    static var sampleInterval: UInt64 { get }

    /// Reads one input once, as ``check(_:)`` does among other things, with the properties that cost next to nothing.
    static func parse(_ input: ByteBuffer) throws(PropertyViolation)
}

extension FuzzTarget {
    /// One of 16.
    public static var sampleInterval: UInt64 { 16 }

    /// Everything, where it is cheap.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try check(input) }

    /// Checks everything for the inputs of the sample, and parses the others.
    public static func examine(_ input: ByteBuffer) throws(PropertyViolation) {
        if input.isSample(of: sampleInterval) { try check(input) } else { try parse(input) }
    }
}

/// A property that does not hold for an input.
public struct PropertyViolation: Error, CustomStringConvertible {
    /// What was promised, and what was found instead.
    public let description: String

    /// Makes a violation.
    public init(_ description: String) {
        self.description = description
    }
}

/// Says that a property must hold.
public func require(
    _ condition: @autoclosure () -> Bool,
    _ promise: @autoclosure () -> String
) throws(PropertyViolation) {
    guard condition() else { throw PropertyViolation(promise()) }
}

extension ByteBuffer {
    /// Whether these bytes are one of so many, always the same ones (FNV-1a).
    func isSample(of interval: UInt64) -> Bool {
        let hash = readableBytesView.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return (hash ^ hash >> 32) % interval == 0
    }

    /// The next byte, 0 behind the last: bytes of an input that choose what is done with the rest.
    public mutating func takeChoice() -> UInt8 {
        readInteger(as: UInt8.self) ?? 0
    }

    /// The bytes in pieces whose lengths follow from a seed; one of every four seeds gives single bytes.
    ///
    /// Each piece has memory of its own, as pieces from a socket have.
    public func pieces(seed: UInt8) -> [ByteBuffer] {
        var rest = self
        var pieces: [ByteBuffer] = []
        var state = UInt32(seed)
        while rest.readableBytes > 0 {
            state = state &* 1_664_525 &+ 1_013_904_223
            // Few pieces of a long input: the time for one input must not grow with their number.
            let longest = seed % 4 == 0 && readableBytes <= 64 ? 1 : Swift.max(1, readableBytes / 8)
            let length = Swift.min(1 + Int(state >> 16) % longest, rest.readableBytes)
            guard let piece = rest.readSlice(length: length) else { break }
            pieces.append(ByteBuffer(buffer: piece))
        }
        return pieces
    }
}
