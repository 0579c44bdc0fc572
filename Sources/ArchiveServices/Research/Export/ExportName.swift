/// The name of a file in an export: components of letters, digits, `-`, `_`, `=` and `.`, divided by `/`.
///
/// Made of pseudonyms and new UIDs only; no component begins with a dot, so that none leads out of the export.
public struct ExportName: Sendable, Hashable, Comparable {
    /// Bytes at most; ZIP has room for 65,535, file systems for 255 in a component.
    static let lengthLimit = 1_024

    /// The name.
    public let text: String

    /// The name with that text; `nil` when it is none.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.lengthLimit else { return nil }
        for component in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let first = component.first, first != UInt8(ascii: "."), component.count <= 255,
                component.allSatisfy(Self.isAllowed)
            else { return nil }
        }
        self.text = text
    }

    /// The folders that the file lies in, outermost first, and its own name.
    var components: [Substring] { text.split(separator: "/") }

    /// Orders by the bytes of the name.
    public static func < (left: ExportName, right: ExportName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
