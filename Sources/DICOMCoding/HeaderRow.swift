public import DICOMCore
public import NIOCore

/// A header as one row of a table: keywords and plain values, for programs that count rather than exchange.
///
/// Has the elements of the standard that have a keyword; private ones, group lengths, bytes and bulk are left out. Types
/// follow from the dictionary alone, so that all rows fit one schema: a number where the standard has numbers, a list where
/// it allows more than one value, objects for items.
public struct HeaderRow: Sendable {
    /// The row as a JSON object on one line, with its end.
    ///
    /// - Parameters:
    ///   - members: Names and texts that stand in front; no keywords.
    ///   - includesSequences: Whether sequences are written.
    public static func json(
        of dataSet: DataSet,
        members: [(name: String, text: String)],
        includesSequences: Bool = true
    ) -> ByteBuffer {
        var writer = ModelWriter(HeaderRowSyntax(members: members, includesSequences: includesSequences))
        writer.accept(dataSet)
        writer.finish()
        return writer.take()
    }

    /// The values of an element as they stand in a table without types, `\` between them; empty for bytes and sequences.
    public static func cell(_ tag: Tag, of dataSet: DataSet) -> String {
        guard let element = dataSet[tag] else { return "" }
        var items = OpenItems()
        if let characterSet = dataSet[.specificCharacterSet] { items.note(characterSet) }
        return texts(of: element, items.characterSet).joined(separator: "\\")
    }

    /// The values as text, whatever the VR says; none for bytes.
    fileprivate static func texts(of element: DataElement, _ characterSet: SpecificCharacterSet) -> [String] {
        if element.tag == .specificCharacterSet { return ["ISO_IR 192"] }
        if JSONBytes.isNumber(element.vr) { return element.numberTexts }
        if element.vr == .at { return element.tags.map { hexadecimal($0) } }
        guard element.vr.isText else { return [] }
        let texts = element.strings(characterSet)
        return texts.allSatisfy(\.isEmpty) ? [] : texts
    }

    private static func hexadecimal(_ tag: Tag) -> String {
        var digits = ByteBuffer()
        digits.writeHexadecimal(tag)
        return String(buffer: digits)
    }
}

/// Rows as the steps of a Data Set come.
private struct HeaderRowSyntax: ModelSyntax {
    var text = JSONBytes()
    private let members: [(name: String, text: String)]
    private let includesSequences: Bool
    /// Of each item and sequence that is open, whether it has content.
    private var hasContent: [Bool] = []
    /// Sequences that are open, the outermost of which is left out.
    private var silentDepth = 0

    init(members: [(name: String, text: String)], includesSequences: Bool) {
        self.members = members
        self.includesSequences = includesSequences
    }

    mutating func beginDataSet() {
        beginObject()
        for member in members {
            beginMember(member.name)
            text.appendString(Array(member.text.utf8))
        }
    }

    mutating func endDataSet() {
        text.append(0x7D)
        hasContent.removeLast()
    }

    mutating func write(_ element: DataElement, in items: OpenItems) {
        guard silentDepth == 0, let entry = Self.column(element.tag) else { return }
        let texts = HeaderRow.texts(of: element, items.characterSet)
        guard !texts.isEmpty else { return }
        beginMember(entry.keyword)
        let isNumber = entry.representations.contains { $0 == .ds || $0 == .is || JSONBytes.isNumber($0) }
        guard entry.vm == "1" else {
            text.append(0x5B)
            for (position, value) in texts.enumerated() {
                if position > 0 { text.append(0x2C) }
                append(value, isNumber)
            }
            text.append(0x5D)
            return
        }
        // More values than may be: a text keeps them all, a number is the first.
        append(isNumber ? texts[0] : texts.joined(separator: "\\"), isNumber)
    }

    private mutating func append(_ value: String, _ isNumber: Bool) {
        guard isNumber else {
            if value.isEmpty { text.append("null") } else { text.appendString(Array(value.utf8)) }
            return
        }
        guard let number = DataElement.decimal(value), number.isFinite else { return text.append("null") }
        let plain = JSONNumber.plain(value)
        text.append(Array((JSONNumber.isNumber(plain.utf8) ? plain : number.description).utf8))
    }

    mutating func write(_ tag: Tag, _ vr: VR, bulkDataURI: String?, in items: OpenItems) {}

    mutating func beginSequence(_ tag: Tag, in items: OpenItems) {
        guard silentDepth == 0, includesSequences, let entry = Self.column(tag) else {
            silentDepth += 1
            return
        }
        beginMember(entry.keyword)
        text.append(0x5B)
        hasContent.append(false)
    }

    mutating func endSequence() {
        guard silentDepth == 0 else {
            silentDepth -= 1
            return
        }
        text.append(0x5D)
        hasContent.removeLast()
    }

    mutating func beginItem(number: Int) {
        guard silentDepth == 0 else { return }
        if beginContent() { text.append(0x2C) }
        beginObject()
    }

    mutating func endItem() {
        guard silentDepth == 0 else { return }
        endDataSet()
    }

    mutating func beginInlineBinary(_ tag: Tag, _ vr: VR, in items: OpenItems) {}

    mutating func endInlineBinary() {}

    /// The entry of an element that tables have.
    private static func column(_ tag: Tag) -> DataElementDictionary.Entry? {
        guard !tag.isPrivate, let entry = DataElementDictionary.entry(for: tag), !entry.keyword.isEmpty else {
            return nil
        }
        return entry
    }

    private mutating func beginObject() {
        text.append(0x7B)
        hasContent.append(false)
    }

    private mutating func beginMember(_ name: String) {
        if beginContent() { text.append(0x2C) }
        text.appendString(Array(name.utf8))
        text.append(0x3A)
    }

    /// Whether the innermost item or sequence had something before.
    private mutating func beginContent() -> Bool {
        guard let last = hasContent.popLast() else { return false }
        hasContent.append(true)
        return last
    }
}
