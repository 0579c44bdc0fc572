/// The name of a blob: lower-case letters, digits, `-`, `_`, `=`, `.` in components divided by `/`, at most 255 bytes.
///
/// Made only of ids of ours, so nothing from a peer becomes a path; no component begins with a dot.
public struct BlobKey: Hashable, Sendable, Comparable {
    /// The name.
    public let text: String

    /// The key with that name; `nil` when it is no valid name.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 255 else { return nil }
        for component in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let first = component.first, first != UInt8(ascii: "."), component.allSatisfy(Self.isAllowed) else {
                return nil
            }
        }
        self.text = text
    }

    /// For names that this module makes of hexadecimal digits.
    init(checked text: String) {
        self.text = text
    }

    /// Orders by the bytes of the name.
    public static func < (left: BlobKey, right: BlobKey) -> Bool {
        left.text < right.text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
