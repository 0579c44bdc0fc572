/// The escape sequences that choose a set as G0 (bytes below 80) or G1 (bytes above) (PS3.3 tables C.12-3 and C.12-4).
struct EscapeSequence: Sendable, Hashable {
    /// The bytes behind ESC.
    let bytes: [UInt8]
    /// The set.
    let repertoire: Repertoire
    /// Whether it becomes G1.
    let isUpper: Bool

    private init(_ bytes: [UInt8], _ repertoire: Repertoire, isUpper: Bool) {
        self.bytes = bytes
        self.repertoire = repertoire
        self.isUpper = isUpper
    }

    /// How a set of characters beyond ASCII is chosen: JIS X 0208 and 0212 as G0, all others as G1.
    static func choosing(_ repertoire: Repertoire) -> EscapeSequence? {
        defined.first { $0.repertoire == repertoire && $0.repertoire != .ascii }
    }

    /// ASCII as G0, or its Japanese variant.
    static func ascii(isJapanese: Bool) -> [UInt8] { isJapanese ? [0x28, 0x4A] : [0x28, 0x42] }

    /// The sequence that `bytes`, what follows an ESC, begins with; `nil` for none that is known.
    static func leading(_ bytes: ArraySlice<UInt8>) -> EscapeSequence? {
        all.first { bytes.starts(with: $0.bytes) }
    }

    private static let all = defined + registered

    private static let defined = [
        EscapeSequence([0x28, 0x42], .ascii, isUpper: false),
        EscapeSequence([0x28, 0x4A], .ascii, isUpper: false),
        EscapeSequence([0x29, 0x49], .katakana, isUpper: true),
        EscapeSequence([0x24, 0x42], .doubleByte(.jisX0208), isUpper: false),
        EscapeSequence([0x24, 0x28, 0x44], .doubleByte(.jisX0212), isUpper: false),
        EscapeSequence([0x24, 0x29, 0x43], .doubleByte(.ksX1001), isUpper: true),
        EscapeSequence([0x24, 0x29, 0x41], .doubleByte(.gb2312), isUpper: true),
        EscapeSequence([0x2D, 0x41], .latin1, isUpper: true),
        EscapeSequence([0x2D, 0x42], .table(.latin2), isUpper: true),
        EscapeSequence([0x2D, 0x43], .table(.latin3), isUpper: true),
        EscapeSequence([0x2D, 0x44], .table(.latin4), isUpper: true),
        EscapeSequence([0x2D, 0x46], .table(.greek), isUpper: true),
        EscapeSequence([0x2D, 0x47], .table(.arabic), isUpper: true),
        EscapeSequence([0x2D, 0x48], .table(.hebrew), isUpper: true),
        EscapeSequence([0x2D, 0x4C], .table(.cyrillic), isUpper: true),
        EscapeSequence([0x2D, 0x4D], .table(.latin5), isUpper: true),
        EscapeSequence([0x2D, 0x54], .table(.thai), isUpper: true),
        EscapeSequence([0x2D, 0x62], .table(.latin9), isUpper: true),
    ]

    /// What ISO 2375 registers for the same sets and the tables of the standard do not list.
    private static let registered = [
        // The edition of JIS X 0208 of 1978, and the long form of the newer one.
        EscapeSequence([0x24, 0x40], .doubleByte(.jisX0208), isUpper: false),
        EscapeSequence([0x24, 0x28, 0x40], .doubleByte(.jisX0208), isUpper: false),
        EscapeSequence([0x24, 0x28, 0x42], .doubleByte(.jisX0208), isUpper: false),
        EscapeSequence([0x28, 0x49], .katakana, isUpper: false),
        EscapeSequence([0x24, 0x28, 0x43], .doubleByte(.ksX1001), isUpper: false),
        EscapeSequence([0x24, 0x41], .doubleByte(.gb2312), isUpper: false),
        EscapeSequence([0x24, 0x28, 0x41], .doubleByte(.gb2312), isUpper: false),
        EscapeSequence([0x29, 0x42], .ascii, isUpper: true),
        EscapeSequence([0x29, 0x4A], .ascii, isUpper: true),
    ]
}
