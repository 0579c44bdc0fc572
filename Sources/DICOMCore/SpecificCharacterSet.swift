/// How the bytes of text become characters: the values of Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2).
///
/// Decoding never fails: bytes that the sets do not define become U+FFFD, and ``decoded(_:_:)`` says that it happened.
public struct SpecificCharacterSet: Sendable, Hashable {
    /// What a list of terms means.
    struct Coding: Sendable, Hashable {
        /// The sets in the order of their terms, never none.
        let sets: [Repertoire]
        /// Whether ISO 2022 escape sequences switch between sets (PS3.5 6.1.2.3).
        let allowsCodeExtensions: Bool

        var first: Repertoire { sets.first ?? .ascii }
    }

    /// What the Data Set says.
    let declared: Coding
    /// What is assumed where that is nothing, or cannot be true.
    let assumed: Coding?

    /// The default repertoire, ISO IR 6.
    public static let ascii = SpecificCharacterSet(terms: [])
    /// Unicode in UTF-8, ISO_IR 192.
    public static let utf8 = SpecificCharacterSet(terms: ["ISO_IR 192"])

    /// Takes the defined terms, in order, without padding; the spellings of devices are understood.
    ///
    /// Unknown terms mean the default repertoire.
    public init(terms: [String]) {
        self.init(terms: terms, inside: nil)
    }

    /// Takes the terms of a Data Set, which stands in another one: what is assumed there is assumed here.
    public init(terms: [String], inside outer: SpecificCharacterSet?) {
        declared = Self.coding(terms.prefix(Self.termLimit).map { CharacterSetTerm($0) })
        assumed = outer?.assumed
    }

    /// Reads terms separated by backslashes, as people write them in settings.
    ///
    /// `nil` when there is a term that the standard does not define.
    public init?(setting: String) {
        let terms = setting.split(separator: "\\", omittingEmptySubsequences: false).map { CharacterSetTerm($0) }
        guard !setting.isEmpty, terms.count <= Self.termLimit, terms.allSatisfy({ $0 != nil }) else { return nil }
        declared = Self.coding(terms)
        assumed = nil
    }

    private init(_ declared: Coding, assumed: Coding?) {
        self.declared = declared
        self.assumed = assumed
    }

    /// The same, with another one for text that this one cannot hold: of Data Sets that say nothing, or what is not
    /// true.
    public func assuming(_ other: SpecificCharacterSet?) -> SpecificCharacterSet {
        SpecificCharacterSet(declared, assumed: other?.declared)
    }

    /// Whether text is in UTF-8, and nothing else is assumed.
    public var isUTF8: Bool { declared.first == .utf8 && assumed == nil }

    /// Every defined term, as the standard spells it.
    public static let definedTerms: [String] = {
        let numbers = Repertoire.registered.keys.sorted()
        let terms = numbers.map { "ISO_IR \($0)" } + numbers.map { "ISO 2022 IR \($0)" } + ["GB18030", "GBK"]
        return terms.filter { CharacterSetTerm($0)?.text == $0 }
    }()

    /// The term as the standard spells it; `nil` when it defines no such term.
    public static func definedTerm(of text: String) -> String? {
        CharacterSetTerm(text)?.text
    }

    /// More terms than there are sets say nothing more.
    private static let termLimit = 64

    private static func coding(_ terms: [CharacterSetTerm?]) -> Coding {
        let first = terms.first.flatMap { $0?.repertoire } ?? .ascii
        // UTF-8, GB18030 and GBK prohibit code extensions.
        guard first.isSwitchable else { return Coding(sets: [first], allowsCodeExtensions: false) }
        var sets = [first]
        for set in terms.compactMap({ $0?.repertoire }) where set.isSwitchable && !sets.contains(set) {
            sets.append(set)
        }
        let isExtended = terms.count > 1 || terms.contains { $0?.hasCodeExtensions == true }
        return Coding(sets: sets, allowsCodeExtensions: isExtended)
    }
}
