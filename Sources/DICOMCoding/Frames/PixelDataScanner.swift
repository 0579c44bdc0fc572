package import DICOMCore
package import NIOCore

/// Learns what a file is and where its frames are while its bytes pass once, before it is rewritten.
///
/// As lenient as rewriting is: an object needs no identity.
package struct PixelDataScanner: Sendable {
    private let limits: DataSetLimits
    private let thresholds: BulkThresholds
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var builder = DataSetBuilder()
    private var frames: FrameIndexBuilder?
    private var depth = 0
    private var hasForeignFragments = false

    /// Begins at the first byte of a file.
    package init(limits: DataSetLimits, thresholds: BulkThresholds = BulkThresholds()) {
        self.limits = limits
        self.thresholds = thresholds
    }

    /// Takes the next bytes of the file.
    package mutating func scan(_ bytes: ByteBuffer) throws(DataSetError) {
        if decoder != nil {
            decoder?.append(bytes)
        } else if let rest = try part10.read(bytes) {
            begin(rest)
        }
        try drain()
    }

    /// Tells that no more bytes come.
    package mutating func finish() throws(DataSetError) -> ScannedFile {
        if decoder == nil, let rest = try part10.finish() { begin(rest) }
        try drain()
        try decoder?.finish()
        try drain()
        guard let header = part10.header, let decoder else { throw DataSetError(.notDICOM, at: 0) }
        let isAsDeclared =
            decoder.readsBigEndian == header.transferSyntax.isBigEndian && !hasForeignFragments
            && !decoder.quirks.contains { $0.kind == .notDeflated || $0.kind == .zlibHeader }
        return ScannedFile(
            part10: header,
            dataSet: builder.dataSet(),
            frameIndex: isAsDeclared ? frames?.frameIndex() : nil,
            quirks: part10.quirks + decoder.quirks.map { $0.moved(by: header.dataSetOffset) }
        )
    }

    private mutating func begin(_ rest: ByteBuffer) {
        guard let header = part10.header else { return }
        var decoder = DataSetDecoder(
            transferSyntax: header.transferSyntax,
            limits: limits,
            thresholds: thresholds,
            tolerance: .salvage
        )
        decoder.append(rest)
        self.decoder = decoder
        frames = FrameIndexBuilder(isVideo: header.transferSyntax.isVideo)
    }

    private mutating func drain() throws(DataSetError) {
        while let token = try decoder?.next() {
            builder.accept(token)
            if case .beginFragments = token, part10.header?.transferSyntax.isEncapsulated == false {
                hasForeignFragments = true
            }
            switch token {
            case .beginSequence: depth += 1
            case .endSequence: depth -= 1
            case .element(let header, let bytes) where depth == 0:
                frames?.accept(DataElement(tag: header.tag, vr: header.vr, value: .bytes(bytes)))
            default: if depth == 0 { frames?.accept(token) }
            }
        }
    }
}

/// What a file is.
package struct ScannedFile: Sendable {
    /// What stands before its Data Set.
    package let part10: Part10Header
    /// All elements; bulk as references from the first byte of the Data Set (of the inflated one when it is deflated).
    package let dataSet: DataSet
    /// Where its frames are; `nil` without Pixel Data, or when frames cannot be told apart.
    package let frameIndex: FrameIndex?
    /// What is odd about it; offsets count from its first byte (of the inflated Data Set when it is deflated).
    package let quirks: [Quirk]
}
