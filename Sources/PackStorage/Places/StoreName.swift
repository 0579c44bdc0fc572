/// The name of a store of packs, as an administrator types it: `warm`, `cold`, `nas-2`.
///
/// Lower-case letters, digits and `-`, beginning with a letter, at most 32 bytes.
public struct StoreName: Hashable, Sendable, Comparable {
    /// The data folder's own packs.
    public static let hot = StoreName(checked: "hot")

    /// The name.
    public let text: String

    /// The store with that name; `nil` when it is no valid name.
    public init?(_ text: String) {
        guard let first = text.utf8.first, Self.isLetter(first), text.utf8.count <= 32 else { return nil }
        let isValid = text.utf8.allSatisfy { byte in
            Self.isLetter(byte) || byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isValid else { return nil }
        self.text = text
    }

    private init(checked text: String) {
        self.text = text
    }

    /// Orders by the bytes of the name.
    public static func < (left: StoreName, right: StoreName) -> Bool {
        left.text < right.text
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

extension StoreName: CustomStringConvertible {
    /// The name.
    public var description: String { text }
}
