public import DICOMCore
public import NIOCore

/// Edits the Data Set of a DICOM file and keeps all other bytes of the file.
///
/// As ``DataSetEditor`` in two passes. Preamble and File Meta Information stay as they are, but for Media Storage SOP Class and
/// Instance UID (0002,0002) and (0002,0003), which follow when edits set those of the Data Set. A deflated Data Set is inflated
/// and deflated again as it passes.
public struct FileEditor: Sendable {
    private let edits: [AttributeEdit]
    private let options: EditOptions
    private let limits: DataSetLimits
    private var part10 = Part10Decoder()
    private var editor: DataSetEditor?

    /// Begins at the first byte of a file.
    public init(
        _ edits: [AttributeEdit],
        options: EditOptions = EditOptions(),
        limits: DataSetLimits = DataSetLimits()
    ) {
        self.edits = edits
        self.options = options
        self.limits = limits
    }

    /// Takes the next bytes of the file.
    ///
    /// - Throws: `.unreadable`; the editor must not be used afterwards.
    public mutating func append(_ bytes: ByteBuffer) throws(EditError) {
        guard editor == nil else {
            try editor?.append(bytes)
            return
        }
        let rest: ByteBuffer?
        do {
            rest = try part10.read(bytes)
        } catch {
            throw EditError(error)
        }
        if let rest { try begin(rest) }
    }

    /// Tells that no more bytes come.
    ///
    /// - Throws: `.unreadable`, or why an edit cannot be done; then none is.
    public mutating func finish() throws(EditError) -> FileEdit {
        if editor == nil {
            let rest: ByteBuffer?
            do {
                rest = try part10.finish()
            } catch {
                throw EditError(error)
            }
            try begin(rest ?? ByteBuffer())
        }
        guard let header = part10.header, let plan = try editor?.finish() else {
            throw EditError(DataSetError(.truncated, at: 0))
        }
        return FileEdit(plan: plan, header: header, newHeader: try newHeader(for: header), limits: limits)
    }

    private mutating func begin(_ rest: ByteBuffer) throws(EditError) {
        guard let header = part10.header else { return }
        var editor = DataSetEditor(edits, options: options, transferSyntax: header.transferSyntax, limits: limits)
        try editor.append(rest)
        self.editor = editor
    }

    /// Preamble, prefix and File Meta Information that name the object as the edits do; `nil` where they need not change.
    private func newHeader(for header: Part10Header) throws(EditError) -> ByteBuffer? {
        var meta = header.fileMetaInformation.dataSet
        for (name, mediaName) in [
            (Tag.sopClassUID, Tag.mediaStorageSOPClassUID), (.sopInstanceUID, .mediaStorageSOPInstanceUID),
        ] where meta[mediaName] != nil {
            let naming = edits.filter { $0.path == AttributePath(name) }
            if let uid = try DataSet().applying(naming).uid(name) { meta.set(.uid(mediaName, uid)) }
        }
        guard meta != header.fileMetaInformation.dataSet else { return nil }
        var bytes = header.preamble ?? ByteBuffer(repeating: 0, count: 128)
        bytes.writeString("DICM")
        do {
            bytes.writeImmutableBuffer(try DataSetEncoder.encodeGroup(2, of: meta, in: .explicitVRLittleEndian))
        } catch {
            throw EditError(error)
        }
        return bytes
    }
}

/// What edits do to a certain file.
public struct FileEdit: Sendable {
    /// What they do to its Data Set.
    public let plan: EditPlan
    /// What stands before the Data Set.
    public let header: Part10Header
    /// What is to stand there; `nil` when it stays.
    let newHeader: ByteBuffer?
    let limits: DataSetLimits

    /// Whether the file stays as it is.
    public var isEmpty: Bool { plan.patch.isEmpty && newHeader == nil }
}

/// Applies edits to the bytes of a file that pass in pieces of any size, in constant memory.
public struct FilePatcher {
    private var headerLeft: UInt64
    private var newHeader: ByteBuffer?
    private var patcher: DataSetPatcher
    /// `nil` when the Data Set is not deflated, or stays as it is.
    private var inflated: DecoderInput?
    private let deflater: DeflatingStream?
    private var deflatedLength = 0

    /// Begins at the first byte of the file that the edit was made for.
    public init(_ edit: FileEdit) {
        headerLeft = edit.header.dataSetOffset
        newHeader = edit.newHeader
        patcher = DataSetPatcher(edit.plan.patch)
        let isDeflated = edit.header.transferSyntax.isDeflated && !edit.plan.patch.isEmpty
        let limits = edit.limits
        inflated =
            isDeflated
            ? DecoderInput(
                inflater: Inflater(lengthLimit: limits.inflatedLength, ratioLimit: limits.inflationRatio)
            ) : nil
        deflater = isDeflated ? DeflatingStream(level: 6) : nil
    }

    /// The bytes that stand for these.
    public mutating func patch(_ chunk: ByteBuffer) throws(EditError) -> [ByteBuffer] {
        var rest = chunk
        var pieces: [ByteBuffer] = []
        if headerLeft > 0 {
            let head = rest.readSlice(length: Int(min(headerLeft, UInt64(rest.readableBytes)))) ?? ByteBuffer()
            headerLeft -= UInt64(head.readableBytes)
            if newHeader == nil { pieces.append(head) }
        }
        guard headerLeft == 0 else { return pieces }
        if let header = newHeader.take() { pieces.append(header) }
        guard rest.readableBytes > 0 else { return pieces }
        guard inflated != nil else { return pieces + patcher.patch(rest) }
        inflated?.append(rest)
        pieces += try deflated(isLast: false)
        return pieces
    }

    /// What comes behind the last byte.
    ///
    /// - Throws: `.unreadable` when the file was shorter than the one that the edit was made for.
    public mutating func finish() throws(EditError) -> [ByteBuffer] {
        guard inflated != nil else { return try patcher.finish() }
        _ = inflated?.settle()
        return try deflated(isLast: true)
    }

    private mutating func deflated(isLast: Bool) throws(EditError) -> [ByteBuffer] {
        var output = ByteBuffer()
        do {
            repeat {
                guard let count = inflated?.readableBytes, count > 0, let bytes = inflated?.take(count) else {
                    continue
                }
                for piece in patcher.patch(bytes) { try deflate(piece, isLast: false, into: &output) }
            } while try inflated?.refill() ?? false
        } catch let error as DataSetError {
            throw EditError(error)
        } catch let error as EditError {
            throw error
        } catch {
            throw EditError(DataSetError(.inflateFailed, at: 0))
        }
        guard isLast else { return output.readableBytes > 0 ? [output] : [] }
        for piece in try patcher.finish() { try deflate(piece, isLast: false, into: &output) }
        try deflate(ByteBuffer(), isLast: true, into: &output)
        // "…a single trailing NULL byte… if the deflated bit stream has an odd length" (PS3.5 A.5).
        if deflatedLength % 2 == 1 { output.writeInteger(0 as UInt8) }
        return [output]
    }

    private mutating func deflate(_ bytes: ByteBuffer, isLast: Bool, into output: inout ByteBuffer) throws(EditError) {
        let start = output.readableBytes
        guard let deflater, deflater.deflate(bytes, isLast: isLast, into: &output) else {
            throw EditError(DataSetError(.notEncodable, at: 0))
        }
        deflatedLength += output.readableBytes - start
    }
}
