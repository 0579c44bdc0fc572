import DICOMCoding
import DICOMCore
public import NIOCore

/// Data Sets in all encodings, and the stored forms of headers and frame indexes.
public enum DataSetTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "DataSet"

    static let jpegBaseline = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50"))

    /// Small enough that an input of some kilobytes can pass each of them.
    static let limits: DataSetLimits = {
        var limits = DataSetLimits()
        limits.depth = 8
        limits.elementCount = 200
        limits.fragmentCount = 50
        limits.valueLength = 8_192
        limits.headerLength = 32_768
        limits.instanceLength = 65_536
        limits.inflatedLength = 131_072
        return limits
    }()

    private static let thresholds = BulkThresholds(binaryLength: 64, textLength: 128)

    /// The first byte chooses what the rest is, the second the pieces in which it comes.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        try examine(input, checkDataSet, checkHeaderArchive: StoredFormProperties.checkHeaderArchive)
    }

    /// One of the readers, which the second byte chooses: of the whole or of pieces, strict or salvaging, or the scanner.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        try examine(input, parseDataSet) { archive, limits throws(PropertyViolation) in
            _ = StoredFormProperties.readHeaderArchive(archive, limits: limits)
        }
    }

    private static func examine(
        _ input: ByteBuffer,
        _ examineDataSet: (ByteBuffer, TransferSyntax, UInt8) throws(PropertyViolation) -> Void,
        checkHeaderArchive: (ByteBuffer, DataSetLimits) throws(PropertyViolation) -> Void
    ) throws(PropertyViolation) {
        var bytes = input
        let choice = bytes.takeChoice()
        let seed = bytes.takeChoice()
        switch choice % 8 {
        case 0: try examineDataSet(bytes, .implicitVRLittleEndian, seed)
        case 1: try examineDataSet(bytes, .explicitVRLittleEndian, seed)
        case 2: try examineDataSet(bytes, .explicitVRBigEndian, seed)
        case 3: try examineDataSet(bytes, .deflatedExplicitVRLittleEndian, seed)
        // Stored blocks of deflate show the parser behind the inflater what the mutations make.
        case 4: try examineDataSet(StoredDeflate.stream(of: bytes), .deflatedExplicitVRLittleEndian, seed)
        case 5: try examineDataSet(bytes, jpegBaseline, seed)
        case 6: try checkHeaderArchive(bytes, limits)
        default: try StoredFormProperties.checkFrameIndex(bytes)
        }
    }

    private static func parseDataSet(
        _ bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        _ seed: UInt8
    ) throws(PropertyViolation) {
        let pieces = seed & 0x10 == 0 ? [bytes] : bytes.pieces(seed: seed)
        guard seed & 0x60 != 0x60 else {
            _ = try InstanceProperties.check(pieces, transferSyntax, limits: limits, thresholds: thresholds)
            return
        }
        let stream = TokenStream(
            decoding: pieces,
            transferSyntax: transferSyntax,
            limits: limits,
            thresholds: thresholds,
            tolerance: seed & 0x20 == 0 ? .unambiguous : .salvage
        )
        try stream.checkStructure(limits: limits)
    }

    static func checkDataSet(
        _ bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        _ seed: UInt8
    ) throws(PropertyViolation) {
        let pieces = bytes.pieces(seed: seed)
        let whole = try checkTokens(bytes, pieces, transferSyntax, .unambiguous)
        let salvaged = try checkTokens(bytes, pieces, transferSyntax, .salvage)
        // Behind letters that are none, salvaging looks for an element without VR first.
        if whole.error == nil, !whole.quirks.contains(.unknownVR) {
            try require(salvaged.tokens == whole.tokens, "salvaging changes \(whole.tokens) to \(salvaged.tokens)")
        }
        let kept = transferSyntax.isDeflated ? limits.headerLength : min(limits.headerLength, bytes.readableBytes)
        try require(whole.keptLength <= kept, "\(whole.keptLength) bytes of values are kept of \(bytes.readableBytes)")
        let header = try InstanceProperties.check(pieces, transferSyntax, limits: limits, thresholds: thresholds)
        // Compression takes most of the time; one input of four is enough to find what it does not give back.
        if let header, seed & 0x0C == 0 { try StoredFormProperties.checkRoundTrip(of: header, limits: limits) }
        if whole.error == nil, seed & 0x0C == 4 { try ModelProperties.checkStreaming(whole.tokens) }
        guard whole.error == nil, !whole.tokens.isEmpty, seed & 0x0C != 0x0C else { return }
        try EncodingProperties.check(bytes, transferSyntax, limits: limits)
        try RewritingProperties.check(bytes, transferSyntax, seed: seed, limits: limits)
    }

    /// The tokens of the bytes, which are those of any pieces of them.
    private static func checkTokens(
        _ bytes: ByteBuffer,
        _ pieces: [ByteBuffer],
        _ transferSyntax: TransferSyntax,
        _ tolerance: Tolerance
    ) throws(PropertyViolation) -> TokenStream {
        let streams = [[bytes], pieces].map {
            TokenStream(
                decoding: $0,
                transferSyntax: transferSyntax,
                limits: limits,
                thresholds: thresholds,
                tolerance: tolerance
            )
        }
        try checkSame(streams[0], streams[1], isDeflated: transferSyntax.isDeflated)
        try streams[0].checkStructure(limits: limits)
        return streams[0]
    }

    /// Any pieces give the same tokens as the whole, and the same end.
    private static func checkSame(
        _ whole: TokenStream,
        _ cut: TokenStream,
        isDeflated: Bool
    ) throws(PropertyViolation) {
        // A failure of zlib takes along what the last piece had made, and an error in that.
        let isSameEnd = isDeflated ? (whole.error == nil) == (cut.error == nil) : whole.error?.code == cut.error?.code
        try require(
            isSameEnd,
            "pieces end with \(String(describing: cut.error)), the whole with \(String(describing: whole.error))"
        )
        guard !isDeflated || whole.error == nil else { return }
        try require(whole.tokens == cut.tokens, "pieces give \(cut.tokens), the whole gives \(whole.tokens)")
        try require(whole.quirks == cut.quirks, "pieces have quirks \(cut.quirks), the whole has \(whole.quirks)")
        try require(whole.error == cut.error, "the same error has two places")
    }
}
