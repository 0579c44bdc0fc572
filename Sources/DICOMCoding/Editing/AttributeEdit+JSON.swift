import DICOMCore
public import NIOCore

extension AttributeEdit {
    /// Reads a list of edits in JSON.
    ///
    /// `[{"op": "set", "path": "PatientName", "value": ["Doe^John"]}, {"op": "remove", "path": "..."}]`; `set` may have a
    /// `vr`. A value is a text, a number, `null` for an empty one, or for a name an object with the keys of the DICOM JSON
    /// model; one value need not stand in an array.
    ///
    /// - Throws: `.malformedJSON`; what the other initialisers throw.
    public static func list(json: ByteBuffer) throws(EditError) -> [AttributeEdit] {
        do {
            var reader = EditListReader(json)
            return try reader.read()
        } catch let error as EditError {
            throw error
        } catch {
            throw EditError(.malformedJSON)
        }
    }

    /// A list of edits as JSON, which reads back as the same; values that are no text cannot be written.
    ///
    /// - Throws: `.invalidValue` for those.
    public static func json(_ edits: [AttributeEdit]) throws(EditError) -> ByteBuffer {
        var buffer = ByteBuffer(string: "[")
        for (position, edit) in edits.enumerated() {
            buffer.writeString(position == 0 ? "{\"op\":" : ",{\"op\":")
            switch edit.action {
            case .remove: buffer.writeJSONString("remove")
            case .empty: buffer.writeJSONString("empty")
            case .set: buffer.writeJSONString("set")
            }
            buffer.writeString(",\"path\":")
            buffer.writeJSONString(edit.path.description)
            if case .set(let value) = edit.action {
                guard case .text(let values, let vr) = value else {
                    throw EditError(.invalidValue, edit.path.description)
                }
                if let vr {
                    buffer.writeString(",\"vr\":")
                    buffer.writeJSONString(vr.name)
                }
                buffer.writeString(",\"value\":[")
                for (position, value) in values.enumerated() {
                    if position > 0 { buffer.writeString(",") }
                    buffer.writeJSONString(value)
                }
                buffer.writeString("]")
            }
            buffer.writeString("}")
        }
        buffer.writeString("]")
        return buffer
    }
}

/// Reads the tokens of a list of edits.
private struct EditListReader {
    private static let depthLimit = 4
    private static let countLimit = 100_000

    private var tokenizer: JSONTokenizer

    init(_ json: ByteBuffer) {
        tokenizer = JSONTokenizer(json, depthLimit: Self.depthLimit)
    }

    mutating func read() throws -> [AttributeEdit] {
        guard try tokenizer.next() == .beginArray else { throw EditError(.malformedJSON) }
        var edits: [AttributeEdit] = []
        while true {
            switch try tokenizer.next() {
            case .beginObject where edits.count < Self.countLimit: edits.append(try readEdit())
            case .endArray:
                guard try tokenizer.next() == nil else { throw EditError(.malformedJSON) }
                return edits
            default: throw EditError(.malformedJSON)
            }
        }
    }

    private mutating func readEdit() throws -> AttributeEdit {
        var operation: String?
        var path: AttributePath?
        var vr: VR?
        var values: [String]?
        while true {
            switch try tokenizer.next() {
            case .endObject:
                guard let operation, let path else { throw EditError(.malformedJSON) }
                return try edit(operation, path, vr, values)
            case .key("op"): operation = try readString()
            case .key("path"): path = try AttributePath(readString())
            case .key("vr"):
                vr = VR(name: try readString())
                guard vr != nil else { throw EditError(.malformedJSON) }
            case .key("value"): values = try readValues()
            default: throw EditError(.malformedJSON)
            }
        }
    }

    private func edit(
        _ operation: String,
        _ path: AttributePath,
        _ vr: VR?,
        _ values: [String]?
    ) throws -> AttributeEdit {
        switch (operation, values) {
        case ("set", .some(let values)): return try AttributeEdit(path, .set(.text(values, vr: vr)))
        case ("remove", .none) where vr == nil: return try AttributeEdit(path, .remove)
        case ("empty", .none) where vr == nil: return try AttributeEdit(path, .empty)
        default: throw EditError(.malformedJSON)
        }
    }

    private mutating func readString() throws -> String {
        guard case .string(let text) = try tokenizer.next() else { throw EditError(.malformedJSON) }
        return text
    }

    private mutating func readValues() throws -> [String] {
        guard let token = try tokenizer.next() else { throw EditError(.malformedJSON) }
        guard token == .beginArray else { return [try value(token)] }
        var values: [String] = []
        while let token = try tokenizer.next() {
            if token == .endArray { return values }
            values.append(try value(token))
        }
        throw EditError(.malformedJSON)
    }

    private mutating func value(_ token: JSONToken) throws -> String {
        switch token {
        case .string(let text): return text
        case .number(let text): return text
        case .null: return ""
        case .beginObject: return try readName()
        default: throw EditError(.malformedJSON)
        }
    }

    /// Reads the component groups of a name (PS3.18 F.2.2).
    private mutating func readName() throws -> String {
        var groups = ["", "", ""]
        while true {
            switch try tokenizer.next() {
            case .endObject:
                while groups.last?.isEmpty == true { groups.removeLast() }
                return groups.joined(separator: "=")
            case .key("Alphabetic"): groups[0] = try readString()
            case .key("Ideographic"): groups[1] = try readString()
            case .key("Phonetic"): groups[2] = try readString()
            default: throw EditError(.malformedJSON)
            }
        }
    }
}
