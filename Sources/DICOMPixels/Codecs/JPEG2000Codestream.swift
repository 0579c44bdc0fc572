import NIOCore

/// What the markers of a JPEG 2000 codestream say (ISO/IEC 15444-1 A), before any library sees it.
struct JPEG2000Codestream {
    /// From SOC to EOC, without what was around it.
    private(set) var bytes: ByteBuffer
    private(set) var columns = 0
    private(set) var rows = 0
    private(set) var components: [Component] = []
    private var tileColumns = TileEdges()
    private var tileRows = TileEdges()
    private var decompositions = 0
    private var layers = 0
    private var packets = JPEG2000Packets()
    /// Whether the image begins where its coordinates do, as nearly all do.
    private var isAtOrigin = false
    /// Whether something says that packets are not as COD has them: other progressions, headers elsewhere, parameters of
    /// a tile.
    private var hasOtherPackets = false
    /// Whether a component may be halved more or less often than COD says.
    private var hasOtherDecompositions = false
    /// Bytes of the tile-parts behind their headers, and of packet headers that stand elsewhere.
    private var packetsLength = 0
    /// Whether colour has been transformed (RCT or ICT).
    private(set) var hasColorTransform = false
    /// Whether code-blocks are those of Part 15 (HTJ2K).
    private(set) var isHighThroughput = false
    /// Whether the transform of samples is the 5/3, without loss; `nil` before COD.
    private var isReversible: Bool?
    /// The style of quantization, from QCD; `nil` before it.
    private var quantization: UInt8?
    /// Whether Part 2 is needed for its samples: arrays of components transformed together.
    private(set) var hasMultiComponentTransform = false

    /// One component of the image.
    struct Component: Hashable {
        var precision: Int
        var isSigned: Bool
        /// How far apart its samples are.
        var across: Int
        var down: Int

        var isSubsampled: Bool { across > 1 || down > 1 }
    }

    /// Whether OpenJPH can decode it: code-blocks of Part 15, each quantization step given, tiles that it can count, and that
    /// are not halved down to single rows or columns, which version 0.9 decodes to other samples.
    var isForOpenJPH: Bool {
        isHighThroughput && quantization != 1
            && [tileColumns, tileRows].allSatisfy { $0.isCountedInWords && $0.shortest(halved: decompositions) > 1 }
    }

    /// Tiles of the image.
    var tileCount: Int { tileColumns.count * tileRows.count }

    /// Reads the codestream in the bytes of a frame: bare, or inside the boxes of a JP2 file.
    ///
    /// - Throws: `.malformed`, also when tiles are missing or cut; `.unsupported` for a region of interest that is
    ///   shifted beyond what samples can hold.
    init(_ frame: ByteBuffer) throws(PixelError) {
        guard let start = Self.start(of: frame) else {
            throw PixelError(.malformed, "no JPEG 2000 codestream")
        }
        bytes = frame
        bytes.moveReaderIndex(forwardBy: start)
        var cursor = bytes
        cursor.moveReaderIndex(forwardBy: 2)
        try readMainHeader(&cursor)
        guard !components.isEmpty, let isReversible, let quantization else {
            throw PixelError(.malformed, "no SIZ, COD or QCD before the first tile-part")
        }
        // Without loss there is nothing to quantize; with it, steps are either each given or derived (A.6.4).
        guard isReversible ? quantization == 0 : (1...2).contains(quantization) else {
            throw PixelError(.malformed, "QCD does not fit COD")
        }
        try readTileParts(&cursor)
        guard packetsLength >= leastPacketsLength else {
            throw Self.malformed("\(packetsLength) bytes are too few for \(layers) layers")
        }
        let steps = components.map { ($0.across, $0.down) }
        guard packets.most(columns: tileColumns, rows: tileRows, steps: steps) - JPEG2000Packets.slack <= packetsLength
        else { throw Self.malformed("\(packetsLength) bytes are too few for the packets of its precincts and layers") }
    }

    /// The bytes that all packets have at least, one each, also if empty (B.9): libraries take what lacks for zeros, and
    /// need long for many layers of nothing.
    private var leastPacketsLength: Int {
        guard !hasOtherPackets, components.contains(where: { !$0.isSubsampled }) else { return 0 }
        // Away from the origin, a resolution of a tile may be empty: then it has no packets; but not all are.
        let isWhole = isAtOrigin && tileCount == 1 && !hasOtherDecompositions
        return tileCount * layers * (isWhole ? (decompositions + 1) * components.count : 1)
    }

    /// Where SOC is: at the first byte, or behind the boxes of JP2.
    ///
    /// SIZ follows SOC at once (A.5.1). Boxes are not followed: their lengths are wrong in some files.
    private static func start(of frame: ByteBuffer) -> Int? {
        let view = frame.readableBytesView
        let opening: [UInt8] = [0xFF, 0x4F, 0xFF, 0x51]
        if view.starts(with: opening) { return 0 }
        var index = view.startIndex
        while let found = view[index...].firstIndex(of: 0xFF) {
            if view[found...].starts(with: opening) { return found - view.startIndex }
            index = found + 1
        }
        return nil
    }

    private static func malformed(_ detail: String) -> PixelError { PixelError(.malformed, detail) }

    /// The contents of a marker segment, behind its length.
    private static func segment(_ cursor: inout ByteBuffer) throws(PixelError) -> ByteBuffer {
        guard let length = cursor.readInteger(as: UInt16.self), length >= 2,
            let segment = cursor.readSlice(length: Int(length) - 2)
        else { throw malformed("a marker segment is cut") }
        return segment
    }

    /// Reads up to the first SOT, which is left for the tile-parts.
    private mutating func readMainHeader(_ cursor: inout ByteBuffer) throws(PixelError) {
        while true {
            guard let marker = cursor.getInteger(at: cursor.readerIndex, as: UInt16.self) else {
                throw Self.malformed("the main header is cut")
            }
            if marker == Marker.sot { return }
            cursor.moveReaderIndex(forwardBy: 2)
            guard marker >= 0xFF01, marker != Marker.soc, marker != Marker.sod, marker != Marker.eoc else {
                throw Self.malformed("the main header has no marker where one must be")
            }
            // Markers without a segment (A.1).
            if (0xFF30...0xFF3F).contains(marker) { continue }
            var segment = try Self.segment(&cursor)
            switch marker {
            case Marker.siz: try readSize(&segment)
            case Marker.cap:
                // Bit 14 from the lowest 0 of the 32 stands for Part 15.
                isHighThroughput = segment.readInteger(as: UInt32.self).map { $0 & 1 << 17 != 0 } ?? false
            case Marker.cod:
                try readCodingStyle(&segment)
            case Marker.qcd:
                guard let style = segment.readInteger(as: UInt8.self) else { throw Self.malformed("QCD") }
                quantization = style & 0x1F
            case Marker.rgn: try checkRegion(segment)
            case Marker.coc: try readComponentStyle(segment)
            case Marker.poc: hasOtherPackets = true
            case Marker.ppm: noteHeadersElsewhere(segment)
            case Marker.mct, Marker.mcc, Marker.mco, Marker.cbd: hasMultiComponentTransform = true
            default: break
            }
        }
    }

    private mutating func readSize(_ segment: inout ByteBuffer) throws(PixelError) {
        guard components.isEmpty else { throw Self.malformed("two SIZ") }
        segment.moveReaderIndex(forwardBy: min(2, segment.readableBytes))
        var numbers: [Int] = []
        for _ in 0..<8 {
            guard let number = segment.readInteger(as: UInt32.self) else { throw Self.malformed("SIZ is cut") }
            numbers.append(Int(number))
        }
        let (xSize, ySize, xOffset, yOffset) = (numbers[0], numbers[1], numbers[2], numbers[3])
        let (xTile, yTile, xTileOffset, yTileOffset) = (numbers[4], numbers[5], numbers[6], numbers[7])
        // The rules of A.5.1: the image is not empty, and the first tile has some of it.
        guard let count = segment.readInteger(as: UInt16.self), count > 0, xSize > xOffset, ySize > yOffset,
            xTile > 0, yTile > 0, xTileOffset <= xOffset, yTileOffset <= yOffset, xTileOffset + xTile > xOffset,
            yTileOffset + yTile > yOffset, segment.readableBytes == 3 * Int(count)
        else { throw Self.malformed("SIZ") }
        isAtOrigin = xOffset == 0 && yOffset == 0
        columns = xSize - xOffset
        rows = ySize - yOffset
        tileColumns = TileEdges(start: xOffset, end: xSize, origin: xTileOffset, length: xTile)
        tileRows = TileEdges(start: yOffset, end: ySize, origin: yTileOffset, length: yTile)
        // Isot has 16 bits (A.4.2); the first two comparisons keep the product small.
        guard tileColumns.count <= 65_535, tileRows.count <= 65_535, tileCount <= 65_535 else {
            throw Self.malformed("\(tileColumns.count) by \(tileRows.count) tiles")
        }
        // No image of ours has more; SIZ allows 16,384.
        guard count <= 4 else { throw PixelError(.mismatch, "\(count) components", tag: nil) }
        for _ in 0..<count {
            guard let depth = segment.readInteger(as: UInt8.self), let across = segment.readInteger(as: UInt8.self),
                let down = segment.readInteger(as: UInt8.self), across > 0, down > 0, depth & 0x7F < 38
            else { throw Self.malformed("a component of SIZ") }
            components.append(
                Component(
                    precision: Int(depth & 0x7F) + 1,
                    isSigned: depth & 0x80 != 0,
                    across: Int(across),
                    down: Int(down)
                )
            )
        }
    }

    /// The values that A.6.1 allows: libraries end the process on others.
    private mutating func readCodingStyle(_ segment: inout ByteBuffer) throws(PixelError) {
        let whole = segment.readableBytesView
        guard let bytes = segment.readBytes(length: 10), bytes[1] <= 4, bytes[2] > 0 || bytes[3] > 0, bytes[4] <= 1,
            bytes[5] <= 32, bytes[6] <= 8, bytes[7] <= 8,
            bytes[6] + bytes[7] <= 8, bytes[9] <= 1
        else { throw Self.malformed("COD") }
        hasColorTransform = bytes[4] == 1
        decompositions = Int(bytes[5])
        layers = Int(bytes[2]) << 8 | Int(bytes[3])
        isReversible = bytes[9] == 1
        try note(JPEG2000Packets.Style(whole.dropFirst(5), hasPrecincts: bytes[0] & 1 != 0), layers: layers)
    }

    /// COD of a tile: the same parameters, for what they cost.
    private mutating func readTileStyle(_ segment: ByteBuffer) throws(PixelError) {
        hasOtherPackets = true
        let bytes = segment.readableBytesView
        guard let options = bytes.first, let layers = segment.getInteger(at: bytes.startIndex + 2, as: UInt16.self)
        else { throw Self.malformed("COD") }
        try note(JPEG2000Packets.Style(bytes.dropFirst(5), hasPrecincts: options & 1 != 0), layers: Int(layers))
    }

    /// COC (A.6.2); the component has one byte, for there are fewer than 257.
    private mutating func readComponentStyle(_ segment: ByteBuffer) throws(PixelError) {
        hasOtherDecompositions = true
        let bytes = segment.readableBytesView.dropFirst()
        guard let options = bytes.first else { throw Self.malformed("COC") }
        try note(JPEG2000Packets.Style(bytes.dropFirst(), hasPrecincts: options & 1 != 0))
    }

    private mutating func note(_ style: JPEG2000Packets.Style?, layers: Int = 0) throws(PixelError) {
        guard let style else { throw Self.malformed("COD or COC is cut") }
        guard packets.note(style, layers: layers) else { throw Self.malformed("too many coding styles") }
    }

    /// PPM or PPT: packets begin with what stands there.
    private mutating func noteHeadersElsewhere(_ segment: ByteBuffer) {
        hasOtherPackets = true
        packetsLength += segment.readableBytes
    }

    /// A shift that leaves no bits for the background in 31 is an attack, or of no use to anybody.
    private func checkRegion(_ segment: ByteBuffer) throws(PixelError) {
        guard let shift = segment.readableBytesView.last, Int(shift) + (components.map(\.precision).max() ?? 0) <= 31
        else { throw PixelError(.unsupported, "a region of interest that is shifted too far") }
    }

    /// Follows the tile-parts to EOC, and cuts what comes behind.
    private mutating func readTileParts(_ cursor: inout ByteBuffer) throws(PixelError) {
        var parts = TileParts(tileCount: tileCount)
        while true {
            let start = cursor.readerIndex
            guard cursor.getInteger(at: start, as: UInt16.self) == Marker.sot else { break }
            cursor.moveReaderIndex(forwardBy: 2)
            var segment = try Self.segment(&cursor)
            guard let tile = segment.readInteger(as: UInt16.self), let length = segment.readInteger(as: UInt32.self),
                let part = segment.readInteger(as: UInt8.self), let count = segment.readInteger(as: UInt8.self)
            else { throw Self.malformed("SOT") }
            guard parts.accept(tile: Int(tile), part: Int(part), count: Int(count)) else {
                throw Self.malformed("a tile-part that cannot be")
            }
            try readTilePartHeader(&cursor)
            if length == 0 {
                // The last one, up to EOC (A.4.2), which alone tells that nothing is cut.
                let offset = cursor.readerIndex - bytes.readerIndex
                let startOffset = start - bytes.readerIndex
                try endAtLastMarker()
                packetsLength += max(0, bytes.readableBytes - 2 - offset)
                tellLength(ofTilePartAt: startOffset)
                guard parts.areComplete else { throw Self.malformed("tiles are missing") }
                return
            }
            let headerLength = cursor.readerIndex - start
            guard Int(length) >= headerLength, Int(length) <= cursor.writerIndex - start else {
                throw Self.malformed("a tile-part is cut")
            }
            cursor.moveReaderIndex(to: start + Int(length))
            packetsLength += Int(length) - headerLength
        }
        guard parts.areComplete else { throw Self.malformed("tiles are missing") }
        let isEnded = cursor.getInteger(at: cursor.readerIndex, as: UInt16.self) == Marker.eoc
        let length = cursor.readerIndex - bytes.readerIndex + (isEnded ? 2 : 0)
        guard var whole = bytes.readSlice(length: length) else { throw Self.malformed("tiles are missing") }
        // All tiles are complete: without EOC it is the same image, as some writers leave it.
        if !isEnded { whole.writeInteger(Marker.eoc) }
        bytes = whole
    }

    /// Writes the length of the last tile-part where 0 stands for "to the end": OpenJPH looks for markers inside of it
    /// then, and believes what it finds.
    private mutating func tellLength(ofTilePartAt offset: Int) {
        guard let length = UInt32(exactly: bytes.readableBytes - 2 - offset) else { return }
        bytes.setInteger(length, at: bytes.readerIndex + offset + 6)
    }

    /// Looks at the markers of a tile-part up to its data.
    private mutating func readTilePartHeader(_ cursor: inout ByteBuffer) throws(PixelError) {
        while let marker = cursor.readInteger(as: UInt16.self) {
            if marker == Marker.sod { return }
            guard marker >= 0xFF51 else { break }
            let segment = try Self.segment(&cursor)
            switch marker {
            case Marker.rgn: try checkRegion(segment)
            case Marker.coc: try readComponentStyle(segment)
            case Marker.cod: try readTileStyle(segment)
            case Marker.poc: hasOtherPackets = true
            case Marker.ppt: noteHeadersElsewhere(segment)
            default: break
            }
        }
        throw Self.malformed("the header of a tile-part is cut")
    }

    /// Cuts padding behind EOC, where nothing else tells the end.
    private mutating func endAtLastMarker() throws(PixelError) {
        let view = bytes.readableBytesView
        guard let last = view.lastIndex(where: { $0 != 0 }), last > view.startIndex, view[last] == 0xD9,
            view[last - 1] == 0xFF, let whole = bytes.getSlice(at: view.startIndex, length: last + 1 - view.startIndex)
        else { throw Self.malformed("no EOC behind a tile-part of unknown length") }
        bytes = whole
    }
}

/// The markers that are looked at (A.2, and Parts 2 and 15).
private enum Marker {
    static let soc: UInt16 = 0xFF4F
    static let cap: UInt16 = 0xFF50
    static let siz: UInt16 = 0xFF51
    static let cod: UInt16 = 0xFF52
    static let coc: UInt16 = 0xFF53
    static let qcd: UInt16 = 0xFF5C
    static let rgn: UInt16 = 0xFF5E
    static let poc: UInt16 = 0xFF5F
    static let ppm: UInt16 = 0xFF60
    static let ppt: UInt16 = 0xFF61
    static let mct: UInt16 = 0xFF74
    static let mcc: UInt16 = 0xFF75
    static let mco: UInt16 = 0xFF77
    static let cbd: UInt16 = 0xFF78
    static let sot: UInt16 = 0xFF90
    static let sod: UInt16 = 0xFF93
    static let eoc: UInt16 = 0xFFD9
}

/// Which parts of which tiles have been seen.
private struct TileParts {
    private var seen: [Int]
    private var counts: [Int]

    init(tileCount: Int) {
        seen = Array(repeating: 0, count: tileCount)
        counts = Array(repeating: 0, count: tileCount)
    }

    /// Takes a tile-part: those of a tile come in order, and how many there are is said in one of them at least (A.4.2).
    ///
    /// One more than is said: Kakadu 4 counted them from 0 (seen in files that went through GDCM's test data).
    mutating func accept(tile: Int, part: Int, count: Int) -> Bool {
        guard seen.indices.contains(tile), part == seen[tile] else { return false }
        seen[tile] += 1
        if count > 0 { counts[tile] = count }
        return counts[tile] == 0 || seen[tile] <= counts[tile] + 1
    }

    /// Whether no tile is missing, as far as the codestream says how many parts it has.
    var areComplete: Bool {
        zip(seen, counts).allSatisfy { seen, count in seen > 0 && seen >= count }
    }
}
