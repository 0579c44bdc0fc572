/// How the bytes of text become characters: the values of Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2).
///
/// Decoding never fails: bytes that the sets do not define become U+FFFD.
public struct SpecificCharacterSet: Sendable, Hashable {
    /// One character set that an element of the list names.
    enum Repertoire: Sendable, Hashable {
        case ascii
        case latin1
        case table(Table)
        case katakana
        case utf8
        case gb18030
        /// Two bytes a character.
        case doubleByte(MultiByteText.DoubleByteSet)
    }

    /// The single-byte sets with a table.
    enum Table: Sendable, Hashable {
        case latin2
        case latin3
        case latin4
        case cyrillic
        case arabic
        case greek
        case hebrew
        case latin5
        case latin9
        case thai

        var codePoints: [UInt16] {
            switch self {
            case .latin2: SingleByteTables.latin2
            case .latin3: SingleByteTables.latin3
            case .latin4: SingleByteTables.latin4
            case .cyrillic: SingleByteTables.cyrillic
            case .arabic: SingleByteTables.arabic
            case .greek: SingleByteTables.greek
            case .hebrew: SingleByteTables.hebrew
            case .latin5: SingleByteTables.latin5
            case .latin9: SingleByteTables.latin9
            case .thai: SingleByteTables.thai
            }
        }
    }

    let first: Repertoire
    /// Whether ISO 2022 escape sequences switch between sets (PS3.5 6.1.2.3).
    let allowsCodeExtensions: Bool

    /// The default repertoire, ISO IR 6.
    public static let ascii = SpecificCharacterSet(terms: [])
    /// Unicode in UTF-8, ISO_IR 192.
    public static let utf8 = SpecificCharacterSet(terms: ["ISO_IR 192"])

    /// Takes the defined terms, in order, without padding.
    ///
    /// Unknown terms mean the default repertoire.
    public init(terms: [String]) {
        first = terms.first.map(Self.repertoire(of:)) ?? .ascii
        // UTF-8, GB18030 and GBK prohibit code extensions.
        allowsCodeExtensions =
            first != .utf8 && first != .gb18030 && (terms.count > 1 || terms.first?.hasPrefix("ISO 2022") == true)
    }

    private static func repertoire(of term: String) -> Repertoire {
        switch term.hasPrefix("ISO 2022 IR") ? "ISO_IR" + term.dropFirst(11) : term {
        case "ISO_IR 100": .latin1
        case "ISO_IR 101": .table(.latin2)
        case "ISO_IR 109": .table(.latin3)
        case "ISO_IR 110": .table(.latin4)
        case "ISO_IR 144": .table(.cyrillic)
        case "ISO_IR 127": .table(.arabic)
        case "ISO_IR 126": .table(.greek)
        case "ISO_IR 138": .table(.hebrew)
        case "ISO_IR 148": .table(.latin5)
        case "ISO_IR 203": .table(.latin9)
        case "ISO_IR 166": .table(.thai)
        case "ISO_IR 13": .katakana
        case "ISO_IR 149": .doubleByte(.ksX1001)
        case "ISO_IR 58": .doubleByte(.gb2312)
        case "ISO_IR 192": .utf8
        case "GB18030", "GBK": .gb18030
        default: .ascii
        }
    }
}
