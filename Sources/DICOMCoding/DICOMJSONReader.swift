public import DICOMCore
public import NIOCore

/// Reads the DICOM JSON model (PS3.18 F): one object or an array of them.
///
/// Strict: what is not in the grammar, does not fit its VR, or stands twice is refused. No recursion.
public struct DICOMJSONReader: ~Copyable {
    /// An object: a Data Set, or the component groups of a name; which is clear from its keys only.
    private struct Object {
        var item = ModelItem()
        var tags: Set<Tag> = []
        var name: [String: String] = [:]
        var key: String?
    }

    private enum Level {
        case dataSets
        case object
        case element
        case values
    }

    private var tokenizer: JSONTokenizer
    private let limits: DataSetLimits
    private var levels: [Level] = []
    // Objects and elements that are open, beside the levels: changed in place, so that no step copies what has come.
    private var objects: [Object] = []
    private var elements: [(tag: Tag, element: ModelElement)] = []
    private var found: [ModelObject] = []
    private var references: [ModelObject.Reference] = []
    private var elementCount = 0

    private init(_ bytes: ByteBuffer, limits: DataSetLimits) {
        // A sequence inside a sequence is three brackets: its element, the values, the item.
        tokenizer = JSONTokenizer(bytes, depthLimit: limits.depth * 3 + 4)
        self.limits = limits
    }

    /// The Data Sets of a text.
    ///
    /// - Throws: `.badJSON`, `.truncated`, and the codes of the limits; offsets count from the first byte of the text.
    public static func dataSets(
        from bytes: ByteBuffer,
        limits: DataSetLimits = DataSetLimits()
    ) throws(DataSetError) -> [ModelObject] {
        guard bytes.readableBytes <= limits.headerLength else { throw DataSetError(.tooMuchText, at: 0) }
        var reader = DICOMJSONReader(bytes, limits: limits)
        while let token = try reader.tokenizer.next() {
            switch reader.levels.last {
            case .none, .dataSets: try reader.acceptOutside(token)
            case .object: try reader.acceptInObject(token)
            case .element: try reader.acceptInElement(token)
            case .values: try reader.acceptInValues(token)
            }
        }
        return reader.found
    }

    private mutating func acceptOutside(_ token: JSONToken) throws(DataSetError) {
        switch token {
        case .beginArray where levels.isEmpty: levels.append(.dataSets)
        case .beginObject: beginObject()
        case .endArray: levels.removeLast()
        default: throw tokenizer.error(.badJSON)
        }
    }

    private mutating func beginObject() {
        levels.append(.object)
        objects.append(Object())
    }

    private mutating func acceptInObject(_ token: JSONToken) throws(DataSetError) {
        let last = objects.count - 1
        switch token {
        case .key(let key):
            objects[last].key = key
        case .beginObject:
            guard let key = objects[last].key, let tag = Tag(hexadecimal: key),
                objects[last].tags.insert(tag).inserted
            else { throw tokenizer.error(.badJSON) }
            elementCount += 1
            guard elementCount <= limits.elementCount else { throw tokenizer.error(.tooManyElements) }
            levels.append(.element)
            elements.append((tag, ModelElement()))
        case .string(let text):
            guard let key = objects[last].key, ModelElement.nameGroups.contains(key), objects[last].name[key] == nil
            else { throw tokenizer.error(.badJSON) }
            objects[last].name[key] = text
        case .endObject:
            try endObject()
        default:
            throw tokenizer.error(.badJSON)
        }
    }

    /// Gives an object that has ended to what holds it: the list of Data Sets, or the values of an element.
    private mutating func endObject() throws(DataSetError) {
        levels.removeLast()
        let object = objects.removeLast()
        guard object.tags.isEmpty || object.name.isEmpty else { throw tokenizer.error(.badJSON) }
        guard levels.last == .values else {
            guard object.name.isEmpty else { throw tokenizer.error(.badJSON) }
            found.append(
                ModelObject(dataSet: object.item.dataSet(isOutermost: true), references: references)
            )
            references = []
            return
        }
        if let last = objects.indices.last { objects[last].item.contains(object.item) }
        elements[elements.count - 1].element.values.append(
            object.name.isEmpty ? .item(object.item.dataSet(isOutermost: false)) : .name(object.name)
        )
    }

    private mutating func acceptInElement(_ token: JSONToken) throws(DataSetError) {
        let last = elements.count - 1
        switch token {
        case .key(let key):
            guard elements[last].element.keys.insert(key).inserted else { throw tokenizer.error(.badJSON) }
            elements[last].element.key = key
        case .string(let text):
            switch elements[last].element.key {
            case "vr": elements[last].element.vr = VR(name: text)
            case "InlineBinary": elements[last].element.inlineBinary = text
            case "BulkDataURI": elements[last].element.bulkDataURI = text
            default: throw tokenizer.error(.badJSON)
            }
        case .beginArray where elements[last].element.key == "Value":
            levels.append(.values)
        case .endObject:
            try endElement()
        default:
            throw tokenizer.error(.badJSON)
        }
    }

    /// Gives an element that has ended to its object.
    private mutating func endElement() throws(DataSetError) {
        levels.removeLast()
        let (tag, element) = elements.removeLast()
        guard let vr = element.vr else { throw tokenizer.error(.badJSON) }
        objects[objects.count - 1].key = nil
        if let uri = element.bulkDataURI {
            guard element.values.isEmpty, element.inlineBinary == nil else { throw tokenizer.error(.badJSON) }
            let path = BulkPath(steps: steps(), tag: tag)
            references.append(ModelObject.Reference(path: path, vr: vr, uri: uri))
            return
        }
        guard let value = element.value(vr) else {
            throw DataSetError(.badJSON, at: UInt64(tokenizer.position), path: [tag])
        }
        objects[objects.count - 1].item.append(DataElement(tag: tag, vr: vr, value: value))
    }

    /// The items around the object that is open.
    private func steps() -> [BulkPath.Step] {
        elements.map { BulkPath.Step(sequence: $0.tag, itemNumber: $0.element.values.count + 1) }
    }

    private mutating func acceptInValues(_ token: JSONToken) throws(DataSetError) {
        let last = elements.count - 1
        switch token {
        case .endArray: levels.removeLast()
        case .beginObject: beginObject()
        case .string(let text): elements[last].element.values.append(.string(text))
        case .number(let text): elements[last].element.values.append(.number(text))
        case .null: elements[last].element.values.append(.null)
        default: throw tokenizer.error(.badJSON)
        }
    }
}
