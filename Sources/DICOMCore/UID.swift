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
        guard let text = Self.withoutPadding(text) else { return nil }
        string = text
    }

    /// Accepts a well-formed identifier; trailing NUL and space padding is cut off.
    ///
    /// `nil` for anything else. Beside the generic one, because other modules check text by the thousand; nearly all of it
    /// is taken as it is.
    public init?(_ text: String) {
        guard let text = Self.isWellFormed(text.utf8) ? text : Self.withoutPadding(text) else { return nil }
        string = text
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

    /// The text without padding; `nil` when that is not well formed.
    private static func withoutPadding(_ text: some StringProtocol) -> String? {
        var bytes = Array(text.utf8)
        while let last = bytes.last, last == 0 || last == 0x20 {
            bytes.removeLast()
        }
        return isWellFormed(bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func isWellFormed(_ bytes: some Collection<UInt8>) -> Bool {
        guard (1...lengthLimit).contains(bytes.count) else { return false }
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
