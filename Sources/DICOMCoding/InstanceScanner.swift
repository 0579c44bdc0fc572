public import DICOMCore
public import NIOCore

/// Learns what an object is while its Data Set passes once: identity, header, frames.
///
/// Nothing of bulk is kept, and its bytes are not looked at.
public struct InstanceScanner: Sendable {
    private var decoder: DataSetDecoder
    private var builder = DataSetBuilder()
    private var frames: FrameIndexBuilder
    private var identities = IdentityCollector()
    private let transferSyntax: TransferSyntax
    private var lastTag: Tag?
    /// Whether Pixel Data came in fragments although its Transfer Syntax has none.
    private var hasForeignFragments = false
    /// Whether an element of the outermost level stands behind one with its tag or a higher one (PS3.5 7.1).
    public private(set) var isDisordered = false
    /// Sequences around the next token.
    private var depth = 0

    /// Begins at the first byte of a Data Set.
    public init(
        transferSyntax: TransferSyntax,
        limits: DataSetLimits = DataSetLimits(),
        thresholds: BulkThresholds = BulkThresholds()
    ) {
        decoder = DataSetDecoder(transferSyntax: transferSyntax, limits: limits, thresholds: thresholds)
        self.transferSyntax = transferSyntax
        frames = FrameIndexBuilder(isVideo: transferSyntax.isVideo)
    }

    /// What was odd so far, with offsets from the first byte of the Data Set; at most `DataSetLimits.quirkCount`.
    public var quirks: [Quirk] { decoder.quirks }

    /// Which object it is, as soon as the four identifiers have passed.
    public var identity: InstanceIdentity? { identities.identity }

    /// Takes the next bytes of the Data Set.
    ///
    /// - Throws: what `DataSetDecoder` throws; `.duplicateIdentity`; `.otherTransferSyntax`. The scanner must not be used after an error.
    public mutating func scan(_ chunk: ByteBuffer) throws(DataSetError) {
        decoder.append(chunk)
        try drain()
    }

    /// Tells that no more bytes come.
    ///
    /// - Throws: `.truncated`; `.missingIdentity`, whose path is the first identifier that is absent or malformed.
    public mutating func finish() throws(DataSetError) -> ScannedInstance {
        try decoder.finish()
        try drain()
        guard let identity else {
            throw DataSetError(.missingIdentity, at: decoder.position, path: identities.missing.map { [$0] } ?? [])
        }
        return ScannedInstance(
            identity: identity,
            header: builder.dataSet(),
            frameIndex: isAsDeclared ? frames.frameIndex() : nil,
            dataSetLength: decoder.receivedLength
        )
    }

    /// Whether frames can be handed out as they are: in the byte order, the compression and the form that the
    /// Transfer Syntax says.
    ///
    /// Others are served as whole objects only.
    private var isAsDeclared: Bool {
        decoder.readsBigEndian == transferSyntax.isBigEndian && !hasForeignFragments
            && !decoder.quirks.contains { $0.kind == .notDeflated || $0.kind == .zlibHeader }
    }

    private mutating func follow(_ token: DataSetToken) {
        let tag: Tag
        switch token {
        case .element(let header, _), .beginSequence(let header), .beginBulk(let header), .beginFragments(let header):
            tag = header.tag
        case .endSequence, .beginItem, .endItem, .bulkBytes, .endBulk, .beginFragment, .endFragment, .endFragments:
            return
        }
        if let lastTag, tag <= lastTag { isDisordered = true }
        lastTag = tag
    }

    // File Meta Information has no place in a Data Set; where it says the truth it does no harm.
    private func names(_ transferSyntax: TransferSyntax, _ element: DataElement) -> Bool {
        let asUID = DataElement(tag: element.tag, vr: .ui, value: element.value)
        return asUID.strings(.ascii).first == transferSyntax.uid.string
    }

    private mutating func drain() throws(DataSetError) {
        while let token = try decoder.next() {
            builder.accept(token)
            if case .beginFragments = token, !transferSyntax.isEncapsulated { hasForeignFragments = true }
            if depth == 0 { follow(token) }
            switch token {
            case .beginSequence: depth += 1
            case .endSequence: depth -= 1
            case .element(let header, let bytes) where depth == 0:
                let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(bytes))
                guard identities.accept(element) else {
                    throw DataSetError(.duplicateIdentity, at: header.offset, path: [header.tag])
                }
                guard header.tag != .transferSyntaxUID || names(transferSyntax, element) else {
                    throw DataSetError(.otherTransferSyntax, at: header.offset, path: [header.tag])
                }
                frames.accept(element)
            default:
                if depth == 0 { frames.accept(token) }
            }
        }
    }
}

/// What a stored object is.
public struct ScannedInstance: Sendable, Hashable {
    /// Its identifiers.
    public let identity: InstanceIdentity
    /// All elements; bulk as references from the first byte of the Data Set (of the inflated one when it is deflated).
    public let header: DataSet
    /// Where its frames are; `nil` without Pixel Data, or when frames cannot be told apart.
    public let frameIndex: FrameIndex?
    /// Bytes of the Data Set as it was received.
    public let dataSetLength: UInt64

    /// Makes a result.
    public init(identity: InstanceIdentity, header: DataSet, frameIndex: FrameIndex?, dataSetLength: UInt64) {
        self.identity = identity
        self.header = header
        self.frameIndex = frameIndex
        self.dataSetLength = dataSetLength
    }
}
