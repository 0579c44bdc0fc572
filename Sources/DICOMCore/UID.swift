/// A Unique Identifier: digits and dots, 1 to 64 characters (PS3.5 9.1).
///
/// Reading is lenient where devices in the field are wrong without being ambiguous: a component may begin with a zero.
/// Everything that is not digits with single dots between them is refused, so a `UID` is safe in a URL and in a log.
public struct UID: Sendable, Hashable, Comparable {
    /// The text, without padding.
    public let string: String

    /// The longest text (PS3.5 9.1).
    public static let lengthLimit = 64

    /// Accepts a well-formed identifier; trailing NUL and space padding is cut off.
    ///
    /// `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)
        while let last = bytes.last, last == 0 || last == 0x20 {
            bytes.removeLast()
        }
        guard Self.isWellFormed(bytes) else { return nil }
        string = String(decoding: bytes, as: UTF8.self)
    }

    /// Makes an identifier from a literal in our own source.
    ///
    /// Not for text from outside: use `init?(_:)`.
    public init(literal: StaticString) {
        string = literal.description
    }

    /// Orders by text.
    public static func < (left: UID, right: UID) -> Bool {
        left.string < right.string
    }

    private static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty, bytes.count <= lengthLimit else { return false }
        var digitsInComponent = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39:
                digitsInComponent += 1
            case 0x2E where digitsInComponent > 0:
                digitsInComponent = 0
            default:
                return false
            }
        }
        return digitsInComponent > 0
    }
}

extension UID: CustomStringConvertible {
    /// The text itself.
    public var description: String { string }
}
