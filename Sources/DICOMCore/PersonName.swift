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

    /// Makes a name of its groups.
    ///
    /// An equals sign in one of them would begin the next one; it becomes a space.
    public init(alphabetic: String = "", ideographic: String = "", phonetic: String = "") {
        func group(_ text: String) -> String {
            PaddedText.trimmed(String(decoding: text.utf8.map { $0 == 0x3D ? 0x20 : $0 }, as: UTF8.self))
        }
        self.alphabetic = group(alphabetic)
        self.ideographic = group(ideographic)
        self.phonetic = group(phonetic)
    }

    /// The three groups, empty ones included.
    public var groups: [String] { [alphabetic, ideographic, phonetic] }

    /// The components of the alphabetic group: family, given, middle, prefix, suffix; empty ones included.
    public var alphabeticComponents: [String] { NameComponents(alphabetic).all }

    /// The components of the group that is shown first: the alphabetic one, if it has text.
    public var components: NameComponents {
        NameComponents(groups.first { !$0.isEmpty } ?? "")
    }

    /// Whether no group has text.
    public var isEmpty: Bool { alphabetic.isEmpty && ideographic.isEmpty && phonetic.isEmpty }

    /// The value with its groups joined again, without trailing empty ones.
    public var string: String {
        if !phonetic.isEmpty { return "\(alphabetic)=\(ideographic)=\(phonetic)" }
        return ideographic.isEmpty ? alphabetic : "\(alphabetic)=\(ideographic)"
    }
}

/// The parts of one component group (PS3.5 6.2.1.1).
public struct NameComponents: Sendable, Hashable {
    /// All parts as they stand, empty ones included; five at most in a name that follows the standard.
    public let all: [String]

    /// Splits a group at `^`.
    public init(_ group: some StringProtocol) {
        all = group.utf8.split(separator: 0x5E, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The family name complex.
    public var familyName: String { component(0) }
    /// The given name complex.
    public var givenName: String { component(1) }
    /// The middle name.
    public var middleName: String { component(2) }
    /// The prefix, for example a title.
    public var namePrefix: String { component(3) }
    /// The suffix, with what a fifth delimiter cut off from it.
    public var nameSuffix: String { all.dropFirst(4).joined(separator: "^") }

    /// The name as people write it: prefix, given, middle, family, suffix.
    public var display: String {
        [namePrefix, givenName, middleName, familyName, nameSuffix].map { PaddedText.trimmed($0) }
            .filter { !$0.isEmpty }.joined(separator: " ")
    }

    private func component(_ place: Int) -> String { place < all.count ? all[place] : "" }
}
