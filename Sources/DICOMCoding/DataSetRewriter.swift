import DICOMCore
import NIOCore

/// Writes the tokens of a Data Set as bytes in an uncompressed Transfer Syntax while they pass.
///
/// Nothing is changed that need not be: order, values, and Value Representations stay, also UN (PS3.5 6.2.2). What must:
/// values are padded to even length; sequences are told by delimiters, as their lengths are not known before they end;
/// group lengths, Length to End (0008,0001) and the groups 0000 and 0002 are left out, for the first are retired
/// (PS3.5 7.2), the second would be wrong, and the last have no place in a Data Set (PS3.10 7.2).
struct DataSetRewriter: Sendable {
    /// A bulk value that is passing.
    private struct Bulk: Sendable {
        let tag: Tag
        let wordLength: Int
        /// Bytes that are still to come.
        var remaining: UInt64
        /// Bytes of a word that was cut by the end of a piece.
        var rest = ByteBuffer()
        /// What makes the length even; `nil` where it is.
        let padding: UInt8?
    }

    private let source: TransferSyntax
    var writer: ElementWriter
    /// The encodings around the sequences that are open.
    private(set) var encodings: [ElementWriter.Encoding] = []
    private var bulk: Bulk?
    /// Whether the bytes of a bulk value that is left out are passing.
    private var isLeavingOut = false
    /// The sequences that are open in one that is left out, itself included.
    private var leftOutDepth = 0
    private var unwrapper: FrameUnwrapper
    private var isUnwrapping = false
    /// Bytes that were taken.
    private var written: UInt64 = 0

    /// Begins a Data Set.
    init(from source: TransferSyntax, to target: TransferSyntax) {
        self.source = source
        writer = ElementWriter(target)
        unwrapper = FrameUnwrapper()
    }

    /// Takes what was written so far.
    mutating func takeBytes() -> ByteBuffer {
        let bytes = writer.bytes
        written += UInt64(bytes.readableBytes)
        writer.bytes = ByteBuffer()
        return bytes
    }

    /// Writes a token.
    ///
    /// - Throws: `.notEncodable` for compressed Pixel Data; `.truncated` for bulk that ends too early.
    mutating func accept(_ token: DataSetToken) throws(DataSetError) {
        guard leftOutDepth == 0 else { return leaveOut(token) }
        switch token {
        case .element(let header, let value):
            guard !isLeftOut(header.tag) else { return }
            if encodings.isEmpty { unwrapper.note(header, value) }
            writer.write(header.tag, header.vr, value)
        case .beginSequence(let header):
            guard !isLeftOut(header.tag) else {
                leftOutDepth = 1
                return
            }
            encodings.append(writer.encoding)
            writer.writeHeader(header.tag, header.vr == .un ? .un : .sq, length: .max)
            if header.vr == .un { writer.encoding = .insideUnknown }
        case .endSequence:
            // Inside UN the delimiter is encoded as the items are.
            writer.writeMarker(.sequenceDelimitationItem, length: 0)
            writer.encoding = encodings.popLast() ?? writer.encoding
        case .beginItem: writer.writeMarker(.item, length: .max)
        case .endItem: writer.writeMarker(.itemDelimitationItem, length: 0)
        case .beginBulk(let header): try beginBulk(header)
        case .bulkBytes(let bytes): try accept(bytes)
        case .endBulk: try endBulk()
        case .beginFragments(let header): try beginFragments(header)
        case .beginFragment: unwrapper.beginFragment()
        case .endFragment: break
        case .endFragments(let offset):
            guard unwrapper.isComplete else { throw DataSetError(.truncated, at: offset, path: [.pixelData]) }
            isUnwrapping = false
            try endBulk()
        }
    }

    private func isLeftOut(_ tag: Tag) -> Bool {
        tag.isGroupLength || encodings.isEmpty && (tag.group == 0 || tag.group == 2 || tag.rawValue == 0x0008_0001)
    }

    private mutating func leaveOut(_ token: DataSetToken) {
        switch token {
        case .beginSequence: leftOutDepth += 1
        case .endSequence: leftOutDepth -= 1
        default: break
        }
    }

    private mutating func beginBulk(_ header: ElementHeader) throws(DataSetError) {
        guard !isLeftOut(header.tag) else {
            isLeavingOut = true
            return
        }
        let length = header.length ?? 0
        let isOdd = length % 2 == 1
        let (padded, overflow) = length.addingReportingOverflow(isOdd ? 1 : 0)
        guard !overflow, padded < .max else {
            throw DataSetError(.notEncodable, at: header.offset, path: [header.tag])
        }
        let vr = writer.written(header.vr, length: padded)
        writer.writeHeader(header.tag, vr, length: padded)
        let isSourceBig = header.isBigEndian || header.tag == .pixelData && source.hasBigEndianPixelData
        beginBulk(header.tag, vr, length: UInt64(length), isSourceBig, padding: isOdd ? header.vr.padding : nil)
    }

    private mutating func beginBulk(_ tag: Tag, _ vr: VR, length: UInt64, _ isSourceBig: Bool, padding: UInt8?) {
        // UN is never swapped: nobody knows what its words are.
        let isSwapped = isSourceBig != writer.encoding.isBigEndian && vr != .un
        bulk = Bulk(tag: tag, wordLength: isSwapped ? vr.wordLength : 1, remaining: length, padding: padding)
    }

    private mutating func accept(_ bytes: ByteBuffer) throws(DataSetError) {
        guard isUnwrapping else { return write(bytes) }
        var rest = bytes
        while let piece = try unwrapper.next(&rest) { write(piece) }
    }

    private mutating func write(_ bytes: ByteBuffer) {
        guard var passing = bulk, !isLeavingOut else { return }
        // The copy alone owns its rest, so that appending does not copy.
        bulk = nil
        passing.remaining -= min(passing.remaining, UInt64(bytes.readableBytes))
        if passing.wordLength == 1 {
            writer.bytes.writeImmutableBuffer(bytes)
        } else {
            passing.rest.writeImmutableBuffer(bytes)
            let whole = passing.rest.readableBytes / passing.wordLength * passing.wordLength
            if var words = passing.rest.readSlice(length: whole) {
                words.swapWords(of: passing.wordLength)
                writer.bytes.writeImmutableBuffer(words)
            }
            // At most seven bytes.
            passing.rest = ByteBuffer(bytes: passing.rest.readableBytesView)
        }
        bulk = passing
    }

    private mutating func endBulk() throws(DataSetError) {
        isLeavingOut = false
        guard let ended = bulk else { return }
        bulk = nil
        guard ended.remaining == 0 else {
            throw DataSetError(.truncated, at: written + UInt64(writer.bytes.readableBytes), path: [ended.tag])
        }
        let start = writer.bytes.writerIndex
        writer.bytes.writeImmutableBuffer(ended.rest)
        if let padding = ended.padding { writer.bytes.writeInteger(padding) }
        // The padding is part of the last word.
        writer.bytes.swapWords(of: ended.wordLength, from: start)
    }

    /// Begins frames that are encapsulated as they are: they become one native value.
    private mutating func beginFragments(_ header: ElementHeader) throws(DataSetError) {
        guard source == .encapsulatedUncompressedExplicitVRLittleEndian, encodings.isEmpty, header.tag == .pixelData,
            let length = unwrapper.begin()
        else { throw DataSetError(.notEncodable, at: header.offset, path: [header.tag]) }
        let padded = length + length % 2
        guard padded < UInt64(UInt32.max) else {
            throw DataSetError(.notEncodable, at: header.offset, path: [header.tag])
        }
        let vr: VR = unwrapper.bitsAllocated > 8 ? .ow : .ob
        writer.writeHeader(header.tag, vr, length: UInt32(padded))
        beginBulk(header.tag, vr, length: length, false, padding: length % 2 == 1 ? 0 : nil)
        isUnwrapping = true
    }
}
