public import NIOCore

/// What must hold for every input of one parser: that it does not trap is only the least of it.
///
/// The libFuzzer executables and the replay of the corpus in the unit tests check the same.
public protocol FuzzTarget: SendableMetatype {
    /// The name of the target: that of its folder of corpus.
    static var name: String { get }

    /// Checks all properties on one input.
    static func check(_ input: ByteBuffer) throws(PropertyViolation)
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
