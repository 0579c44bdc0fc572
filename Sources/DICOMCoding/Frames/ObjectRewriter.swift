package import DICOMCore
package import NIOCore

/// Rewrites a DICOM file in another Transfer Syntax while its bytes pass, with frames that the caller makes.
///
/// A machine: append bytes and take steps; a step may want something of the caller before the next is taken. Everything
/// but Pixel Data is written as `DataSetRewriter` does, with the given elements in the place of those that were there.
/// Memory is bounded by one frame and the longest sequence that is held.
package struct ObjectRewriter {
    /// What the caller is to do.
    package enum Step: Sendable {
        /// A frame as it is stored; its new form is put in with `put(frame:)`, in the order of the frames.
        case frame(ByteBuffer)
        /// All frames have passed: the last new form has to be put in before the next step is taken.
        case endOfFrames
        /// A sequence with encapsulated Pixel Data inside, with its beginning and end; what stands in its place is put in
        /// with `put(tokens:)`.
        case sequence([DataSetToken])
    }

    /// What is rewritten, and how.
    package struct Instructions: Sendable {
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
        /// Elements that stand in the place of those of the outermost Data Set, or are added to it.
        package var elements: DataSet
        /// SOP Class and SOP Instance UID of what is written.
        package var names: DataSet
        /// Whether the object gets another name than it had.
        package var renames: Bool
        /// Who writes.
        package var implementationClassUID: UID
        /// Who writes, up to 16 characters.
        package var implementationVersionName: String

        /// Makes instructions.
        package init(
            target: TransferSyntax,
            form: PixelDataForm,
            frameIndex: FrameIndex,
            frameLengthLimit: Int,
            swapsWords: Bool,
            elements: DataSet,
            names: DataSet,
            renames: Bool,
            implementationClassUID: UID,
            implementationVersionName: String
        ) {
            self.target = target
            self.form = form
            self.frameIndex = frameIndex
            self.frameLengthLimit = frameLengthLimit
            self.swapsWords = swapsWords
            self.elements = elements
            self.names = names
            self.renames = renames
            self.implementationClassUID = implementationClassUID
            self.implementationVersionName = implementationVersionName
        }
    }

    /// Bytes of bulk that a sequence may hold that is held.
    private static let heldLimit = 32 << 20

    private let instructions: Instructions
    private let limits: DataSetLimits
    private var part10 = Part10Decoder()
    private var decoder: DataSetDecoder?
    private var rewriter: DataSetRewriter?
    private var deflater: DeflatingStream?
    private var deflatedLength = 0
    private var output = ByteBuffer()
    private var cutter: FrameCutter
    private var pixels: PixelDataWriter
    private var isInPixelData = false
    private var hasPixelData = false
    /// The elements of the instructions that were not written yet.
    private var waiting: ArraySlice<DataElement>
    /// Sequences that are open.
    private var depth = 0
    /// Whether the tokens of a top-level element are left out, up to its end.
    private var isLeavingOut = false
    private var held: [DataSetToken] = []
    private var heldLength = 0
    private var holdsEncapsulated = false

    /// Begins at the first byte of a file.
    package init(_ instructions: Instructions, limits: DataSetLimits) {
        self.instructions = instructions
        self.limits = limits
        cutter = FrameCutter(
            instructions.frameIndex,
            lengthLimit: instructions.frameLengthLimit,
            swapsWords: instructions.swapsWords
        )
        pixels = PixelDataWriter(instructions.form)
        waiting = instructions.elements.elements[...]
        if instructions.target.isDeflated { deflater = DeflatingStream(level: 6) }
    }

    /// Takes the next bytes of the file.
    package mutating func append(_ bytes: ByteBuffer) throws(DataSetError) {
        if decoder != nil {
            decoder?.append(bytes)
        } else if let rest = try part10.read(bytes) {
            try begin(rest)
        }
    }

    /// Tells that no more bytes come; steps may follow.
    package mutating func finish() throws(DataSetError) {
        if decoder == nil, let rest = try part10.finish() { try begin(rest) }
        try decoder?.finish()
    }

    private mutating func begin(_ rest: ByteBuffer) throws(DataSetError) {
        guard let header = part10.header else { return }
        var decoder = DataSetDecoder(transferSyntax: header.transferSyntax, limits: limits, tolerance: .salvage)
        decoder.keepsUnknown = true
        decoder.append(rest)
        self.decoder = decoder
        rewriter = DataSetRewriter(from: header.transferSyntax, to: instructions.target)
        output = try header.rewritten(
            for: instructions.target,
            names: instructions.names,
            renames: instructions.renames,
            implementationClassUID: instructions.implementationClassUID,
            implementationVersionName: instructions.implementationVersionName
        )
    }

    /// The next step; `nil` when more bytes are needed or the file has ended.
    ///
    /// - Throws: what `DataSetDecoder` throws; `.truncated` for Pixel Data without all its frames; `.lengthExceedsLimit`.
    package mutating func next() throws(DataSetError) -> Step? {
        while true {
            if isInPixelData, let frame = cutter.next() { return .frame(frame) }
            guard let token = try decoder?.next() else { return nil }
            if let step = try take(token) { return step }
        }
    }

    /// Writes the new form of the next frame.
    package mutating func put(frame: ByteBuffer) throws(DataSetError) {
        guard rewriter != nil else { return }
        var writing = rewriter.take() ?? DataSetRewriter(from: instructions.target, to: instructions.target)
        defer { rewriter = writing }
        try pixels.write(frame, &writing)
    }

    /// Writes what stands in the place of a sequence that was held.
    package mutating func put(tokens: [DataSetToken]) throws(DataSetError) {
        for token in tokens { try rewriter?.accept(token) }
    }

    /// Takes what was written so far.
    ///
    /// - Parameter isLast: Whether the file has ended and all steps were taken.
    package mutating func takeBytes(isLast: Bool) throws(DataSetError) -> ByteBuffer {
        if isLast { try writeElements(before: nil) }
        let dataSet = rewriter?.takeBytes() ?? ByteBuffer()
        var bytes = output
        output = ByteBuffer()
        guard let deflater else {
            if bytes.readableBytes == 0 { return dataSet }
            bytes.writeImmutableBuffer(dataSet)
            return bytes
        }
        let start = bytes.readableBytes
        guard deflater.deflate(dataSet, isLast: isLast, into: &bytes) else {
            throw DataSetError(.notEncodable, at: 0)
        }
        deflatedLength += bytes.readableBytes - start
        // "…a single trailing NULL byte… if the deflated bit stream has an odd length" (PS3.5 A.5).
        if isLast, deflatedLength % 2 == 1 { bytes.writeInteger(0 as UInt8) }
        return bytes
    }

    /// Whether Pixel Data has passed.
    package var hasPassedPixelData: Bool { hasPixelData }

    private mutating func take(_ token: DataSetToken) throws(DataSetError) -> Step? {
        if isInPixelData { return try takePixelData(token) }
        if !held.isEmpty { return try hold(token) }
        let isOutermost = depth == 0
        switch token {
        case .beginSequence: depth += 1
        case .endSequence: depth -= 1
        default: break
        }
        guard !isLeavingOut else {
            isLeavingOut = !isEnd(token)
            return nil
        }
        if isOutermost, let header = header(of: token) {
            if Self.isPixelData(header.tag), !isElementToken(token) {
                try beginPixelData(token, header)
                return nil
            }
            try writeElements(before: header.tag)
            if instructions.elements[header.tag] != nil || Self.isOffsetTable(header.tag) {
                isLeavingOut = !isElementToken(token)
                return nil
            }
            if case .beginSequence = token, header.tag == .iconImageSequence {
                held = [token]
                heldLength = 0
                holdsEncapsulated = false
                return nil
            }
        }
        try rewriter?.accept(token)
        return nil
    }

    /// Whether an element of the outermost Data Set that is left out ends with this token.
    private func isEnd(_ token: DataSetToken) -> Bool {
        switch token {
        case .endSequence: depth == 0
        case .endBulk, .endFragments: depth == 0
        default: false
        }
    }

    private mutating func beginPixelData(_ token: DataSetToken, _ header: ElementHeader) throws(DataSetError) {
        // Float Pixel Data is never compressed (PS3.5 8.4), and Pixel Data stands once.
        guard header.tag == .pixelData, !hasPixelData else {
            throw DataSetError(.notEncodable, at: header.offset, path: [header.tag])
        }
        var isFragments = false
        if case .beginFragments = token { isFragments = true }
        guard isFragments == instructions.frameIndex.isEncapsulated else {
            throw DataSetError(.notEncodable, at: header.offset, path: [header.tag])
        }
        try writeElements(before: header.tag)
        hasPixelData = true
        isInPixelData = true
        try cutter.accept(token)
        if var writing = rewriter.take() {
            defer { rewriter = writing }
            try pixels.begin(&writing)
        }
    }

    private mutating func takePixelData(_ token: DataSetToken) throws(DataSetError) -> Step? {
        try cutter.accept(token)
        switch token {
        case .endBulk, .endFragments:
            guard cutter.isComplete else {
                throw DataSetError(.truncated, at: decoder?.position ?? 0, path: [.pixelData])
            }
            isInPixelData = false
            isEndingPixelData = true
            return .endOfFrames
        default: return nil
        }
    }

    /// Whether the frames are all put in when the next step is taken.
    private var isEndingPixelData = false

    private mutating func hold(_ token: DataSetToken) throws(DataSetError) -> Step? {
        switch token {
        case .beginSequence: depth += 1
        case .endSequence: depth -= 1
        case .beginFragments: holdsEncapsulated = true
        case .bulkBytes(let bytes): heldLength += bytes.readableBytes
        default: break
        }
        guard heldLength <= Self.heldLimit else {
            throw DataSetError(.lengthExceedsLimit, at: decoder?.position ?? 0, path: [.iconImageSequence])
        }
        held.append(token)
        guard case .endSequence = token, depth == 0 else { return nil }
        let tokens = held
        held = []
        guard holdsEncapsulated else {
            try put(tokens: tokens)
            return nil
        }
        return .sequence(tokens)
    }

    /// Writes the elements of the instructions that stand in front of a tag; without one all that are left.
    private mutating func writeElements(before tag: Tag?) throws(DataSetError) {
        if isEndingPixelData, var writing = rewriter.take() {
            isEndingPixelData = false
            pixels.end(&writing)
            rewriter = writing
        }
        let due = waiting.prefix { element in tag.map { element.tag <= $0 } ?? true }
        guard !due.isEmpty else { return }
        waiting = waiting.dropFirst(due.count)
        try rewriter?.write(DataSet(due), in: instructions.target)
    }

    private func header(of token: DataSetToken) -> ElementHeader? {
        switch token {
        case .element(let header, _), .beginSequence(let header), .beginBulk(let header), .beginFragments(let header):
            header
        default: nil
        }
    }

    private func isElementToken(_ token: DataSetToken) -> Bool {
        if case .element = token { true } else { false }
    }

    private static func isPixelData(_ tag: Tag) -> Bool {
        tag == .pixelData || tag == .floatPixelData || tag == .doubleFloatPixelData
    }

    /// The tables of another encoding than the one that is written (PS3.3 C.7.6.3.1.8).
    private static func isOffsetTable(_ tag: Tag) -> Bool {
        tag == .extendedOffsetTable || tag == .extendedOffsetTableLengths
            || tag == Tag(group: 0x7FE0, element: 0x0003)
    }
}
