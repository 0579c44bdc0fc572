public import DICOMCore
public import NIOCore

/// Writes the tokens of a Data Set as a model, in memory that does not grow with it.
///
/// Elements keep their order; of several with one tag the first is written. Group lengths are left out, text becomes
/// Unicode. Values in base 64 are little-endian; those of encapsulated Pixel Data are all items with their headers, up to
/// the Sequence Delimitation Item and without it.
public struct ModelWriter: Sendable {
    /// How the model is written.
    public enum Form: String, Sendable, Hashable, CaseIterable {
        /// The DICOM JSON model (PS3.18 F): one object.
        case json
        /// The Native DICOM Model (PS3.19 A.1): one XML document.
        case xml
    }

    /// Where bulk can be had; `nil` writes native bulk in base 64, encapsulated Pixel Data without value.
    public typealias BulkDataURI = @Sendable (BulkPath, BulkValue) -> String?

    /// A value that passes in pieces.
    private enum Bulk: Sendable {
        case none
        /// Its bytes are not wanted.
        case ignored
        case inline(BulkText)
        /// It waits for its first byte, without which it has no value.
        case awaited(Tag, VR, wordLength: Int)
        /// Fragments whose address is asked for when their length is known.
        case addressed(ElementHeader)
    }

    private var syntax: any ModelSyntax
    private let bulkDataURI: BulkDataURI?
    private var items = OpenItems()
    private var bulk = Bulk.none
    /// Sequences that are open inside one that is left out.
    private var skippedDepth = 0

    /// Begins a Data Set.
    ///
    /// - Parameter bulkDataURI: Without it, all values are in the text.
    public init(_ form: Form, bulkDataURI: BulkDataURI? = nil) {
        switch form {
        case .json: syntax = DICOMJSONSyntax()
        case .xml: syntax = NativeXMLSyntax()
        }
        self.bulkDataURI = bulkDataURI
        syntax.beginDataSet()
    }

    /// Begins a Data Set in a form of ours; bulk has no address.
    init(_ syntax: any ModelSyntax) {
        self.syntax = syntax
        bulkDataURI = { _, _ in nil }
        self.syntax.beginDataSet()
    }

    /// Writes one token.
    public mutating func accept(_ token: DataSetToken) {
        guard skippedDepth == 0 else {
            skip(token)
            return
        }
        switch token {
        case .element(let header, let value):
            accept(DataElement(tag: header.tag, vr: header.vr, value: .bytes(value)))
        case .beginSequence(let header):
            if !beginSequence(header.tag) { skippedDepth = 1 }
        case .endSequence:
            endSequence()
        case .beginItem:
            beginItem()
        case .endItem:
            endItem()
        case .beginBulk(let header):
            beginBulk(header)
        case .bulkBytes(let bytes):
            writeBulk(bytes)
        case .beginFragments(let header):
            beginFragments(header)
        case .beginFragment(_, let length):
            var item = ByteBuffer()
            item.writeInteger(0xFFFE as UInt16, endianness: .little)
            item.writeInteger(0xE000 as UInt16, endianness: .little)
            item.writeInteger(length, endianness: .little)
            writeBulk(item)
        case .endFragment:
            break
        case .endBulk:
            endBulk(at: nil)
        case .endFragments(let offset):
            endBulk(at: offset)
        }
    }

    /// Writes an element of the innermost item that is no sequence.
    public mutating func accept(_ element: DataElement) {
        guard isWritten(element.tag) else { return }
        switch element.value {
        case .bulk(let bulk):
            let uri = bulkDataURI.flatMap { $0(items.path(to: element.tag), bulk) }
            syntax.write(element.tag, element.vr, bulkDataURI: uri, in: items)
        case .bytes, .items:
            items.note(element)
            syntax.write(element, in: items)
        }
    }

    /// Begins a sequence.
    ///
    /// - Returns: whether it is written; if not, its items must not be.
    mutating func beginSequence(_ tag: Tag) -> Bool {
        guard isWritten(tag) else { return false }
        syntax.beginSequence(tag, in: items)
        items.beginSequence(tag)
        return true
    }

    mutating func endSequence() {
        items.endSequence()
        syntax.endSequence()
    }

    mutating func beginItem() {
        items.beginItem()
        syntax.beginItem(number: items.itemNumber)
    }

    /// Lets text in front of Specific Character Set, where no encoder puts any, be read with it.
    mutating func noteCharacterSet(of dataSet: DataSet) {
        if let element = dataSet[.specificCharacterSet] { items.note(element) }
    }

    mutating func endItem() {
        syntax.endItem()
    }

    /// Ends the Data Set with a line end behind it; take the rest of the text then.
    public mutating func finish() {
        syntax.endDataSet()
        syntax.text.append(0x0A)
    }

    /// Bytes of text that `take` would give.
    public var textLength: Int { syntax.text.bytes.count }

    /// The text that has come since the last call, in UTF-8.
    public mutating func take() -> ByteBuffer {
        ByteBuffer(bytes: syntax.text.take())
    }

    private mutating func isWritten(_ tag: Tag) -> Bool {
        !tag.isGroupLength && items.isFirst(tag)
    }

    private mutating func skip(_ token: DataSetToken) {
        switch token {
        case .beginSequence: skippedDepth += 1
        case .endSequence: skippedDepth -= 1
        default: break
        }
    }

    private mutating func beginBulk(_ header: ElementHeader) {
        guard isWritten(header.tag) else {
            bulk = .ignored
            return
        }
        let value = BulkValue(offset: header.valueOffset, length: UInt64(header.length ?? 0))
        if let bulkDataURI, let uri = bulkDataURI(items.path(to: header.tag), value) {
            syntax.write(header.tag, header.vr, bulkDataURI: uri, in: items)
            bulk = .ignored
        } else {
            bulk = .awaited(header.tag, header.vr, wordLength: header.isBigEndian ? header.vr.wordLength : 1)
        }
    }

    private mutating func beginFragments(_ header: ElementHeader) {
        guard isWritten(header.tag) else {
            bulk = .ignored
            return
        }
        bulk = bulkDataURI == nil ? .awaited(header.tag, header.vr, wordLength: 1) : .addressed(header)
    }

    private mutating func writeBulk(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        if case .awaited(let tag, let vr, let wordLength) = bulk {
            syntax.beginInlineBinary(tag, vr, in: items)
            bulk = .inline(BulkText(wordLength: wordLength))
        }
        guard case .inline(var text) = bulk else { return }
        text.write(bytes, into: &syntax.text)
        bulk = .inline(text)
    }

    private mutating func endBulk(at end: UInt64?) {
        switch bulk {
        case .none, .ignored:
            break
        case .inline(let text):
            text.finish(into: &syntax.text)
            syntax.endInlineBinary()
        case .awaited(let tag, let vr, _):
            syntax.write(tag, vr, bulkDataURI: nil, in: items)
        case .addressed(let header):
            let length = (end ?? header.valueOffset) - min(header.valueOffset, end ?? header.valueOffset)
            let value = BulkValue(offset: header.valueOffset, length: length, isEncapsulated: true)
            let uri = bulkDataURI.flatMap { $0(items.path(to: header.tag), value) }
            syntax.write(header.tag, header.vr, bulkDataURI: uri, in: items)
        }
        bulk = .none
    }
}
