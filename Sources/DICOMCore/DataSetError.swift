/// Why bytes are no Data Set, and where.
///
/// Holds no value of any element.
public struct DataSetError: Error, Sendable, Hashable {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// The bytes end inside an element.
        case truncated
        /// A value that has to be kept in memory is longer than the limit.
        case lengthExceedsLimit
        /// The Data Set is longer than an instance may be, or says that it is.
        case instanceTooLong
        /// An item or value reaches beyond the sequence or item that holds it.
        case lengthExceedsParent
        /// Sequences are nested deeper than the limit.
        case nestedTooDeep
        /// More elements than the limit.
        case tooManyElements
        /// The values kept in memory exceed the limit together.
        case tooMuchText
        /// A Value Representation that is none, in a place where it cannot be guessed.
        case unknownValueRepresentation
        /// An undefined length where the standard allows none.
        case undefinedLengthNotAllowed
        /// An item tag or delimiter was expected or stood in the wrong place.
        case unexpectedDelimiter
        /// A tag that identifies the object stands twice.
        case duplicateIdentity
        /// A tag that identifies the object is missing, or its value is no UID.
        case missingIdentity
        /// More fragments of Pixel Data than the limit.
        case tooManyFragments
        /// Bytes behind the last element that are neither an element nor padding.
        case trailingBytes
        /// The deflated stream is damaged.
        case inflateFailed
        /// The deflated stream grows beyond the limit.
        case inflatesTooFar
        /// No DICOM object: neither prefix nor a plausible first element.
        case notDICOM
        /// The File Meta Information is damaged.
        case badFileMetaInformation
        /// A Data Set that names another Transfer Syntax than the one it came in.
        case otherTransferSyntax
        /// A stored header or frame index that does not follow its format.
        case badArchive
        /// An element whose value has no form in the Transfer Syntax, such as bulk that is not in memory.
        case notEncodable
        /// A JSON text that does not follow the DICOM JSON model.
        case badJSON
        /// An XML text that does not follow the Native DICOM Model, or uses more of XML than that needs.
        case badXML
        /// An XML text with a document type declaration, which is refused whatever it declares.
        case documentTypeDeclaration
        /// An XML text in another encoding than UTF-8.
        case encodingNotUTF8
    }

    /// What was wrong.
    public let code: Code
    /// Bytes from the first byte of the Data Set (or JSON or XML text).
    public let offset: UInt64
    /// The tags that lead to the place, outermost first; may be empty.
    public let path: [Tag]

    /// Makes an error.
    public init(_ code: Code, at offset: UInt64, path: [Tag] = []) {
        self.code = code
        self.offset = offset
        self.path = path
    }
}

extension DataSetError {
    /// The configuration key of the limit that was passed; `nil` for other errors.
    public var limit: String? {
        switch code {
        case .lengthExceedsLimit: "limits.data-set.value-length"
        case .instanceTooLong: "limits.data-set.instance-length"
        case .nestedTooDeep: "limits.data-set.depth"
        case .tooManyElements: "limits.data-set.elements"
        case .tooMuchText: "limits.data-set.header-length"
        case .tooManyFragments: "limits.data-set.fragments"
        case .inflatesTooFar: "limits.deflate"
        default: nil
        }
    }
}

extension DataSetError: CustomStringConvertible {
    /// Code, offset and path, for people and logs.
    public var description: String {
        let place = path.isEmpty ? "" : " in " + path.map(\.description).joined(separator: " > ")
        let passed = limit.map { " (\($0))" } ?? ""
        return "Data Set is not readable: \(code.rawValue) at offset \(offset)\(place)\(passed)"
    }
}
