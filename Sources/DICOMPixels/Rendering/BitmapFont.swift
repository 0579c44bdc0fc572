/// Letters of five by seven dots, for what is written into pictures: the printable characters of ASCII.
enum BitmapFont {
    static let width = 5
    static let height = 7

    /// Five columns from left to right, two hexadecimal digits each, the lowest bit on top; from the space on.
    private static let columns: [UInt64] = [
        0x00_0000_0000, 0x00_005F_0000, 0x00_0300_0300, 0x14_7F14_7F14, 0x24_2A7F_2A12, 0x63_1308_6463, 0x36_4956_2050,
        0x00_0003_0000, 0x00_1C22_4100, 0x00_4122_1C00, 0x2A_1C7F_1C2A, 0x08_083E_0808, 0x00_5030_0000, 0x08_0808_0808,
        0x00_6060_0000, 0x60_1008_0403, 0x3E_5149_453E, 0x00_427F_4000, 0x62_5149_4946, 0x21_4149_4D33, 0x18_1412_7F10,
        0x27_4545_4539, 0x3C_4A49_4930, 0x01_7109_0503, 0x36_4949_4936, 0x06_4949_291E, 0x00_3636_0000, 0x00_5636_0000,
        0x08_1422_4100, 0x14_1414_1414, 0x00_4122_1408, 0x02_0151_0906, 0x3E_415D_554E, 0x7E_0909_097E, 0x7F_4949_4936,
        0x3E_4141_4122, 0x7F_4141_413E, 0x7F_4949_4941, 0x7F_0909_0901, 0x3E_4149_493A, 0x7F_0808_087F, 0x00_417F_4100,
        0x20_4040_403F, 0x7F_0814_2241, 0x7F_4040_4040, 0x7F_0204_027F, 0x7F_0408_107F, 0x3E_4141_413E, 0x7F_0909_0906,
        0x3E_4151_215E, 0x7F_0919_2946, 0x26_4949_4932, 0x01_017F_0101, 0x3F_4040_403F, 0x1F_2040_201F, 0x7F_2010_207F,
        0x63_1408_1463, 0x07_0870_0807, 0x61_5149_4543, 0x00_7F41_4100, 0x03_0408_1060, 0x00_4141_7F00, 0x04_0201_0204,
        0x40_4040_4040, 0x00_0102_0000, 0x20_5454_5478, 0x7F_4844_4438, 0x38_4444_4428, 0x38_4444_487F, 0x38_5454_5418,
        0x08_7E09_0102, 0x0C_5252_523E, 0x7F_0804_0478, 0x00_447D_4000, 0x20_4044_3D00, 0x7F_1028_4400, 0x00_417F_4000,
        0x7C_0418_047C, 0x7C_0804_0478, 0x38_4444_4438, 0x7C_1414_1408, 0x08_1414_147C, 0x7C_0804_0408, 0x48_5454_5424,
        0x04_3F44_4020, 0x3C_4040_207C, 0x1C_2040_201C, 0x3C_4030_403C, 0x44_2810_2844, 0x0C_5050_503C, 0x44_6454_4C44,
        0x00_0836_4100, 0x00_007F_0000, 0x00_4136_0800, 0x08_0408_1008,
    ]

    /// Letters with marks, and what they are without.
    private static let unmarked: [Character: Character] = {
        let pairs: [(String, Character)] = [
            ("ÀÁÂÃÅĀĂĄ", "A"), ("àáâãåāăą", "a"), ("ÇĆČ", "C"), ("çćč", "c"), ("ĎĐ", "D"), ("ďđ", "d"),
            ("ÈÉÊËĒĖĘĚ", "E"),
            ("èéêëēėęě", "e"), ("ĞĢ", "G"), ("ğģ", "g"), ("ÌÍÎÏĪİ", "I"), ("ìíîïīı", "i"), ("ŁĻ", "L"), ("łļ", "l"),
            ("ÑŃŇ", "N"), ("ñńň", "n"), ("ÒÓÔÕØŌŐ", "O"), ("òóôõøōő", "o"), ("Ř", "R"), ("ř", "r"), ("ŚŞŠ", "S"),
            ("śşš", "s"), ("ŤŢ", "T"), ("ťţ", "t"), ("ÙÚÛŪŮŰ", "U"), ("ùúûūůű", "u"), ("Ý", "Y"), ("ýÿ", "y"),
            ("ŹŻŽ", "Z"), ("źżž", "z"),
        ]
        return Dictionary(
            pairs.flatMap { marked, plain in marked.map { ($0, plain) } },
            uniquingKeysWith: { first, _ in first }
        )
    }()

    private static let spelled: [Character: String] = [
        "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Æ": "Ae", "æ": "ae", "Œ": "Oe",
        "œ": "oe", "Þ": "Th", "þ": "th",
    ]

    /// The text in letters of this font; what has none is a question mark.
    static func printable(_ text: some StringProtocol) -> [UInt8] {
        text.flatMap { letters(of: $0) ?? [UInt8(ascii: "?")] }
    }

    /// Whether at least half of the text has letters in this font; spaces do not count.
    static func canDraw(_ text: some StringProtocol) -> Bool {
        let characters = text.filter { !$0.isWhitespace }
        return characters.count { letters(of: $0) == nil } * 2 <= characters.count
    }

    private static func letters(of character: Character) -> [UInt8]? {
        if let ascii = character.asciiValue { return [(0x20...0x7E).contains(ascii) ? ascii : 0x20] }
        if let plain = unmarked[character] { return plain.asciiValue.map { [$0] } ?? [] }
        return spelled[character].map { Array($0.utf8) }
    }

    /// Whether there is a dot of that letter.
    static func hasDot(_ letter: UInt8, column: Int, row: Int) -> Bool {
        guard (0x20...0x7E).contains(letter), (0..<width).contains(column), (0..<height).contains(row) else {
            return false
        }
        return columns[Int(letter) - 0x20] >> UInt64(8 * (width - 1 - column) + row) & 1 == 1
    }
}

/// Where text begins, and how large its dots are.
struct TextPlace: Sendable {
    var x: Int
    var y: Int
    /// Pixels of a dot.
    let scale: Int

    /// Letters are as large as the picture allows: about forty lines of them.
    init<Sample: RasterSample>(x: Int, y: Int, _ raster: Raster<Sample>) {
        self.x = x
        self.y = y
        scale = max(1, min(16, min(raster.width, raster.height) / 400))
    }

    /// Pixels from one line to the next.
    var lineHeight: Int { (BitmapFont.height + 2) * scale }

    /// Writes lines with a dark border, so that they can be read on anything.
    func draw<Sample: RasterSample>(_ lines: [String], on raster: inout Raster<Sample>, level: Sample) {
        for (number, line) in lines.enumerated() {
            let top = y + number * lineHeight
            guard top < raster.height, top > -lineHeight, x < raster.width, x > -1_000_000 else { continue }
            let columnCount = (raster.width - min(x, raster.width)) / ((BitmapFont.width + 1) * scale) + 1
            let letters = BitmapFont.printable(line).prefix(columnCount)
            draw(letters, top, border: scale, on: &raster, level: level == 0 ? .max : 0)
            draw(letters, top, border: 0, on: &raster, level: level)
        }
    }

    private func draw<Sample: RasterSample>(
        _ letters: ArraySlice<UInt8>,
        _ top: Int,
        border: Int,
        on raster: inout Raster<Sample>,
        level: Sample
    ) {
        for (position, letter) in letters.enumerated() {
            for column in 0..<BitmapFont.width {
                for row in 0..<BitmapFont.height where BitmapFont.hasDot(letter, column: column, row: row) {
                    let left = x + (position * (BitmapFont.width + 1) + column) * scale
                    for dotY in (top + row * scale - border)..<(top + (row + 1) * scale + border) {
                        for dotX in (left - border)..<(left + scale + border) { raster.set(dotX, dotY, level) }
                    }
                }
            }
        }
    }
}
