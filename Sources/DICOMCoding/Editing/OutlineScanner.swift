import DICOMCore
import NIOCore

/// Makes the outline of a Data Set while its bytes pass once.
struct OutlineScanner: Sendable {
    /// Which values are kept.
    struct Wanted: Sendable {
        /// Attributes whose values are kept at any level.
        var tags: Set<Tag> = []
        /// Private groups whose values are kept at any level.
        var privateGroups: Set<UInt16> = []
        /// Whether all text beyond ASCII is kept.
        var hasText = false
        /// Whether the wanted attributes of the outermost Data Set are kept with all that is in them.
        var hasOriginals = false

        func contains(_ tag: Tag) -> Bool {
            tags.contains(tag) || tag.isPrivate && privateGroups.contains(tag.group)
        }
    }

    /// Longer values are not compared with new ones.
    private static let comparedLength = 64 << 10

    private(set) var outline = DataSetOutline()
    private var decoder: DataSetDecoder
    private let wanted: Wanted
    /// The levels and sequences that are open, inside out.
    private var openLevels = [0]
    private var openSequences: [Int] = []
    /// The bulk or fragments that are passing.
    private var openBulk: Int?
    /// Bytes to the end of the last token that ended something.
    private var lastEnd: UInt64 = 0
    private var hasBegun = false
    private var originals = DataSetBuilder()
    private var isKeeping = false

    init(_ transferSyntax: TransferSyntax, _ limits: DataSetLimits, _ wanted: Wanted) {
        let textLength = wanted.hasText ? Int.max : 64 << 10
        let thresholds = BulkThresholds(binaryLength: 64 << 10, textLength: textLength)
        decoder = DataSetDecoder(transferSyntax: transferSyntax, limits: limits, thresholds: thresholds)
        self.wanted = wanted
    }

    mutating func append(_ chunk: ByteBuffer) throws(DataSetError) {
        decoder.append(chunk)
        try drain()
    }

    mutating func finish() throws(DataSetError) {
        try decoder.finish()
        try drain()
        outline.levels[0].contentEnd = lastEnd
        outline.levels[0].end = decoder.position
        if outline.elements.isEmpty { outline.levels[0].encoding = encoding }
    }

    /// The wanted attributes of the outermost Data Set.
    var kept: DataSet { originals.dataSet() }

    /// How the elements at the decoder's place are encoded.
    private var encoding: DataSetOutline.Encoding {
        DataSetOutline.Encoding(isImplicitVR: decoder.isImplicitVR, isBigEndian: decoder.isBigEndian)
    }

    private mutating func drain() throws(DataSetError) {
        while true {
            let before = encoding
            guard let token = try decoder.next() else { return }
            follow(token, before)
        }
    }

    private mutating func follow(_ token: DataSetToken, _ before: DataSetOutline.Encoding) {
        switch token {
        case .element(let header, let bytes):
            let number = add(header, encoding, isSequence: false)
            close(number)
            look(at: bytes, of: number)
        case .beginSequence(let header):
            // The decoder has entered the sequence; the level around it has been seen already, unless it begins here.
            let number = add(header, before, isSequence: true)
            openSequences.append(number)
            lastEnd = decoder.position
        case .endSequence:
            guard let number = openSequences.popLast() else { return }
            outline.elements[number].contentEnd = lastEnd
            close(number)
        case .beginItem: beginItem()
        case .endItem:
            guard openLevels.count > 1, let level = openLevels.popLast() else { return }
            outline.levels[level].contentEnd = lastEnd
            outline.levels[level].end = decoder.position
            lastEnd = decoder.position
        case .beginBulk(let header), .beginFragments(let header):
            openBulk = add(header, encoding, isSequence: false)
        case .endBulk, .endFragments:
            if let number = openBulk { close(number) }
            openBulk = nil
        case .bulkBytes, .beginFragment, .endFragment: break
        }
        keep(token)
    }

    /// Adds an element; `encoding` is that of its header.
    private mutating func add(
        _ header: ElementHeader,
        _ encoding: DataSetOutline.Encoding,
        isSequence: Bool
    ) -> Int {
        let level = openLevels.last ?? 0
        let number = outline.elements.count
        if !hasBegun {
            // The first element shows how the outermost Data Set is encoded in truth.
            hasBegun = true
            outline.levels[0].contentStart = header.offset
            let isImplicitVR = isSequence ? header.valueOffset - header.offset == 8 : encoding.isImplicitVR
            outline.levels[0].encoding = DataSetOutline.Encoding(
                isImplicitVR: isImplicitVR,
                isBigEndian: encoding.isBigEndian
            )
        }
        outline.elements.append(
            DataSetOutline.Element(
                tag: header.tag,
                vr: isSequence ? .sq : header.vr,
                offset: header.offset,
                valueOffset: header.valueOffset,
                hasLength: header.length != nil,
                level: level,
                itemEncoding: isSequence ? self.encoding : nil
            )
        )
        outline.levels[level].elements.append(number)
        return number
    }

    private mutating func close(_ number: Int) {
        outline.elements[number].end = decoder.position
        lastEnd = decoder.position
    }

    private mutating func beginItem() {
        guard let sequence = openSequences.last else { return }
        let number = outline.levels.count
        var level = DataSetOutline.Level()
        level.contentStart = decoder.position
        level.offset = decoder.position - min(8, decoder.position)
        level.hasLength = decoder.levels.last?.end != nil
        level.encoding = encoding
        level.sequence = sequence
        level.depth = openLevels.count
        outline.levels.append(level)
        outline.elements[sequence].items.append(number)
        openLevels.append(number)
        lastEnd = decoder.position
    }

    /// Keeps what the planner needs to know of values.
    private mutating func look(at bytes: ByteBuffer, of number: Int) {
        let element = outline.elements[number]
        let tag = element.tag
        if tag == .specificCharacterSet, outline.levels[element.level].characterSetTerms == nil {
            let terms = DataElement(tag: tag, vr: element.vr, value: .bytes(bytes)).strings(.ascii)
            outline.levels[element.level].characterSetTerms = terms
        } else if tag.isPrivateCreator {
            let creator = DataElement(tag: tag, vr: .lo, value: .bytes(bytes)).strings(.ascii).first
            outline.levels[element.level].blocks.reserve(tag, for: creator ?? "")
        }
        let isText =
            wanted.hasText && element.vr.usesSpecificCharacterSet
            && bytes.readableBytesView.contains { $0 >= 0x80 || $0 == 0x1B }
        let isCompared = wanted.contains(tag) && bytes.readableBytes <= Self.comparedLength
        if isText || isCompared || tag.isGroupLength || tag.rawValue == 0x0008_0001 {
            // A copy of its own, so that the chunk it came in can go.
            outline.values[number] = ByteBuffer(bytes: bytes.readableBytesView)
        }
    }

    /// Keeps the tokens of the wanted attributes of the outermost Data Set.
    private mutating func keep(_ token: DataSetToken) {
        guard wanted.hasOriginals else { return }
        switch token {
        case .element(let header, _) where openSequences.isEmpty, .beginBulk(let header) where openSequences.isEmpty,
            .beginFragments(let header) where openSequences.isEmpty:
            isKeeping = wanted.contains(header.tag)
        case .beginSequence(let header) where openSequences.count == 1:
            isKeeping = wanted.contains(header.tag)
        default: break
        }
        if isKeeping { originals.accept(token) }
    }
}
