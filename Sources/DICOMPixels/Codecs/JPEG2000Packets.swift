/// How many packets a JPEG 2000 codestream has by its markers (ISO/IEC 15444-1 B.6 to B.12), before any library counts them.
///
/// Libraries make room for each precinct and look for each packet, also when there are no bytes for them: a few hundred
/// bytes can ask for millions.
struct JPEG2000Packets {
    /// How a component is cut up: what COD and COC say.
    struct Style: Hashable {
        /// How often it is halved.
        var decompositions: Int
        /// The exponents of a precinct's width and height, one for each resolution from the smallest; the last counts for
        /// those that lack.
        var precincts: [Precinct]

        /// Powers of two.
        struct Precinct: Hashable {
            var width: Int
            var height: Int
        }

        /// What holds where nothing else is said.
        static let largest = Precinct(width: 15, height: 15)

        /// Reads the parameters behind the number of decompositions, if there are some of precincts.
        ///
        /// - Parameter bytes: SPcod or SPcoc from the number of decompositions on (tables A.15, A.20).
        init?(_ bytes: some Collection<UInt8>, hasPrecincts: Bool) {
            guard let count = bytes.first, count <= 32, bytes.count >= 5 else { return nil }
            decompositions = Int(count)
            let sizes = hasPrecincts ? bytes.dropFirst(5).prefix(decompositions + 1) : bytes.prefix(0)
            guard !hasPrecincts || sizes.count == decompositions + 1 else { return nil }
            precincts = sizes.map { Precinct(width: Int($0 & 0xF), height: Int($0 >> 4)) }
        }

        func precinct(_ resolution: Int) -> Precinct {
            precincts.indices.contains(resolution) ? precincts[resolution] : precincts.last ?? Self.largest
        }
    }

    /// Those that may lack: a codestream that was cut is short of a few, and no packet is shorter than a byte.
    static let slack = 10_000
    /// Components and tiles are alike in all codestreams but made-up ones.
    static let styleLimit = 64

    /// Ways of cutting up that were seen, each once.
    private(set) var styles: Set<Style> = []
    /// The most layers that were asked for.
    private(set) var layers = 0

    /// Notes what a COD or COC says.
    ///
    /// - Returns: Whether there are not too many different ones.
    mutating func note(_ style: Style, layers count: Int = 0) -> Bool {
        styles.insert(style)
        layers = max(layers, count)
        return styles.count <= Self.styleLimit
    }

    /// The most packets that any of the styles makes of the image; `Int.max` for more than can be counted.
    ///
    /// - Parameter steps: How far apart the samples of each component are, across and down.
    func most(columns: TileEdges, rows: TileEdges, steps: [(across: Int, down: Int)]) -> Int {
        styles.map { style in
            (0...style.decompositions).reduce(0) { sum, resolution in
                let precinct = style.precinct(resolution)
                let halvings = style.decompositions - resolution
                return steps.reduce(sum) { sum, step in
                    let across = columns.precincts(every: step.across, halved: halvings, exponent: precinct.width)
                    let down = rows.precincts(every: step.down, halved: halvings, exponent: precinct.height)
                    return Self.sum(sum, Self.product(Self.product(across, down), layers))
                }
            }
        }.max() ?? 0
    }

    private static func product(_ one: Int, _ other: Int) -> Int {
        let (product, isTooMuch) = one.multipliedReportingOverflow(by: other)
        return isTooMuch ? .max : product
    }

    private static func sum(_ one: Int, _ other: Int) -> Int {
        let (sum, isTooMuch) = one.addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}

/// Where tiles begin and end along one side of the image; numbers of 32 bits (B.3).
struct TileEdges {
    var start = 0
    var end = 0
    var origin = 0
    var length = 1

    var count: Int { (end - origin + length - 1) / length }

    /// Whether counting them in 32 bits does not overflow: else OpenJPH finds none, and reads where none are.
    var isCountedInWords: Bool { end + length <= UInt32.max }

    private func tile(_ index: Int) -> (first: Int, last: Int) {
        (max(start, origin + index * length), min(end, origin + (index + 1) * length))
    }

    /// A number of 33 bits at most, divided by a power of two of 32 at most, rounded up: fits.
    private static func halved(_ edge: Int, _ times: Int) -> Int { (edge + (1 << times) - 1) >> times }

    /// The shortest of the tiles' sides when they have been halved so often (B.5).
    func shortest(halved times: Int) -> Int {
        (0..<count).map { index in
            let (first, last) = tile(index)
            return Self.halved(last, times) - Self.halved(first, times)
        }.min() ?? 0
    }

    /// How many precincts all tiles have along this side (B.6).
    func precincts(every step: Int, halved times: Int, exponent: Int) -> Int {
        (0..<count).reduce(0) { sum, index in
            let (first, last) = tile(index)
            let start = Self.halved((first + step - 1) / step, times)
            let end = Self.halved((last + step - 1) / step, times)
            return start < end ? sum + Self.halved(end, exponent) - (start >> exponent) : sum
        }
    }
}
