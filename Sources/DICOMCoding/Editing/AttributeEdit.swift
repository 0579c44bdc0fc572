public import DICOMCore

/// One change of a Data Set, as data: what is to be at a place, or that nothing is to be there.
///
/// A list of edits is done at once: paths mean the Data Set as it was before all of them, and of several for one attribute the
/// last counts. An edit inside of an attribute that another edit sets, removes or empties is refused.
///
/// As text: `set PatientName=Doe^John`, `set (0029,"ACME",10):LO=A\B`, `remove OtherPatientIDsSequence[1]`,
/// `empty PatientBirthDate`.
public struct AttributeEdit: Sendable, Hashable {
    /// What happens at the place.
    public enum Action: Sendable, Hashable {
        /// The attribute gets this value, whether it was there or not.
        ///
        /// Sequences on the way come into being when the path gives the positions of their items: an item that follows the
        /// last one is added. With `[*]` only items that are there are changed.
        case set(Value)
        /// The attribute, or the item, goes; nothing happens when there is none.
        case remove
        /// The attribute, or the item, loses its content and stays; nothing happens when there is none.
        case empty
    }

    /// A value to set.
    public enum Value: Sendable, Hashable {
        /// Values as text, whatever the VR: numbers in decimal, tags as ``AttributeName`` reads them; none for an empty one.
        ///
        /// Written in the character set of the Data Set. Without VR, that of the attribute as it was counts, then that of
        /// the dictionaries.
        case text([String], vr: VR?)
        /// A value as a Data Element has it: its text in UTF-8, numbers in little-endian order; items with the same.
        case encoded(DataElement.Value, vr: VR)
    }

    /// The place.
    public let path: AttributePath
    /// What happens there.
    public let action: Action

    /// Makes an edit.
    ///
    /// - Throws: `.notEditable` for paths to what is no content of a Data Set; `.malformedEdit` for a value that is to
    ///   become an item.
    public init(_ path: AttributePath, _ action: Action) throws(EditError) {
        for name in path.names where !Self.isContent(name) { throw EditError(.notEditable, path.description) }
        if case .set = action, path.steps.last?.items != nil { throw EditError(.malformedEdit, path.description) }
        self.path = path
        guard case .set(.text(let values, let vr)) = action else {
            self.action = action
            return
        }
        // A backslash separates values wherever it stands, so that text and JSON say the same.
        let split = values.flatMap { $0.split(separator: "\\", omittingEmptySubsequences: false).map(String.init) }
        self.action = .set(.text(split == [""] ? [] : split, vr: vr))
    }

    /// Sets an attribute to values.
    public static func set(_ path: AttributePath, _ values: String..., vr: VR? = nil) throws(EditError) -> AttributeEdit
    {
        try AttributeEdit(path, .set(.text(values, vr: vr)))
    }

    /// Removes an attribute or item.
    public static func remove(_ path: AttributePath) throws(EditError) -> AttributeEdit {
        try AttributeEdit(path, .remove)
    }

    /// Takes the content of an attribute or item.
    public static func empty(_ path: AttributePath) throws(EditError) -> AttributeEdit {
        try AttributeEdit(path, .empty)
    }

    private static func isContent(_ name: AttributeName) -> Bool {
        guard let tag = name.tag else { return true }
        return tag.group > 0x0002 && tag.group != 0xFFFE && tag.group != 0xFFFF && !tag.isGroupLength
    }
}

extension AttributeEdit {
    /// Reads `set PATH=VALUE`, `set PATH:VR=VALUE`, `remove PATH` or `empty PATH`.
    ///
    /// - Throws: `.malformedEdit`, `.malformedPath`, `.notEditable`.
    public init(_ text: some StringProtocol) throws(EditError) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw EditError(.malformedEdit) }
        switch parts[0] {
        case "set": try self.init(assignment: parts[1])
        case "remove": try self.init(AttributePath(parts[1]), .remove)
        case "empty": try self.init(AttributePath(parts[1]), .empty)
        default: throw EditError(.malformedEdit)
        }
    }

    /// Reads `PATH=VALUE` or `PATH:VR=VALUE`; a backslash separates values, and no value empties or adds an empty attribute.
    ///
    /// - Throws: `.malformedEdit`, `.malformedPath`, `.notEditable`.
    public init(assignment: some StringProtocol) throws(EditError) {
        let bytes = Array(assignment.utf8)
        var isQuoted = false
        var equals: Int?
        for (position, byte) in bytes.enumerated() where equals == nil {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == UInt8(ascii: "="), !isQuoted { equals = position }
        }
        guard let equals else { throw EditError(.malformedEdit) }
        var target = bytes[..<equals]
        var vr: VR?
        if target.count > 3, target[target.endIndex - 3] == UInt8(ascii: ":") {
            vr = VR(name: String(decoding: target.suffix(2), as: UTF8.self))
            guard vr != nil else { throw EditError(.malformedEdit) }
            target = target.dropLast(3)
        }
        let value = bytes[(equals + 1)...]
        let values =
            value.isEmpty
            ? []
            : value.split(separator: 0x5C, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        let path = try AttributePath(String(decoding: target, as: UTF8.self))
        try self.init(path, .set(.text(values, vr: vr)))
    }
}

extension AttributeEdit: CustomStringConvertible {
    /// The edit as text, which reads back as the same; of a value that is no text only its VR is shown.
    public var description: String {
        switch action {
        case .remove: "remove \(path)"
        case .empty: "empty \(path)"
        case .set(.text(let values, let vr)):
            "set \(path)" + (vr.map { ":\($0.name)" } ?? "") + "=" + values.joined(separator: "\\")
        case .set(.encoded(_, let vr)): "set \(path):\(vr.name)"
        }
    }
}
