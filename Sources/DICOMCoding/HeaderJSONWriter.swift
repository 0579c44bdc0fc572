import DICOMCore
import NIOCore

/// Writes an archived header in the DICOM JSON model straight from its bytes, with the very text that
/// ``DICOMJSONWriter`` makes of its Data Set.
///
/// It knows the usual cases only; it gives up where the Data Set is needed to get the text right, and at any damage, which
/// reading the Data Set then reports.
struct HeaderJSONWriter {
    /// An item that is being written, and the ones that follow it; the outermost Data Set counts as an item.
    private struct Open {
        let sequence: Tag?
        let outerSet: SpecificCharacterSet
        var itemsLeft: UInt32
        var elementsLeft: UInt32
        var itemNumber = 1
        var lastTag: UInt32?
        var hasElements = false
        var hasText = false
        var characterSet: SpecificCharacterSet

        init(_ sequence: Tag?, in outerSet: SpecificCharacterSet, itemsLeft: UInt32, elementsLeft: UInt32) {
            self.sequence = sequence
            self.outerSet = outerSet
            self.itemsLeft = itemsLeft
            self.elementsLeft = elementsLeft
            characterSet = outerSet
        }

        mutating func beginItem(elements: UInt32) {
            itemsLeft -= 1
            itemNumber += 1
            elementsLeft = elements
            lastTag = nil
            hasElements = false
            hasText = false
            characterSet = outerSet
        }
    }

    /// The text so far.
    private(set) var text = JSONBytes()

    private let limits: DataSetLimits
    private let bulkDataURI: DICOMJSONWriter.BulkDataURI
    private var cursor: HeaderBodyCursor
    private var elementCount = 0
    private var outer: [Open] = []
    private var item: Open

    /// The text of a header; `nil` when it cannot be written this way.
    static func text(of header: ArchivedHeader, bulkDataURI: @escaping DICOMJSONWriter.BulkDataURI) -> [UInt8]? {
        var cursor = HeaderBodyCursor(body: header.body)
        guard let count = cursor.readCount() else { return nil }
        var writer = HeaderJSONWriter(cursor, elementCount: count, limits: header.limits, bulkDataURI: bulkDataURI)
        return writer.write() ? writer.text.bytes : nil
    }

    private init(
        _ cursor: HeaderBodyCursor,
        elementCount: UInt32,
        limits: DataSetLimits,
        bulkDataURI: @escaping DICOMJSONWriter.BulkDataURI
    ) {
        self.cursor = cursor
        self.limits = limits
        self.bulkDataURI = bulkDataURI
        item = Open(nil, in: .ascii, itemsLeft: 0, elementsLeft: elementCount)
        text.reserve(cursor.body.count * 2 + 256)
    }

    private mutating func write() -> Bool {
        text.append("{")
        while true {
            if item.elementsLeft > 0 {
                item.elementsLeft -= 1
                guard count(), writeElement() else { return false }
                continue
            }
            text.append("}")
            if item.itemsLeft > 0 {
                guard count(), let elements = cursor.readCount() else { return false }
                item.beginItem(elements: elements)
                text.append(",{")
            } else if let next = outer.popLast() {
                item = next
                text.append("]}")
            } else {
                return cursor.isAtEnd
            }
        }
    }

    private mutating func count() -> Bool {
        elementCount += 1
        return elementCount <= limits.elementCount
    }

    private mutating func writeElement() -> Bool {
        guard let element = cursor.readElement() else { return false }
        // A Data Set would put them in order and keep the first of equal ones.
        guard item.lastTag.map({ $0 < element.tag }) ?? true else { return false }
        item.lastTag = element.tag
        let tag = Tag(rawValue: element.tag)
        if tag.isGroupLength {
            if case .items(1...) = element.kind { return false }
            return true
        }
        if tag == .specificCharacterSet {
            guard case .value = element.kind else { return false }
        }
        if item.hasElements { text.append(0x2C) }
        item.hasElements = true
        text.appendKey(element.tag, element.vr)
        switch element.kind {
        case .items(let items):
            if items > 0 { return beginSequence(tag, items) }
        case .bulk(let bulk):
            if let uri = bulkDataURI(path(to: tag), bulk) {
                text.append(",\"BulkDataURI\":")
                text.appendString(Array(uri.utf8))
            }
        case .value(let range):
            guard tag == .specificCharacterSet || !range.isEmpty else { break }
            guard writeValue(tag, element.vr, range) else { return false }
        }
        text.append(0x7D)
        return true
    }

    private mutating func beginSequence(_ tag: Tag, _ items: UInt32) -> Bool {
        guard outer.count < limits.depth, count(), let elements = cursor.readCount() else { return false }
        text.append(",\"Value\":[{")
        item.hasText = true
        outer.append(item)
        item = Open(tag, in: item.characterSet, itemsLeft: items - 1, elementsLeft: elements)
        return true
    }

    private func path(to tag: Tag) -> BulkPath {
        let steps = (outer + [item]).compactMap { level in
            level.sequence.map { BulkPath.Step(sequence: $0, itemNumber: level.itemNumber) }
        }
        return BulkPath(steps: steps, tag: tag)
    }

    private mutating func writeValue(_ tag: Tag, _ vr: VR, _ range: Range<Int>) -> Bool {
        guard tag != .specificCharacterSet else {
            // Text in front of it would have been read with it.
            guard !item.hasText, vr == .cs else { return false }
            item.characterSet = SpecificCharacterSet(terms: element(tag, vr, range).strings(.ascii))
            if !range.isEmpty { text.append(",\"Value\":[\"ISO_IR 192\"]") }
            return true
        }
        item.hasText = true
        if JSONBytes.isNumber(vr) {
            text.appendNumbers(cursor.body[range], vr)
            return true
        }
        if vr.isText, text.appendValue(cursor.body[range], vr) { return true }
        text.append(DICOMJSONWriter.value(of: element(tag, vr, range), item.characterSet))
        return true
    }

    private func element(_ tag: Tag, _ vr: VR, _ range: Range<Int>) -> DataElement {
        DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(bytes: cursor.body[range])))
    }
}
