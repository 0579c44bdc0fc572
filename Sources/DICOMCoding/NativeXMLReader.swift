public import DICOMCore
public import NIOCore

/// Reads the Native DICOM Model (PS3.19 A.1): one document.
///
/// Strict: what is not in the model, does not fit its VR, or stands twice is refused, and so is all of XML that the model
/// has no use for. Attributes of tags that the model does not name are passed over. No recursion.
public struct NativeXMLReader: ~Copyable {
    /// What is open, from the outside in.
    private enum Level {
        case dataSet
        case attribute
        case name
        case group(String)
        /// An element that holds text only.
        case text(Target)
        /// An element that holds nothing.
        case empty
    }

    /// Where text goes.
    private enum Target {
        case value
        case inlineBinary
        case component(Int)
    }

    /// An attribute that is open.
    private struct Attribute {
        let tag: Tag
        let vr: VR
        var element = ModelElement()
        /// The component groups of the name that is open, and the components of its group.
        var groups: [String: String] = [:]
        var components: [String] = []
    }

    private var tokenizer: XMLTokenizer
    private let limits: DataSetLimits
    private var levels: [Level] = []
    // Items and attributes that are open, beside the levels: changed in place, so that no step copies what has come.
    private var items: [ModelItem] = []
    private var blocks: [ItemTags] = []
    private var attributes: [Attribute] = []
    private var found: DataSet?
    private var references: [ModelObject.Reference] = []
    private var elementCount = 0

    private init(_ bytes: ByteBuffer, limits: DataSetLimits) throws(DataSetError) {
        // A sequence inside a sequence is two tags: its attribute and the item.
        tokenizer = try XMLTokenizer(bytes, depthLimit: limits.depth * 2 + 6)
        self.limits = limits
    }

    /// The Data Set of a document.
    ///
    /// - Throws: `.badXML`, `.documentTypeDeclaration`, `.encodingNotUTF8`, `.truncated`, and the codes of the limits;
    ///   offsets count from the first byte of the text.
    public static func object(
        from bytes: ByteBuffer,
        limits: DataSetLimits = DataSetLimits()
    ) throws(DataSetError) -> ModelObject {
        guard bytes.readableBytes <= limits.headerLength else { throw DataSetError(.tooMuchText, at: 0) }
        var reader = try NativeXMLReader(bytes, limits: limits)
        while let token = try reader.tokenizer.next() {
            switch token {
            case .begin(let name, let attributes): try reader.begin(name, attributes)
            case .end: try reader.end()
            case .text(let text): try reader.take(text)
            }
        }
        guard let dataSet = reader.found else { throw reader.tokenizer.error(.truncated) }
        return ModelObject(dataSet: dataSet, references: reader.references)
    }

    private var bad: DataSetError {
        DataSetError(.badXML, at: UInt64(tokenizer.position), path: attributes.map(\.tag))
    }

    private mutating func begin(_ name: String, _ given: [XMLAttribute]) throws(DataSetError) {
        switch (levels.last, name) {
        case (.none, "NativeDicomModel"):
            beginItem()
        case (.dataSet, "DicomAttribute"):
            try beginAttribute(given)
        case (.attribute, "Item"):
            try beginNumbered(given)
            guard levels.count / 2 <= limits.depth else { throw tokenizer.error(.nestedTooDeep) }
            beginItem()
        case (.attribute, "Value"):
            try beginNumbered(given)
            levels.append(.text(.value))
        case (.attribute, "PersonName"):
            try beginNumbered(given)
            attributes[attributes.count - 1].groups = [:]
            levels.append(.name)
        case (.attribute, "InlineBinary"):
            guard attributes.last?.element.inlineBinary == nil else { throw bad }
            levels.append(.text(.inlineBinary))
        case (.attribute, "BulkData"):
            let uuid = given.first { $0.name == "uuid" }.map { "urn:uuid:" + $0.value }
            let uri = given.first { $0.name == "uri" }?.value ?? uuid
            guard let uri, attributes.last?.element.bulkDataURI == nil else { throw bad }
            attributes[attributes.count - 1].element.bulkDataURI = uri
            levels.append(.empty)
        case (.name, let group) where ModelElement.nameGroups.contains(group):
            guard attributes.last?.groups[group] == nil else { throw bad }
            attributes[attributes.count - 1].components = []
            levels.append(.group(group))
        case (.group, let component):
            guard let position = NativeXMLSyntax.nameComponents.firstIndex(of: component),
                position >= attributes.last?.components.count ?? 0
            else { throw bad }
            levels.append(.text(.component(position)))
        default:
            throw bad
        }
        // Without characters there is no token of text.
        if case .text(let target) = levels.last { hold("", for: target) }
    }

    private mutating func end() throws(DataSetError) {
        switch levels.popLast() {
        case .dataSet: endItem()
        case .attribute: try endAttribute()
        case .name:
            let last = attributes.count - 1
            let groups = attributes[last].groups
            attributes[last].element.values.append(groups.isEmpty ? .null : .name(groups))
        case .group(let group):
            let last = attributes.count - 1
            attributes[last].groups[group] = attributes[last].components.joined(separator: "^")
        case .text, .empty, .none: break
        }
    }

    private mutating func take(_ text: String) throws(DataSetError) {
        if case .text(let target) = levels.last {
            // An empty CDATA section; empty text to hold means that an element begins.
            if !text.isEmpty { hold(text, for: target) }
        } else {
            guard text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }) else { throw bad }
        }
    }

    /// Keeps the text of the innermost element: empty when it begins, then once what it holds.
    private mutating func hold(_ text: String, for target: Target) {
        let last = attributes.count - 1
        switch target {
        case .value:
            if !text.isEmpty { attributes[last].element.values.removeLast() }
            attributes[last].element.values.append(text.isEmpty ? .null : .string(text))
        case .inlineBinary:
            // Base 64 may be broken into lines (XML Schema part 2, 3.2.16).
            let isBroken = text.utf8.contains { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 }
            attributes[last].element.inlineBinary =
                isBroken
                ? String(decoding: text.utf8.filter { $0 != 0x20 && $0 != 0x0A && $0 != 0x09 }, as: UTF8.self) : text
        case .component(let position):
            if !text.isEmpty {
                attributes[last].components.removeLast()
            } else {
                let missing = position - attributes[last].components.count
                attributes[last].components += [String](repeating: "", count: missing)
            }
            attributes[last].components.append(text)
        }
    }

    private mutating func beginItem() {
        levels.append(.dataSet)
        items.append(ModelItem())
        blocks.append(ItemTags())
    }

    private mutating func endItem() {
        let item = items.removeLast()
        blocks.removeLast()
        guard let outer = items.indices.last, let last = attributes.indices.last else {
            found = item.dataSet(isOutermost: true)
            return
        }
        items[outer].contains(item)
        attributes[last].element.values.append(.item(item.dataSet(isOutermost: false)))
    }

    /// Counts an item, value or name whose number may leave some out: they have no value.
    private mutating func beginNumbered(_ given: [XMLAttribute]) throws(DataSetError) {
        let last = attributes.count - 1
        guard let text = given.first(where: { $0.name == "number" })?.value, let number = Int(text),
            number > attributes[last].element.values.count
        else { throw bad }
        let missing = number - attributes[last].element.values.count - 1
        guard missing <= limits.elementCount - elementCount - 1 else { throw tokenizer.error(.tooManyElements) }
        elementCount += missing + 1
        for _ in 0..<missing { attributes[last].element.values.append(.null) }
    }

    private mutating func beginAttribute(_ given: [XMLAttribute]) throws(DataSetError) {
        guard let text = given.first(where: { $0.name == "tag" })?.value, var tag = Tag(hexadecimal: text) else {
            throw bad
        }
        elementCount += 1
        guard elementCount <= limits.elementCount else { throw tokenizer.error(.tooManyElements) }
        let innermost = blocks.count - 1
        if let creator = given.first(where: { $0.name == "privateCreator" })?.value, tag.isPrivate {
            guard let place = blocks[innermost].place(tag, of: creator) else { throw bad }
            tag = place.tag
            if let reserved = place.reserved { items[innermost].append(reserved) }
        }
        guard blocks[innermost].tags.insert(tag).inserted else { throw bad }
        let letters = given.first { $0.name == "vr" }?.value
        guard let vr = letters.map({ VR(name: $0) }) ?? DataElementDictionary.vr(of: tag) else { throw bad }
        attributes.append(Attribute(tag: tag, vr: vr))
        levels.append(.attribute)
    }

    /// Gives an attribute that has ended to its item.
    private mutating func endAttribute() throws(DataSetError) {
        guard let attribute = attributes.popLast(), let innermost = items.indices.last else { return }
        let (tag, vr, element) = (attribute.tag, attribute.vr, attribute.element)
        let steps = attributes.map { BulkPath.Step(sequence: $0.tag, itemNumber: $0.element.values.count + 1) }
        if let uri = element.bulkDataURI {
            guard element.values.isEmpty, element.inlineBinary == nil else { throw bad }
            references.append(.init(path: BulkPath(steps: steps, tag: tag), vr: vr, uri: uri))
            return
        }
        guard let value = element.value(vr) else {
            throw DataSetError(.badXML, at: UInt64(tokenizer.position), path: attributes.map(\.tag) + [tag])
        }
        let complete = DataElement(tag: tag, vr: vr, value: value)
        blocks[innermost].note(complete)
        items[innermost].append(complete)
    }
}

/// The tags that an item has, and the blocks of private elements in it.
struct ItemTags: Sendable {
    /// All tags of the item.
    var tags: Set<Tag> = []
    private var blocks = PrivateBlocks()

    /// Takes note of an element that may reserve a block.
    mutating func note(_ element: DataElement) {
        guard element.tag.isPrivateCreator, let creator = element.strings(.utf8).first else { return }
        blocks.reserve(element.tag, for: creator)
    }

    /// The tag of an element that is told by its creator, `gggg00ee`, and the element that reserves its block if none
    /// had; `nil` when the group has no block left.
    ///
    /// A tag that names its block keeps it.
    mutating func place(_ tag: Tag, of creator: String) -> (tag: Tag, reserved: DataElement?)? {
        guard tag.element < 0x100 else { return (tag, nil) }
        if let block = blocks.block(of: creator, group: tag.group) {
            return (Tag(group: tag.group, element: UInt16(block) << 8 | tag.element), nil)
        }
        guard !creator.isEmpty, !creator.utf8.contains(0x5C), let block = blocks.freeBlock(group: tag.group) else {
            return nil
        }
        let reserved = DataElement.text(Tag(group: tag.group, element: UInt16(block)), .lo, creator)
        note(reserved)
        guard tags.insert(reserved.tag).inserted else { return nil }
        return (Tag(group: tag.group, element: UInt16(block) << 8 | tag.element), reserved)
    }
}
