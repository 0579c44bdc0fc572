public import DICOMCore
public import NIOCore

/// Reads a Data Set from bytes that come in pieces of any size: append bytes, take tokens.
///
/// The work per byte is constant, memory is bounded by the longest value that is kept, and nothing is ever allocated
/// because a length field says so. Bulk passes in slices. Elements may stand in any order and more than once; what that
/// means is for the reader of the tokens to say.
///
/// Tolerated, because devices write it and it can be read only one way: odd lengths, group lengths, zeros behind the last
/// element, a missing Sequence Delimitation Item at the very end, unknown letters where a VR should be, UN for elements
/// of the dictionary, Implicit VR where Explicit was announced and the reverse. After an error the decoder must not be used again.
public struct DataSetDecoder: Sendable {
    /// One sequence or item that is open.
    struct Level: Sendable {
        let tag: Tag
        let isItem: Bool
        /// Where it ends, if its length says so.
        let end: UInt64?
        /// What nothing inside may reach beyond: its own end or that of what holds it.
        let bound: UInt64
        let isImplicitVR: Bool
        let isBigEndian: Bool
    }

    enum State: Sendable {
        case elements
        case items
        case value(ElementHeader, Int)
        case bulk(UInt64)
        case fragments
        case fragment(UInt64)
        case padding
    }

    /// Which values pass as bulk.
    let thresholds: BulkThresholds
    let limits: DataSetLimits
    private let hasBigEndian: Bool
    var input: DecoderInput
    var levels: [Level] = []
    var state = State.elements
    var elementCount = 0
    var fragmentCount = 0
    var headerLength = 0
    /// Whether the outermost elements are without VR: as the Transfer Syntax says, unless the first element shows it wrong.
    var hasImplicitVR: Bool
    // What holds for the next element, kept beside the levels because every header asks for it.
    var isImplicitVR: Bool
    var isBigEndian: Bool
    var bound = UInt64.max
    /// Pixel Representation (0028,0103) as last seen, for `US or SS` in Implicit VR.
    var hasSignedPixels = false
    /// Whether an element above (0000,0000) has passed, so that zeros cannot be one.
    var hasElements = false
    /// The end that a missing delimiter should have told.
    private var pendingEnd: DataSetToken?

    /// Begins at the first byte of a Data Set.
    public init(
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits(),
        thresholds: BulkThresholds = BulkThresholds()
    ) {
        self.limits = limits
        self.thresholds = thresholds
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

    /// Takes the next bytes of the Data Set.
    public mutating func append(_ bytes: ByteBuffer) {
        input.append(bytes)
    }

    /// The next token; `nil` when more bytes are needed or the Data Set has ended.
    public mutating func next() throws(DataSetError) -> DataSetToken? {
        if let token = pendingEnd {
            pendingEnd = nil
            return token
        }
        while true {
            if let token = try step() { return token }
            guard input.received <= limits.instanceLength else { throw error(.instanceTooLong) }
            guard try input.refill() else { return nil }
        }
    }

    /// Tells that no more bytes come; call it when `next` returned `nil`, and take what tokens there are after it.
    ///
    /// - Throws: `.truncated` inside an element, sequence, or deflated stream.
    public mutating func finish() throws(DataSetError) {
        guard input.isComplete else { throw error(.truncated) }
        switch state {
        case .padding:
            return
        case .elements where levels.isEmpty && input.readableBytes < 8 && input.isZero:
            return
        case .items where levels.count == 1 && levels[0].end == nil && input.readableBytes == 0:
            pop()
            state = .elements
            pendingEnd = .endSequence
        case .fragments where levels.isEmpty && input.readableBytes == 0:
            state = .elements
            pendingEnd = .endFragments(offset: input.position)
        default:
            throw error(.truncated)
        }
    }

    /// Reads one token; `nil` when the bytes for it have not come.
    private mutating func step() throws(DataSetError) -> DataSetToken? {
        switch state {
        case .elements:
            if let level = levels.last, level.end == input.position {
                pop()
                state = .items
                return .endItem
            }
            return try readElement()
        case .items:
            if let level = levels.last, level.end == input.position {
                pop()
                state = .elements
                return .endSequence
            }
            return try readItem()
        case .value(let header, let length):
            return readValue(header, length: length)
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
            guard input.isZero else { throw error(.trailingBytes) }
            input.skip(input.readableBytes)
            return nil
        }
    }

    private mutating func readPiece(of remaining: UInt64) -> (piece: ByteBuffer, rest: UInt64)? {
        let count = Int(min(remaining, UInt64(input.readableBytes)))
        guard count > 0, let piece = input.take(count) else { return nil }
        return (piece, remaining - UInt64(count))
    }

    mutating func push(_ level: Level) {
        levels.append(level)
        enter(level)
    }

    mutating func pop() {
        levels.removeLast()
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

    func error(_ code: DataSetError.Code, tag: Tag? = nil) -> DataSetError {
        var path = levels.filter { !$0.isItem }.map(\.tag)
        if let tag { path.append(tag) }
        return DataSetError(code, at: input.position, path: path)
    }
}

/// From which length a value is bulk: it passes in pieces and is not kept in memory.
///
/// Pixel Data, Float and Double Float Pixel Data are bulk whatever their length.
public struct BulkThresholds: Sendable, Hashable {
    /// Bytes that OB, OD, OF, OL, OV, OW and UN may have in memory.
    public var binaryLength: Int
    /// Bytes that LT, UC and UT may have in memory.
    public var textLength: Int

    /// Makes thresholds; without arguments those of the archive.
    public init(binaryLength: Int = 1 << 10, textLength: Int = 64 << 10) {
        self.binaryLength = binaryLength
        self.textLength = textLength
    }

    /// Everything but pixel data stays in memory, as far as the limits allow.
    public static let none = BulkThresholds(binaryLength: .max, textLength: .max)

    func isBulk(_ tag: Tag, _ vr: VR, length: UInt32) -> Bool {
        switch tag.rawValue {
        case 0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010: return true
        default: break
        }
        switch vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un: return Int(length) > binaryLength
        case .lt, .uc, .ut: return Int(length) > textLength
        default: return false
        }
    }
}
