public import DICOMCore
public import NIOCore

/// Rewrites a DICOM file in another uncompressed Transfer Syntax while its bytes pass.
///
/// Memory is bounded whatever the length of the file. Compressed Pixel Data is not decompressed; frames that are
/// encapsulated as they are, are taken out of their fragments. What the Data Set means stays as it is; see
/// `quirks` for what was odd about its encoding and is not any more.
public struct FileTranscoder {
    /// The Transfer Syntaxes that can be written.
    public static let targets: [TransferSyntax] = [
        .implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
    ]

    /// Bytes that are held at most while a file without File Meta Information has not named its object.
    private static let heldLimit = 1 << 20

    private let target: TransferSyntax
    private let limits: DataSetLimits
    private let implementationClassUID: UID
    private let implementationVersionName: String
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var rewriter: DataSetRewriter?
    private var deflater: DeflatingStream?
    private var header: Part10Header?
    /// What is known of the object's name, until the File Meta Information is written.
    private var names = DataSet()
    private var hasWrittenHeader = false
    private var held = ByteBuffer()
    private var deflatedLength = 0

    /// Elements that were written.
    public private(set) var elementCount = 0

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - target: one of `targets`.
    ///   - implementationVersionName: up to 16 characters.
    public init(
        to target: TransferSyntax,
        limits: DataSetLimits = DataSetLimits(),
        implementationClassUID: UID,
        implementationVersionName: String
    ) {
        self.target = target
        self.limits = limits
        self.implementationClassUID = implementationClassUID
        self.implementationVersionName = implementationVersionName
        if target.isDeflated { deflater = DeflatingStream(level: 6) }
    }

    /// The Transfer Syntax of the file that is read; `nil` until its header has passed.
    public var sourceTransferSyntax: TransferSyntax? { header?.transferSyntax }

    /// What was odd about the file; offsets count from its first byte (of the inflated Data Set when it is deflated).
    public var quirks: [Quirk] {
        part10.quirks + (decoder?.quirks.map { $0.moved(by: header?.dataSetOffset ?? 0) } ?? [])
    }

    /// Takes the next bytes of the file.
    ///
    /// - Returns: the next bytes of the new file; may be empty.
    /// - Throws: what `Part10Decoder` and `DataSetDecoder` throw; `.notEncodable` for compressed Pixel Data.
    public mutating func transcode(_ bytes: ByteBuffer) throws(DataSetError) -> ByteBuffer {
        if header != nil {
            decoder?.append(bytes)
        } else if let rest = try part10.read(bytes) {
            begin()
            decoder?.append(rest)
        }
        try drain()
        return try takeOutput(isLast: false)
    }

    /// Tells that no more bytes come.
    ///
    /// - Returns: the last bytes of the new file.
    public mutating func finish() throws(DataSetError) -> ByteBuffer {
        if header == nil, let rest = try part10.finish() {
            begin()
            decoder?.append(rest)
        }
        try drain()
        try decoder?.finish()
        try drain()
        return try takeOutput(isLast: true)
    }

    private mutating func begin() {
        guard let header = part10.header else { return }
        self.header = header
        var decoder = DataSetDecoder(transferSyntax: header.transferSyntax, limits: limits, tolerance: .salvage)
        decoder.keepsUnknown = true
        self.decoder = decoder
    }

    private mutating func drain() throws(DataSetError) {
        guard let header else { return }
        while let token = try decoder?.next() {
            if rewriter == nil {
                guard !header.transferSyntax.isReferenced else {
                    throw DataSetError(.notEncodable, at: header.dataSetOffset)
                }
                rewriter = DataSetRewriter(from: header.transferSyntax, to: target)
            }
            note(token)
            try rewriter?.accept(token)
        }
    }

    private mutating func note(_ token: DataSetToken) {
        switch token {
        case .element(let header, let value):
            elementCount += 1
            guard !hasWrittenHeader, names[header.tag] == nil else { return }
            if header.tag == .sopClassUID || header.tag == .sopInstanceUID {
                names.set(DataElement(tag: header.tag, vr: .ui, value: .bytes(value)))
            }
        case .beginSequence, .beginBulk, .beginFragments: elementCount += 1
        default: break
        }
    }

    /// What can be written now.
    private mutating func takeOutput(isLast: Bool) throws(DataSetError) -> ByteBuffer {
        guard let header else { return ByteBuffer() }
        held.writeImmutableBuffer(rewriter?.takeBytes() ?? ByteBuffer())
        var output = ByteBuffer()
        if !hasWrittenHeader {
            let meta = header.fileMetaInformation
            let isNamed =
                meta.mediaStorageSOPInstanceUID != nil && meta.mediaStorageSOPClassUID != nil
                || names.elements.count == 2
            guard isNamed || isLast || held.readableBytes > Self.heldLimit else { return output }
            output = try header.rewritten(
                for: target,
                names: names,
                implementationClassUID: implementationClassUID,
                implementationVersionName: implementationVersionName
            )
            hasWrittenHeader = true
        }
        let dataSet = held
        held = ByteBuffer()
        guard let deflater else {
            output.writeImmutableBuffer(dataSet)
            return output
        }
        let start = output.readableBytes
        guard deflater.deflate(dataSet, isLast: isLast, into: &output) else {
            throw DataSetError(.notEncodable, at: header.dataSetOffset)
        }
        deflatedLength += output.readableBytes - start
        // "…a single trailing NULL byte… if the deflated bit stream has an odd length" (PS3.5 A.5).
        if isLast, deflatedLength % 2 == 1 { output.writeInteger(0 as UInt8) }
        return output
    }
}
