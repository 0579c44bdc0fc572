import DICOMCore
import NIOCore

/// The DICOM JSON model (PS3.18 F) as the steps of a Data Set come.
struct DICOMJSONSyntax: ModelSyntax {
    var text = JSONBytes()

    /// Of each item that is open, whether it has elements; of each sequence, whether it has items.
    private var hasContent: [Bool] = []

    mutating func beginDataSet() {
        text.append(0x7B)
        hasContent.append(false)
    }

    mutating func endDataSet() {
        text.append(0x7D)
        hasContent.removeLast()
    }

    mutating func write(_ element: DataElement, in items: OpenItems) {
        beginElement(element.tag, element.vr)
        text.appendValue(of: element, items.characterSet)
        text.append(0x7D)
    }

    mutating func write(_ tag: Tag, _ vr: VR, bulkDataURI: String?, in items: OpenItems) {
        beginElement(tag, vr)
        if let bulkDataURI {
            text.append(",\"BulkDataURI\":")
            text.appendString(Array(bulkDataURI.utf8))
        }
        text.append(0x7D)
    }

    mutating func beginSequence(_ tag: Tag, in items: OpenItems) {
        beginElement(tag, .sq)
        hasContent.append(false)
    }

    mutating func endSequence() {
        if hasContent.popLast() == true { text.append(0x5D) }
        text.append(0x7D)
    }

    mutating func beginItem(number: Int) {
        if beginContent() { text.append(0x2C) } else { text.append(",\"Value\":[") }
        beginDataSet()
    }

    mutating func endItem() {
        endDataSet()
    }

    mutating func beginInlineBinary(_ tag: Tag, _ vr: VR, in items: OpenItems) {
        beginElement(tag, vr)
        text.append(",\"InlineBinary\":\"")
    }

    mutating func endInlineBinary() {
        text.append("\"}")
    }

    private mutating func beginElement(_ tag: Tag, _ vr: VR) {
        if beginContent() { text.append(0x2C) }
        text.appendKey(tag.rawValue, vr)
    }

    /// Whether the innermost item or sequence had something before.
    private mutating func beginContent() -> Bool {
        guard let last = hasContent.popLast() else { return false }
        hasContent.append(true)
        return last
    }
}
