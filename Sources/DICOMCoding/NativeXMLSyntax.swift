import DICOMCore
import NIOCore

/// The Native DICOM Model (PS3.19 A.1) as the steps of a Data Set come.
///
/// Private elements are written as `gggg00ee` beside their creator; the elements of the creators stand as well, so that a
/// reader finds the blocks again. Text with characters that XML 1.0 has no form for is written as `InlineBinary`: its
/// bytes, in UTF-8 where Specific Character Set applies, values separated by backslash.
struct NativeXMLSyntax: ModelSyntax {
    static let namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    /// What the elements of a name are called, in the order of the components.
    static let nameComponents = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"]

    var text = JSONBytes()

    mutating func beginDataSet() {
        text.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xmlns=\"")
        text.append(Array(Self.namespace.utf8))
        text.append("\" xml:space=\"preserve\">\n")
    }

    mutating func endDataSet() {
        text.append("</NativeDicomModel>")
    }

    mutating func write(_ element: DataElement, in items: OpenItems) {
        beginElement(element.tag, element.vr, in: items)
        if let value = element.bytes, value.readableBytes > 0 { write(element, value, items.characterSet) }
        endElement()
    }

    mutating func write(_ tag: Tag, _ vr: VR, bulkDataURI: String?, in items: OpenItems) {
        beginElement(tag, vr, in: items)
        if let bulkDataURI {
            text.append("<BulkData uri=\"")
            appendEscaped(bulkDataURI)
            text.append("\"/>\n")
        }
        endElement()
    }

    mutating func beginSequence(_ tag: Tag, in items: OpenItems) {
        beginElement(tag, .sq, in: items)
    }

    mutating func endSequence() {
        endElement()
    }

    mutating func beginItem(number: Int) {
        appendNumbered("Item", number)
        text.append("\n")
    }

    mutating func endItem() {
        text.append("</Item>\n")
    }

    mutating func beginInlineBinary(_ tag: Tag, _ vr: VR, in items: OpenItems) {
        beginElement(tag, vr, in: items)
        text.append("<InlineBinary>")
    }

    mutating func endInlineBinary() {
        text.append("</InlineBinary>\n")
        endElement()
    }

    private mutating func beginElement(_ tag: Tag, _ vr: VR, in items: OpenItems) {
        let creator = items.privateCreator(of: tag).flatMap { Self.canHold($0) ? $0 : nil }
        var written = tag
        if let creator, !items.hasEarlierBlock(than: tag, of: creator) {
            written = Tag(rawValue: tag.rawValue & 0xFFFF_00FF)
        }
        text.append("<DicomAttribute tag=\"")
        text.append(Array(written.hexadecimal.utf8))
        text.append("\" vr=\"")
        text.append(Array(vr.name.utf8))
        text.append("\"")
        if let keyword = DataElementDictionary.entry(for: tag)?.keyword, !keyword.isEmpty {
            text.append(" keyword=\"")
            appendEscaped(keyword)
            text.append("\"")
        }
        if let creator {
            text.append(" privateCreator=\"")
            appendEscaped(creator)
            text.append("\"")
        }
        text.append(">\n")
    }

    private mutating func endElement() {
        text.append("</DicomAttribute>\n")
    }

    private mutating func write(_ element: DataElement, _ value: ByteBuffer, _ characterSet: SpecificCharacterSet) {
        switch element.vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un, .sq:
            appendInlineBinary(Array(value.readableBytesView))
        case .at:
            appendValues(element.tags.map(\.hexadecimal))
        case .us, .ss, .ul, .sl, .uv, .sv, .fl, .fd:
            appendValues(element.numberTexts)
        default:
            let values = element.tag == .specificCharacterSet ? ["ISO_IR 192"] : element.strings(characterSet)
            if !values.allSatisfy(Self.canHold) {
                let isConverted = element.vr.usesSpecificCharacterSet
                appendInlineBinary(
                    isConverted ? Array(values.joined(separator: "\\").utf8) : Array(value.readableBytesView)
                )
            } else if element.vr == .pn {
                appendNames(values)
            } else {
                appendValues(values)
            }
        }
    }

    private mutating func appendInlineBinary(_ bytes: [UInt8]) {
        text.append("<InlineBinary>")
        text.append(Base64.encoded(bytes))
        text.append("</InlineBinary>\n")
    }

    private mutating func appendValues(_ values: [String]) {
        for (position, value) in values.enumerated() {
            appendNumbered("Value", position + 1)
            appendEscaped(value)
            text.append("</Value>\n")
        }
    }

    private mutating func appendNames(_ values: [String]) {
        let names = values.map { PersonName($0) }
        // One name without text is no value; its text may have stood behind the third group.
        guard names.count > 1 || names.first?.isEmpty == false else { return }
        for (position, name) in names.enumerated() {
            appendNumbered("PersonName", position + 1)
            text.append("\n")
            appendGroup("Alphabetic", name.alphabetic)
            appendGroup("Ideographic", name.ideographic)
            appendGroup("Phonetic", name.phonetic)
            text.append("</PersonName>\n")
        }
    }

    /// A component group; what follows the fifth component stays with it.
    private mutating func appendGroup(_ key: StaticString, _ group: String) {
        guard !group.isEmpty else { return }
        text.append("<")
        text.append(key)
        text.append(">\n")
        let components = group.utf8.split(separator: 0x5E, maxSplits: 4, omittingEmptySubsequences: false)
        for (name, component) in zip(Self.nameComponents, components)
        where !component.isEmpty || component.endIndex == group.endIndex {
            text.append("<")
            text.append(Array(name.utf8))
            text.append(">")
            appendEscaped(component)
            text.append("</")
            text.append(Array(name.utf8))
            text.append(">\n")
        }
        text.append("</")
        text.append(key)
        text.append(">\n")
    }

    /// Begins an element with its number, counted from 1.
    private mutating func appendNumbered(_ name: StaticString, _ number: Int) {
        text.append("<")
        text.append(name)
        text.append(" number=\"")
        text.append(Array(String(number).utf8))
        text.append("\">")
    }

    private mutating func appendEscaped(_ characters: String) {
        appendEscaped(characters.utf8[...])
    }

    private mutating func appendEscaped(_ characters: Substring.UTF8View) {
        for byte in characters {
            switch byte {
            case 0x26: text.append("&amp;")
            case 0x3C: text.append("&lt;")
            case 0x3E: text.append("&gt;")
            case 0x22: text.append("&quot;")
            // Unescaped, a reader makes a line feed of it (XML 1.0 2.11), and spaces of all three in attributes (3.3.3).
            case 0x0D: text.append("&#13;")
            case 0x0A: text.append("&#10;")
            case 0x09: text.append("&#9;")
            default: text.append(byte)
            }
        }
    }

    /// Whether XML 1.0 has a form for all characters (2.2).
    private static func canHold(_ text: String) -> Bool {
        // Three bytes EF BF BE or BF are the two that are no characters above the controls.
        var previous: (UInt8, UInt8) = (0, 0)
        for byte in text.utf8 {
            if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { return false }
            if byte >= 0xBE, byte <= 0xBF, previous == (0xEF, 0xBF) { return false }
            previous = (previous.1, byte)
        }
        return true
    }
}
