public import DICOMCore

/// Why attribute edits cannot be understood or done.
///
/// Holds names of attributes as the edits have them, never a value.
public struct EditError: Error, Sendable, Hashable {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// A path that follows no grammar, or names an attribute that does not exist.
        case malformedPath
        /// An edit that follows no grammar.
        case malformedEdit
        /// A JSON text of edits that is none.
        case malformedJSON
        /// An attribute that is no content of a Data Set: command elements, File Meta Information, group lengths, delimiters.
        case notEditable
        /// Edits that concern an attribute as a whole and something inside it at the same time.
        case conflictingEdits
        /// An item that does not exist and is not the next one.
        case noSuchItem
        /// A path that leads into an attribute that is no sequence.
        case notASequence
        /// A new attribute whose VR neither the edit nor a dictionary tells.
        case unknownVR
        /// A value that the VR cannot have.
        case invalidValue
        /// Text with characters that the character set of the Data Set has not.
        case notInCharacterSet
        /// Text that the character set of the Data Set does not explain, and that cannot be turned into another one.
        case undecodableText
        /// A value longer than the length field of its VR can tell.
        case valueTooLong
        /// All blocks of a private group are taken.
        case noFreeBlock
        /// The Data Set is not readable.
        case unreadable
    }

    /// What was wrong.
    public let code: Code
    /// The attribute or path that it concerns, as an edit names it; `nil` when it concerns no certain one.
    public let attribute: String?
    /// Why the Data Set is not readable, for `.unreadable`; what is wrong with a name, for `.malformedPath`.
    public let cause: Cause?

    /// An error of a layer below.
    public enum Cause: Sendable, Hashable {
        /// Bytes that are no Data Set.
        case dataSet(DataSetError)
        /// A name that is none.
        case name(AttributeNameError)
    }

    init(_ code: Code, _ attribute: String? = nil, cause: Cause? = nil) {
        self.code = code
        self.attribute = attribute
        self.cause = cause
    }

    init(_ error: DataSetError) {
        self.init(.unreadable, nil, cause: .dataSet(error))
    }
}

extension EditError: CustomStringConvertible {
    /// What was wrong, where, and what to do.
    public var description: String {
        let place = attribute.map { " '\($0)'" } ?? ""
        switch (code, cause) {
        case (_, .name(let error)): return error.description
        case (_, .dataSet(let error)): return error.description
        default: break
        }
        switch code {
        case .malformedPath:
            return "the path\(place) is none: write Keyword, Sequence[0].Keyword or Sequence[*].Keyword"
        case .malformedEdit: return "the edit\(place) is none: write PATH=VALUE, or PATH:VR=VALUE"
        case .malformedJSON:
            return "the JSON text is no list of edits: [{\"op\": \"set\", \"path\": ..., \"value\": [...]}]"
        case .notEditable: return "the attribute\(place) is not content of the Data Set and cannot be edited"
        case .conflictingEdits: return "edits concern\(place) as a whole and something inside it"
        case .noSuchItem: return "the item that\(place) leads to is neither there nor the next one"
        case .notASequence: return "the path\(place) leads into an attribute that is no sequence"
        case .unknownVR: return "no dictionary knows the VR of\(place): write PATH:VR=VALUE"
        case .invalidValue: return "the value for\(place) is none of its VR"
        case .notInCharacterSet:
            return "the text for\(place) has characters that the Specific Character Set of the Data Set has not; "
                + "turn the whole Data Set into UTF-8 to keep them"
        case .undecodableText:
            return "the text of\(place) does not follow the Specific Character Set and cannot be turned into UTF-8"
        case .valueTooLong: return "the value for\(place) is longer than its length field can tell"
        case .noFreeBlock: return "all blocks of the private group of\(place) are taken"
        case .unreadable: return "the Data Set is not readable"
        }
    }
}
