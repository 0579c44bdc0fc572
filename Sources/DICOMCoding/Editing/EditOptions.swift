import DICOMCore

/// How edits are written into a Data Set.
public struct EditOptions: Sendable, Hashable {
    /// In which character set.
    public enum CharacterSet: Sendable, Hashable {
        /// That of the Data Set: text with other characters is refused.
        case own
        /// UTF-8: text of the whole Data Set is turned into it, and Specific Character Set says so.
        case utf8
    }

    /// In which character set the text is written.
    public var characterSet = CharacterSet.own
    /// What to note of the values that go; `nil` to note nothing.
    public var originalAttributes: OriginalAttributes?

    /// Writes in the Data Set's own character set and notes nothing.
    public init() {}
}

/// What an item of Original Attributes Sequence (0400,0561) says of a change (PS3.3 C.12.1.1.9).
public struct OriginalAttributes: Sendable, Hashable {
    /// Why attributes were changed: Reason for the Attribute Modification (0400,0565).
    public enum Reason: String, Sendable, Hashable {
        /// Values were replaced by those of another source, such as a worklist.
        case coerce = "COERCE"
        /// Values were wrong.
        case correct = "CORRECT"
    }

    /// Attribute Modification DateTime (0400,0562), as VR DT writes it.
    public let dateTime: String
    /// Modifying System (0400,0563).
    public let modifyingSystem: String
    /// Source of Previous Values (0400,0564); empty when it is not known.
    public let sourceOfPreviousValues: String
    /// Reason for the Attribute Modification (0400,0565).
    public let reason: Reason

    /// Says when, by whom and why.
    public init(dateTime: String, modifyingSystem: String, sourceOfPreviousValues: String = "", reason: Reason) {
        self.dateTime = dateTime
        self.modifyingSystem = modifyingSystem
        self.sourceOfPreviousValues = sourceOfPreviousValues
        self.reason = reason
    }

    /// The item that holds the previous values.
    func item(_ previous: DataSet, _ characterSet: SpecificCharacterSet) throws(EditError) -> DataSet {
        var item = DataSet()
        for (tag, vr, text) in [
            (Tag.attributeModificationDateTime, VR.dt, dateTime), (.modifyingSystem, .lo, modifyingSystem),
            (.sourceOfPreviousValues, .lo, sourceOfPreviousValues),
            (.reasonForTheAttributeModification, .cs, reason.rawValue),
        ] {
            let value = EditedValue(name: .tag(tag), tag: tag, existingVR: nil, characterSet: characterSet)
            item.set(try value.element(.text(text.isEmpty ? [] : [text], vr: vr)))
        }
        item.set(.sequence(.modifiedAttributesSequence, [previous]))
        return item
    }
}
