/// A name in the three forms of a PN value: alphabetic, ideographic, phonetic (PS3.5 6.2.1.2).
public struct PersonName: Sendable, Hashable {
    /// The component group in single-byte characters; may be empty.
    public let alphabetic: String
    /// The component group in ideographs; may be empty.
    public let ideographic: String
    /// The component group as it is spoken; may be empty.
    public let phonetic: String

    /// Splits a value at `=`; what follows a third group is not part of the name.
    public init(_ value: some StringProtocol) {
        // By code units: to `Character` a delimiter with a combining mark behind it is another letter.
        let groups = value.utf8.split(separator: 0x3D, maxSplits: 3, omittingEmptySubsequences: false)
            .map { PaddedText.trimmed(String(decoding: $0, as: UTF8.self)) }
        alphabetic = groups.first ?? ""
        ideographic = groups.count > 1 ? groups[1] : ""
        phonetic = groups.count > 2 ? groups[2] : ""
    }

    /// The five components of the alphabetic group: family, given, middle, prefix, suffix; empty ones included.
    public var alphabeticComponents: [String] {
        alphabetic.utf8.split(separator: 0x5E, omittingEmptySubsequences: false).map { String(Substring($0)) }
    }

    /// Whether no group has text.
    public var isEmpty: Bool { alphabetic.isEmpty && ideographic.isEmpty && phonetic.isEmpty }

    /// The value with its groups joined again, without trailing empty ones.
    public var string: String {
        if !phonetic.isEmpty { return "\(alphabetic)=\(ideographic)=\(phonetic)" }
        return ideographic.isEmpty ? alphabetic : "\(alphabetic)=\(ideographic)"
    }
}
