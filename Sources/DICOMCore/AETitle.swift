/// An Application Entity Title: 1 to 16 characters of the default repertoire, without backslash and control
/// characters, outer spaces not significant (PS3.5 6.2, PS3.8 9.3.2).
public struct AETitle: Sendable, Hashable, Comparable {
    /// The title without leading and trailing spaces.
    public let string: String

    /// The longest title.
    public static let lengthLimit = 16

    /// Accepts a title; `nil` when it is empty, too long, or holds a character that is not allowed.
    public init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)
        while bytes.last == 0x20 { bytes.removeLast() }
        bytes = Array(bytes.drop { $0 == 0x20 })
        guard !bytes.isEmpty, bytes.count <= Self.lengthLimit else { return nil }
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x5C }) else { return nil }
        string = String(decoding: bytes, as: UTF8.self)
    }

    /// Makes a title from a literal in our own source.
    ///
    /// Not for text from outside: use `init?(_:)`.
    public init(literal: StaticString) {
        string = literal.description
    }

    /// Orders by text.
    public static func < (left: AETitle, right: AETitle) -> Bool {
        left.string < right.string
    }
}

extension AETitle: CustomStringConvertible {
    /// The title itself.
    public var description: String { string }
}
