/// A defined term of Specific Character Set (0008,0005) (PS3.3 C.12.1.1.2).
struct CharacterSetTerm: Sendable, Hashable {
    /// What the term names.
    let repertoire: Repertoire
    /// Whether it is a term of the tables with code extensions, `ISO 2022 IR ...`.
    let hasCodeExtensions: Bool

    /// Reads a term as devices write it: in any case, with any signs between its parts.
    ///
    /// `nil` for what no table of the standard knows; the empty term is the default repertoire.
    init?(_ text: some StringProtocol) {
        let signs = text.uppercased().utf8
        guard signs.count <= 32, signs.allSatisfy({ Self.isLetter($0) || Self.separators.contains($0) }) else {
            return nil
        }
        let letters = signs.filter { Self.isLetter($0) }
        var rest = String(decoding: letters, as: UTF8.self)[...]
        switch rest {
        case "", "ASCII", "USASCII": self.init(6, hasCodeExtensions: false)
        case "UTF8", "UNICODE", "UNICODEUTF8": self.init(192, hasCodeExtensions: false)
        case "GB18030", "GB180302000", "GB180302005": self.init(.gb18030)
        case "GBK", "ISO2022GBK", "ISO2022IRGBK": self.init(.gbk)
        case "GB2312": self.init(58, hasCodeExtensions: true)
        case "LATIN1": self.init(100, hasCodeExtensions: false)
        default:
            guard rest.hasPrefix("ISO") else { return nil }
            rest = rest.dropFirst(3)
            if rest.hasPrefix("8859") {
                guard let number = Self.registration(ofPart: rest.dropFirst(4)) else { return nil }
                self.init(number, hasCodeExtensions: false)
                return
            }
            let hasCodeExtensions = rest.hasPrefix("2022")
            if hasCodeExtensions { rest = rest.dropFirst(4) }
            if rest.hasPrefix("IR") { rest = rest.dropFirst(2) }
            guard (1...3).contains(rest.utf8.count), let number = Int(rest) else { return nil }
            self.init(number, hasCodeExtensions: hasCodeExtensions)
        }
    }

    /// Space, hyphen, point, colon and underscore.
    private static let separators: Set<UInt8> = [0x20, 0x2D, 0x2E, 0x3A, 0x5F]

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
    }

    private init(_ repertoire: Repertoire) {
        self.repertoire = repertoire
        hasCodeExtensions = false
    }

    private init?(_ registration: Int, hasCodeExtensions: Bool) {
        guard let repertoire = Repertoire.registered[registration] else { return nil }
        self.repertoire = repertoire
        // Sets of two bytes are reached by escape sequences only, UTF-8 forbids them.
        self.hasCodeExtensions = (hasCodeExtensions || repertoire.isDoubleByte) && repertoire.isSwitchable
    }

    /// The term as the standard spells it.
    var text: String {
        switch repertoire {
        case .gb18030: "GB18030"
        case .gbk: "GBK"
        default: (hasCodeExtensions ? "ISO 2022 IR " : "ISO_IR ") + String(repertoire.registration ?? 6)
        }
    }

    /// The number of a part of ISO 8859 in the registry of ISO 2375.
    private static func registration(ofPart part: Substring) -> Int? {
        switch part {
        case "1": 100
        case "2": 101
        case "3": 109
        case "4": 110
        case "5": 144
        case "6": 127
        case "7": 126
        case "8": 138
        case "9": 148
        case "11": 166
        case "15": 203
        default: nil
        }
    }
}

/// One set of characters.
enum Repertoire: Sendable, Hashable {
    /// ISO IR 6, the default; the lower half of all others, too.
    case ascii
    /// ISO 8859-1.
    case latin1
    /// Another part of ISO 8859, or TIS 620.
    case table(SingleByteTable)
    /// JIS X 0201.
    case katakana
    /// Two bytes a character.
    case doubleByte(MultiByteText.DoubleByteSet)
    case utf8
    case gb18030
    case gbk

    /// The sets by their number in the registry of ISO 2375, as the defined terms have it.
    static let registered: [Int: Repertoire] = [
        6: .ascii, 100: .latin1, 101: .table(.latin2), 109: .table(.latin3), 110: .table(.latin4),
        144: .table(.cyrillic), 127: .table(.arabic), 126: .table(.greek), 138: .table(.hebrew),
        148: .table(.latin5), 203: .table(.latin9), 166: .table(.thai), 13: .katakana, 192: .utf8,
        87: .doubleByte(.jisX0208), 159: .doubleByte(.jisX0212), 149: .doubleByte(.ksX1001), 58: .doubleByte(.gb2312),
    ]

    var registration: Int? {
        Self.registered.first { $0.value == self }?.key
    }

    var isDoubleByte: Bool {
        if case .doubleByte = self { true } else { false }
    }

    /// Whether escape sequences may choose it and leave it.
    var isSwitchable: Bool {
        switch self {
        case .ascii, .latin1, .table, .katakana, .doubleByte: true
        case .utf8, .gb18030, .gbk: false
        }
    }

    /// Whether some bytes tell that a text is not in this set: then another may be tried.
    var isTelling: Bool {
        switch self {
        case .ascii, .utf8, .gb18030, .gbk: true
        case .latin1, .table, .katakana, .doubleByte: false
        }
    }
}

/// The single-byte sets with a table.
enum SingleByteTable: Sendable, Hashable, CaseIterable {
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

    /// The code points of the bytes A0 to FF; FFFD where there is none.
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
