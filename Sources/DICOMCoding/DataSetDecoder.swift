public import DICOMCore
public import NIOCore

/// Reads a Data Set from bytes that come in pieces of any size: append bytes, take tokens.
///
/// The work per byte is constant, memory is bounded by the longest value that is kept, and nothing is ever allocated
/// because a length field says so. Bulk passes in slices. Elements may stand in any order and more than once; what that
/// means is for the reader of the tokens to say.
///
/// What devices write that is not as the standard demands, and can be read one way only, is read and told as `quirks`;
/// `Tolerance` says how far that goes. After an error the decoder must not be used again.
public struct DataSetDecoder: Sendable {
    /// One sequence or item that is open.
    struct Level: Sendable {
        let tag: Tag
        let isItem: Bool
        /// Where it ends, if its length says so.
        var end: UInt64?
        /// What nothing inside may reach beyond: its own end or that of what holds it.
        var bound: UInt64
        var isImplicitVR: Bool
        let isBigEndian: Bool
        /// The last tag of the Data Set around it.
        let outerTag: Tag
        /// Who has reserved which private blocks in the Data Set around it.
        let outerBlocks: PrivateBlocks
    }

    enum State: Sendable {
        case elements
        /// The first element of an item, which tells how the item is encoded.
        case firstElement
        case items
        case value(ElementHeader, Int)
        /// UN that may be a sequence of the dictionary, and the bytes of its header.
        case unknownSequence(ElementHeader, Int)
        case bulk(UInt64)
        case fragments
        case fragment(UInt64)
        case padding
        /// Behind what cannot be told apart any more.
        case garbage
    }

    /// The group that a Group Length counts.
    struct Group: Sendable {
        let tag: Tag
        let offset: UInt64
        let end: UInt64
    }

    /// Which values pass as bulk.
    let thresholds: BulkThresholds
    let limits: DataSetLimits
    let tolerance: Tolerance
    /// Whether Pixel Data may be encapsulated.
    let isEncapsulated: Bool
    /// Whether UN stays UN also for elements of the dictionary: for writing what was read.
    var keepsUnknown = false
    var input: DecoderInput
    var levels: [Level] = []
    var state = State.elements
    var elementCount = 0
    var fragmentCount = 0
    var headerLength = 0
    /// Whether the outermost elements are without VR: as the Transfer Syntax says, unless the first element shows it wrong.
    var hasImplicitVR: Bool
    /// Whether numbers are big-endian: as the Transfer Syntax says, unless the first element shows it wrong.
    var hasBigEndian: Bool
    // What holds for the next element, kept beside the levels because every header asks for it.
    var isImplicitVR: Bool
    var isBigEndian: Bool
    var bound = UInt64.max
    /// The last tag of the innermost Data Set, so that disorder shows.
    var lastTag = Tag(rawValue: 0)
    /// Who has reserved which private blocks in the innermost Data Set.
    var privateBlocks = PrivateBlocks()
    /// Pixel Representation (0028,0103) as last seen, for `US or SS` in Implicit VR.
    var hasSignedPixels = false
    /// Whether an element above group 0000 has passed: the encoding is settled and zeros cannot be an element.
    var hasElements = false
    var group: Group?
    /// Whether something was skipped, so that there is no token and yet more to read.
    var repeats = false
    /// The ends that missing delimiters should have told, the next one last.
    var pendingEnds: [DataSetToken] = []

    /// What was odd so far, with its place; at most `DataSetLimits.quirkCount` of them.
    public internal(set) var quirks: [Quirk] = []
    /// How many quirks there were in all.
    public internal(set) var quirkCount = 0

    /// Begins at the first byte of a Data Set.
    public init(
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits(),
        thresholds: BulkThresholds = BulkThresholds(),
        tolerance: Tolerance = .unambiguous
    ) {
        self.limits = limits
        self.thresholds = thresholds
        self.tolerance = tolerance
        isEncapsulated = transferSyntax.isEncapsulated
        hasImplicitVR = transferSyntax.isImplicitVR
        hasBigEndian = transferSyntax.isBigEndian
        isImplicitVR = hasImplicitVR
        isBigEndian = hasBigEndian
        let inflater =
            transferSyntax.isDeflated
            ? Inflater(lengthLimit: limits.inflatedLength, ratioLimit: limits.inflationRatio) : nil
        input = DecoderInput(inflater: inflater)
    }

    /// Bytes from the first byte of the Data Set (inflated) that tokens have told of or that are being skipped.
    public var position: UInt64 { input.position }

    /// Bytes that were appended.
    public var receivedLength: UInt64 { input.received }

    /// Whether the outermost elements are encoded without VRs; settled when the first element has passed.
    public var readsImplicitVR: Bool { hasImplicitVR }

    /// Whether numbers are encoded with the most significant byte first; settled when the first element has passed.
    public var readsBigEndian: Bool { hasBigEndian }

    /// Takes the next bytes of the Data Set.
    public mutating func append(_ bytes: ByteBuffer) {
        input.append(bytes)
        if let quirk = input.takeQuirk() { note(quirk) }
    }

    /// The next token; `nil` when more bytes are needed or the Data Set has ended.
    public mutating func next() throws(DataSetError) -> DataSetToken? {
        if !pendingEnds.isEmpty { return pendingEnds.popLast() }
        while true {
            if let token = try step() { return token }
            if repeats {
                repeats = false
                continue
            }
            guard input.received <= limits.instanceLength else { throw error(.instanceTooLong) }
            guard try input.refill() else { return nil }
        }
    }

    /// Reads one token; `nil` when the bytes for it have not come.
    private mutating func step() throws(DataSetError) -> DataSetToken? {
        switch state {
        case .elements:
            if let level = levels.last, let end = level.end, end <= input.position { return endItem() }
            return try readElement()
        case .firstElement:
            if let level = levels.last, let end = level.end, end <= input.position { return endItem() }
            return try readFirstElement()
        case .items:
            if let level = levels.last, let end = level.end, end <= input.position { return endSequence() }
            return try readItem()
        case .value(let header, let length):
            return readValue(header, length: length)
        case .unknownSequence(let header, let headerLength):
            return try readUnknownSequence(header, headerLength: headerLength)
        case .bulk(let remaining):
            guard remaining > 0 else {
                state = .elements
                return .endBulk
            }
            return readPiece(of: remaining).map { piece, rest in
                state = .bulk(rest)
                return .bulkBytes(piece)
            }
        case .fragments:
            return try readFragment()
        case .fragment(let remaining):
            guard remaining > 0 else {
                state = .fragments
                return .endFragment
            }
            return readPiece(of: remaining).map { piece, rest in
                state = .fragment(rest)
                return .bulkBytes(piece)
            }
        case .padding:
            try skipPadding()
            return nil
        case .garbage:
            input.skip(input.readableBytes)
            return nil
        }
    }

    private mutating func skipPadding() throws(DataSetError) {
        input.skipZeros()
        guard input.readableBytes > 0 else { return }
        guard tolerance == .salvage else { throw error(.trailingBytes) }
        note(.trailingBytes)
        state = .garbage
    }

    private mutating func readPiece(of remaining: UInt64) -> (piece: ByteBuffer, rest: UInt64)? {
        let count = Int(min(remaining, UInt64(input.readableBytes)))
        guard count > 0, let piece = input.take(count) else { return nil }
        return (piece, remaining - UInt64(count))
    }

    mutating func endItem() -> DataSetToken {
        pop()
        state = .items
        return .endItem
    }

    mutating func endSequence() -> DataSetToken {
        pop()
        state = .elements
        return .endSequence
    }

    mutating func push(_ level: Level) {
        levels.append(level)
        lastTag = Tag(rawValue: 0)
        if !privateBlocks.isEmpty { privateBlocks = PrivateBlocks() }
        enter(level)
    }

    mutating func pop() {
        if let ended = levels.popLast() {
            lastTag = ended.outerTag
            privateBlocks = ended.outerBlocks
        }
        if let level = levels.last {
            enter(level)
        } else {
            isImplicitVR = hasImplicitVR
            isBigEndian = hasBigEndian
            bound = .max
        }
    }

    private mutating func enter(_ level: Level) {
        isImplicitVR = level.isImplicitVR
        isBigEndian = level.isBigEndian
        bound = level.bound
    }

    /// The tags of the sequences that are open, outermost first.
    var path: [Tag] { levels.filter { !$0.isItem }.map(\.tag) }

    mutating func note(_ kind: Quirk.Kind, tag: Tag? = nil) {
        quirkCount += 1
        guard quirks.count < limits.quirkCount else { return }
        quirks.append(Quirk(kind, at: input.position, path: tag.map { path + [$0] } ?? path))
    }

    func error(_ code: DataSetError.Code, tag: Tag? = nil) -> DataSetError {
        DataSetError(code, at: input.position, path: tag.map { path + [$0] } ?? path)
    }
}
