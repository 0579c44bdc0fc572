import DICOMCoding
public import DICOMCore
public import NIOCore

/// Reads a finished object from its first byte to its last and tells what in it could say who the patient is.
///
/// Text is decoded and searched for identifiers in all the forms in which people write them; the bytes of every value are
/// searched for them in all encodings, compressed streams inside of values are inflated. An object that cannot be read to its
/// end is a leak by itself. Memory is bounded: bulk passes in pieces.
///
/// What may legitimately stand there raises no alarm: a year, a sex, an id of a few digits, a name that is a common word, a
/// number in a number's place. ``IdentifierSearch`` and `ByteSearch` have the rules. Documents whose text is not text, such
/// as scanned pages and letters of PDF that are placed one by one, are not read: the profile removes documents.
public struct LeakScanner: Sendable {
    /// A Data Set or item around the next element.
    struct Level: Sendable {
        var characterSet: SpecificCharacterSet
        /// The sequence that it is an item of; `nil` for the outermost Data Set.
        let sequence: Tag?
    }

    let patterns: LeakPatterns
    let originalDates: [Tag: Set<DICOMDate>]
    private let limits: DataSetLimits
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var isBroken = false
    private var levels = [Level(characterSet: .ascii, sequence: nil)]
    private var openSequences: [Tag] = []
    private var bulk: BulkSearch?
    /// The bytes of a deflated Data Set as they stand in the file: what follows the end of the stream is in no element.
    private var deflated: ByteSearch?
    private var known: Set<Leak> = []
    /// What was found so far, each finding of an element once; at most ``leakLimit``.
    public private(set) var leaks: [Leak] = []

    /// Leaks that are told; one is enough to stop an object.
    public static let leakLimit = 1_000
    /// Bytes of a binary value that are also read as text.
    static let thresholds = BulkThresholds(binaryLength: 1 << 20, textLength: 16 << 20)

    /// Begins at the first byte of a Part 10 file.
    ///
    /// - Parameters:
    ///   - patterns: Of all objects of the patient.
    ///   - original: The identifiers of the object that this one was made of: where dates are shifted, none may stand where
    ///     it stood.
    public init(
        _ patterns: LeakPatterns,
        original: SubjectIdentifiers = SubjectIdentifiers(),
        limits: DataSetLimits = DataSetLimits()
    ) {
        self.patterns = patterns
        self.limits = limits
        var dates: [Tag: Set<DICOMDate>] = [:]
        for identifier in original.identifiers where identifier.kind == .date || identifier.kind == .birthDate {
            guard let date = DICOMDate(String(identifier.text.prefix(8))) ?? DICOMDate(identifier.text) else {
                continue
            }
            dates[identifier.tag, default: []].insert(date)
        }
        originalDates = dates
    }

    /// Begins at the first byte of a Part 10 file.
    public init(identifiers: SubjectIdentifiers, policy: LeakPolicy = LeakPolicy()) {
        self.init(LeakPatterns(identifiers, policy: policy), original: identifiers)
    }

    /// Takes the next bytes of the file.
    public mutating func append(_ bytes: ByteBuffer) {
        guard !isBroken else { return }
        do throws(DataSetError) {
            if decoder != nil {
                try take(bytes)
            } else if let rest = try part10.read(bytes) {
                try begin(rest)
            }
        } catch {
            stop(error)
        }
    }

    /// Tells that no more bytes come.
    ///
    /// - Returns: what must not leave, in the order of the object; empty when it may.
    public mutating func finish() -> [Leak] {
        guard !isBroken else { return leaks }
        do throws(DataSetError) {
            if decoder == nil, let rest = try part10.finish() { try begin(rest) }
            try decoder?.finish()
            try drain()
            if decoder == nil { throw DataSetError(.truncated, at: 0) }
            if let deflated { tell(deflated, isText: false, [], isInflated: false) }
        } catch {
            stop(error)
        }
        return leaks
    }

    private mutating func stop(_ error: DataSetError) {
        isBroken = true
        let finding = Leak.Finding.unreadable(error.code)
        leaks.append(Leak(finding: finding, form: .plain, path: error.path, offset: error.offset, isInflated: false))
    }

    private mutating func begin(_ rest: ByteBuffer) throws(DataSetError) {
        guard let header = part10.header else { return }
        if let preamble = header.preamble { examineBinary(preamble, path: []) }
        for element in header.fileMetaInformation.dataSet.elements {
            if let bytes = element.bytes { examine(element.tag, element.vr, bytes) }
        }
        decoder = DataSetDecoder(transferSyntax: header.transferSyntax, limits: limits, thresholds: Self.thresholds)
        deflated = header.transferSyntax.isDeflated ? ByteSearch() : nil
        try take(rest)
    }

    private mutating func take(_ bytes: ByteBuffer) throws(DataSetError) {
        deflated?.scan(bytes, patterns.table)
        decoder?.append(bytes)
        try drain()
    }

    private mutating func drain() throws(DataSetError) {
        while let token = try decoder?.next() {
            switch token {
            case .element(let header, let bytes):
                if header.tag == .specificCharacterSet, let last = levels.indices.last {
                    let element = DataElement(tag: header.tag, vr: .cs, value: .bytes(bytes))
                    let outer = last > 0 ? levels[last - 1].characterSet : .ascii
                    levels[last].characterSet = SpecificCharacterSet(terms: element.strings(.ascii), inside: outer)
                }
                examine(header.tag, header.vr, bytes)
            case .beginSequence(let header): openSequences.append(header.tag)
            case .endSequence: _ = openSequences.popLast()
            case .beginItem:
                levels.append(Level(characterSet: characterSet, sequence: openSequences.last))
            case .endItem: if levels.count > 1 { levels.removeLast() }
            case .beginBulk(let header), .beginFragments(let header): bulk = BulkSearch(header)
            case .bulkBytes(let piece): bulk?.scan(piece, patterns.table)
            case .endBulk, .endFragments: endBulk()
            case .beginFragment, .endFragment: break
            }
        }
    }

    private mutating func endBulk() {
        guard var bulk else { return }
        self.bulk = nil
        let path = openSequences + [bulk.tag]
        for (search, isInflated) in bulk.finish() { tell(search, isText: false, path, isInflated: isInflated) }
    }

    /// The characters of the Data Set or item at hand.
    var characterSet: SpecificCharacterSet { levels.last?.characterSet ?? .ascii }

    /// The path of an element of the Data Set or item at hand.
    func path(to tag: Tag) -> [Tag] { openSequences + [tag] }

    /// Keeps a leak, each once.
    mutating func tell(_ leak: Leak) {
        guard leaks.count < Self.leakLimit else { return }
        // One find of a kind and form in an element says enough.
        let same = Leak(finding: leak.finding, form: leak.form, path: leak.path, offset: 0, isInflated: leak.isInflated)
        if known.insert(same).inserted { leaks.append(leak) }
    }
}

/// The search in a value that passes in pieces.
struct BulkSearch: Sendable {
    let tag: Tag
    private var search = ByteSearch()
    private var streams: HiddenStreams?
    private var ended: [ByteSearch] = []

    init(_ header: ElementHeader) {
        tag = header.tag
        // Frames are compressed in other ways, and random bytes look like a beginning too often.
        streams = header.tag.group == 0x7FE0 ? nil : HiddenStreams()
    }

    mutating func scan(_ piece: ByteBuffer, _ table: BytePatternTable) {
        search.scan(piece, table)
        var ended: [ByteSearch] = []
        streams?.scan(piece, table) { ended.append($0) }
        self.ended += ended.filter { !$0.hits.isEmpty }
    }

    mutating func finish() -> [(search: ByteSearch, isInflated: Bool)] {
        var ended = ended
        streams?.finish { ended.append($0) }
        return [(search, false)] + ended.map { ($0, true) }
    }
}
