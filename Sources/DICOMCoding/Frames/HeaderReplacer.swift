package import DICOMCore
package import NIOCore

/// Writes a DICOM file with a new header in front of bulk values of an old one, while the bytes of the old one pass.
///
/// A machine: append bytes and take steps; a step wants the new form of a frame before the next is taken. Of the old file
/// nothing is written but the bulk values that the new header refers to, by where they begin. Memory is bounded by the
/// new header and one frame.
package struct HeaderReplacer {
    /// What the caller is to do.
    package enum Step: Sendable {
        /// A frame as it is stored; its new form is put in with `put(frame:)`, in the order of the frames.
        case frame(ByteBuffer)
        /// All frames have passed: the last new form has to be put in before the next step is taken.
        case endOfFrames
    }

    /// How frames are made anew.
    package struct FrameReplacement: Sendable {
        /// The Transfer Syntax that is written.
        package var target: TransferSyntax
        /// How Pixel Data is written.
        package var form: PixelDataForm
        /// Where the frames are.
        package var frameIndex: FrameIndex
        /// Bytes that a frame may have as it is stored.
        package var frameLengthLimit: Int
        /// Whether the bytes of each word of native Pixel Data are exchanged before frames are cut out.
        package var swapsWords: Bool

        /// Makes instructions.
        package init(
            target: TransferSyntax,
            form: PixelDataForm,
            frameIndex: FrameIndex,
            frameLengthLimit: Int,
            swapsWords: Bool
        ) {
            self.target = target
            self.form = form
            self.frameIndex = frameIndex
            self.frameLengthLimit = frameLengthLimit
            self.swapsWords = swapsWords
        }
    }

    private enum Passing: Sendable {
        case nothing
        /// A bulk value that is not written.
        case leftOut
        case value
        case fragments(isOdd: Bool)
        case frames
    }

    private let thresholds: BulkThresholds
    private let limits: DataSetLimits
    private let target: TransferSyntax
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var rewriter: DataSetRewriter
    private var pieces: ArraySlice<HeaderPiece>
    private var passing = Passing.nothing
    private var cutter: FrameCutter?
    private var pixels: PixelDataWriter?
    private var isEndingFrames = false

    /// Begins at the first byte of the old file.
    ///
    /// - Parameters:
    ///   - fileHeader: What stands in front of the new Data Set.
    ///   - header: The new Data Set; its bulk values are those of the old file.
    ///   - source: The Transfer Syntax of the old file.
    ///   - target: That of the new one: not deflated; where the old one is encapsulated and frames stay, the same.
    ///   - thresholds: Those with which the old file was read before.
    package init(
        fileHeader: ByteBuffer,
        header: DataSet,
        source: TransferSyntax,
        target: TransferSyntax,
        frames: FrameReplacement?,
        thresholds: BulkThresholds,
        limits: DataSetLimits
    ) throws(DataSetError) {
        self.thresholds = thresholds
        self.limits = limits
        self.target = target
        rewriter = DataSetRewriter(from: source, to: target)
        rewriter.writer.bytes = fileHeader
        pieces = try HeaderPiece.pieces(of: header, in: target)[...]
        if let frames {
            cutter = FrameCutter(
                frames.frameIndex,
                lengthLimit: frames.frameLengthLimit,
                swapsWords: frames.swapsWords
            )
            pixels = PixelDataWriter(frames.form)
        }
        writePlainPieces()
    }

    /// Takes the next bytes of the old file.
    package mutating func append(_ bytes: ByteBuffer) throws(DataSetError) {
        if decoder != nil {
            decoder?.append(bytes)
        } else if let rest = try part10.read(bytes) {
            begin(rest)
        }
    }

    /// Tells that no more bytes come; steps may follow.
    package mutating func finish() throws(DataSetError) {
        if decoder == nil, let rest = try part10.finish() { begin(rest) }
        try decoder?.finish()
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
    }

    /// The next step; `nil` when more bytes are needed or the file has ended.
    ///
    /// - Throws: what `DataSetDecoder` throws; `.truncated` for Pixel Data without all its frames; `.notEncodable` for
    ///   fragments in a Transfer Syntax that has none.
    package mutating func next() throws(DataSetError) -> Step? {
        while true {
            if case .frames = passing, let frame = cutter?.next() { return .frame(frame) }
            if isEndingFrames { endFrames() }
            guard let token = try decoder?.next() else { return nil }
            if let step = try take(token) { return step }
        }
    }

    /// Writes the new form of the next frame.
    package mutating func put(frame: ByteBuffer) throws(DataSetError) {
        try pixels?.write(frame, &rewriter)
    }

    /// Takes what was written so far.
    package mutating func takeBytes() -> ByteBuffer {
        rewriter.takeBytes()
    }

    /// Takes what is left when the old file has ended and all steps were taken.
    ///
    /// - Throws: `.notEncodable` when a bulk value of the header did not come, or not in the order of its elements.
    package mutating func takeLastBytes() throws(DataSetError) -> ByteBuffer {
        if isEndingFrames { endFrames() }
        if case .bulk(let tag, _) = pieces.first {
            throw DataSetError(.notEncodable, at: decoder?.position ?? 0, path: [tag])
        }
        return rewriter.takeBytes()
    }

    // MARK: Tokens

    private mutating func take(_ token: DataSetToken) throws(DataSetError) -> Step? {
        switch token {
        case .beginBulk(let header), .beginFragments(let header):
            guard case .bulk(_, let value) = pieces.first, value.offset == header.valueOffset else {
                passing = .leftOut
                return nil
            }
            try begin(token, header)
        case .bulkBytes, .beginFragment, .endFragment: try pass(token)
        case .endBulk, .endFragments: return try end(token)
        case .element, .beginSequence, .endSequence, .beginItem, .endItem: break
        }
        return nil
    }

    private mutating func begin(_ token: DataSetToken, _ header: ElementHeader) throws(DataSetError) {
        if header.tag == .pixelData, pixels != nil {
            passing = .frames
            try cutter?.accept(token)
            try pixels?.begin(&rewriter)
        } else if case .beginFragments = token {
            guard target.isEncapsulated, header.tag == .pixelData else {
                throw DataSetError(.notEncodable, at: header.offset, path: [header.tag])
            }
            passing = .fragments(isOdd: false)
            rewriter.writer.writeHeader(header.tag, .ob, length: .max)
        } else {
            passing = .value
            try rewriter.accept(token)
        }
    }

    private mutating func pass(_ token: DataSetToken) throws(DataSetError) {
        switch passing {
        case .nothing, .leftOut: break
        case .value: try rewriter.accept(token)
        case .frames: try cutter?.accept(token)
        case .fragments(let isOdd):
            switch token {
            case .beginFragment(_, let length):
                rewriter.writer.writeMarker(.item, length: length + length % 2)
                passing = .fragments(isOdd: length % 2 == 1)
            case .bulkBytes(let bytes): rewriter.writer.bytes.writeImmutableBuffer(bytes)
            case .endFragment: if isOdd { rewriter.writer.bytes.writeInteger(0 as UInt8) }
            default: break
            }
        }
    }

    private mutating func end(_ token: DataSetToken) throws(DataSetError) -> Step? {
        defer { passing = .nothing }
        switch passing {
        case .nothing, .leftOut: return nil
        case .value: try rewriter.accept(token)
        case .fragments: rewriter.writer.writeMarker(.sequenceDelimitationItem, length: 0)
        case .frames:
            try cutter?.accept(token)
            guard cutter?.isComplete == true else {
                throw DataSetError(.truncated, at: decoder?.position ?? 0, path: [.pixelData])
            }
            isEndingFrames = true
            return .endOfFrames
        }
        pieces = pieces.dropFirst()
        writePlainPieces()
        return nil
    }

    private mutating func endFrames() {
        isEndingFrames = false
        pixels?.end(&rewriter)
        pieces = pieces.dropFirst()
        writePlainPieces()
    }

    private mutating func writePlainPieces() {
        while case .bytes(let bytes) = pieces.first {
            rewriter.writer.bytes.writeImmutableBuffer(bytes)
            pieces = pieces.dropFirst()
        }
    }
}

/// A part of a header that is to be written.
enum HeaderPiece: Sendable {
    case bytes(ByteBuffer)
    /// A bulk value, with its element's header.
    case bulk(Tag, BulkValue)

    /// A sequence that is being written; the outermost Data Set counts as the only item of one.
    private struct Open {
        let items: [DataSet]
        var item = 0
        var element = 0
    }

    /// The parts of a Data Set; sequences and items end with delimiters, for nobody knows lengths that bulk is part of.
    static func pieces(of header: DataSet, in target: TransferSyntax) throws(DataSetError) -> [HeaderPiece] {
        var pieces: [HeaderPiece] = []
        var writer = ElementWriter(target)
        var open = [Open(items: [header])]
        while let current = open.last {
            let elements = current.items[current.item].elements
            guard current.element < elements.count else {
                guard open.count > 1 else { break }
                writer.writeMarker(.itemDelimitationItem, length: 0)
                if current.item + 1 < current.items.count {
                    open[open.count - 1].item += 1
                    open[open.count - 1].element = 0
                    writer.writeMarker(.item, length: .max)
                } else {
                    open.removeLast()
                    writer.writeMarker(.sequenceDelimitationItem, length: 0)
                }
                continue
            }
            open[open.count - 1].element += 1
            let element = elements[current.element]
            switch element.value {
            case .bulk(let value):
                pieces += [.bytes(writer.bytes), .bulk(element.tag, value)]
                writer.bytes = ByteBuffer()
            case .items(let items) where !items.isEmpty:
                writer.writeHeader(element.tag, .sq, length: .max)
                writer.writeMarker(.item, length: .max)
                open.append(Open(items: items))
            case .items: writer.writeHeader(element.tag, .sq, length: 0)
            case .bytes(let bytes): writer.write(element.tag, element.vr, bytes)
            }
        }
        pieces.append(.bytes(writer.bytes))
        return pieces
    }
}
