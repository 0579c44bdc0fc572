import DICOMCore
import NIOCore

/// Makes the Data Element that an edit asks for, in the character set of the Data Set that it goes into.
struct EditedValue {
    /// Sequences inside a value that is set.
    private static let depthLimit = 64

    let name: AttributeName
    let tag: Tag
    /// The VR that the attribute had; `nil` when there was none.
    let existingVR: VR?
    let characterSet: SpecificCharacterSet

    func element(_ value: AttributeEdit.Value) throws(EditError) -> DataElement {
        switch value {
        case .text(let values, let vr): return try element(values, vr: try self.vr(vr, values))
        case .encoded(let value, let vr):
            let element = DataElement(tag: tag, vr: vr, value: value)
            return try inCharacterSet(element, depth: 0)
        }
    }

    private func vr(_ wanted: VR?, _ values: [String]) throws(EditError) -> VR {
        if let wanted { return wanted }
        if let existingVR, existingVR != .un { return existingVR }
        guard let vr = name.vr ?? DataElementDictionary.vr(of: tag), vr != .un else {
            throw EditError(.unknownVR, name.description)
        }
        let isNegative = values.contains { $0.utf8.first == UInt8(ascii: "-") }
        return isNegative && DataElementDictionary.dependsOnPixelRepresentation(tag) ? .ss : vr
    }

    private func element(_ values: [String], vr: VR) throws(EditError) -> DataElement {
        guard !values.isEmpty else { return .empty(tag, vr) }
        let bytes: ByteBuffer?
        switch vr {
        case .us: bytes = numbers(values, UInt16.self)
        case .ss: bytes = numbers(values, Int16.self)
        case .ul: bytes = numbers(values, UInt32.self)
        case .sl: bytes = numbers(values, Int32.self)
        case .uv: bytes = numbers(values, UInt64.self)
        case .sv: bytes = numbers(values, Int64.self)
        case .fl: bytes = words(values) { Float($0)?.bitPattern }
        case .fd: bytes = words(values) { Double($0)?.bitPattern }
        case .at:
            bytes = words(values) { text in
                // Group and element are two words of their own.
                (try? AttributeName(text))?.tag.map { $0.rawValue << 16 | $0.rawValue >> 16 }
            }
        case .ob, .od, .of, .ol, .ov, .ow, .sq, .un: bytes = nil
        default: bytes = try text(values.joined(separator: "\\"), vr: vr)
        }
        guard let bytes else { throw EditError(.invalidValue, name.description) }
        let element = DataElement(tag: tag, vr: vr, value: .bytes(bytes))
        // What is written anew follows the rules of its VR.
        guard element.valueFaults(characterSet).isEmpty else { throw EditError(.invalidValue, name.description) }
        return element
    }

    private func text(_ text: String, vr: VR) throws(EditError) -> ByteBuffer {
        let set = vr.usesSpecificCharacterSet ? characterSet : .ascii
        guard var bytes = set.encode(text, isPersonName: vr == .pn) else {
            throw EditError(vr.usesSpecificCharacterSet ? .notInCharacterSet : .invalidValue, name.description)
        }
        if bytes.readableBytes % 2 == 1 { bytes.writeInteger(vr.padding) }
        return bytes
    }

    private func numbers<Word: FixedWidthInteger>(_ values: [String], _: Word.Type) -> ByteBuffer? {
        words(values) { Word($0) }
    }

    private func words<Word: FixedWidthInteger>(_ values: [String], _ word: (String) -> Word?) -> ByteBuffer? {
        var bytes = ByteBuffer()
        for value in values {
            guard let word = word(value) else { return nil }
            bytes.writeInteger(word, endianness: .little)
        }
        return bytes
    }

    /// The element with its text, and that of its items, turned from UTF-8 into the character set.
    ///
    /// As deep as a program that makes edits nests its values, within the limit.
    private func inCharacterSet(_ element: DataElement, depth: Int) throws(EditError) -> DataElement {
        switch element.value {
        case .bulk: throw EditError(.invalidValue, name.description)
        case .bytes(let bytes):
            guard element.vr.usesSpecificCharacterSet, bytes.readableBytesView.contains(where: { $0 >= 0x80 }) else {
                return element
            }
            let encoded = try text(String(buffer: bytes), vr: element.vr)
            return DataElement(tag: element.tag, vr: element.vr, value: .bytes(encoded))
        case .items(let items):
            guard depth < Self.depthLimit else { throw EditError(.invalidValue, name.description) }
            var turned: [DataSet] = []
            for item in items {
                var elements: [DataElement] = []
                for inner in item.elements where inner.tag != .specificCharacterSet {
                    elements.append(try inCharacterSet(inner, depth: depth + 1))
                }
                turned.append(DataSet(elements))
            }
            return DataElement(tag: element.tag, vr: .sq, value: .items(turned))
        }
    }
}
