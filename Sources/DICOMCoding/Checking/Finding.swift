public import DICOMCore

/// Something that a check has found: what, where, and against which rule.
///
/// Holds no value of any element.
public struct Finding: Sendable, Hashable {
    /// What was found.
    public enum Kind: Sendable, Hashable {
        /// Something odd in the encoding.
        case quirk(Quirk.Kind)
        /// A value that breaks the rules of its VR.
        case value(ValueFault.Kind)
        /// Something wrong with the object.
        case object(ObjectFault)
    }

    /// How much it matters.
    public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
        /// The object cannot be read, or an archive cannot file it.
        case error
        /// Against the standard, and read nevertheless.
        case warning
        /// Not wrong, but worth to know: retired forms, and elements that no dictionary knows.
        case note

        /// Orders the gravest first.
        public static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .error: 0
            case .warning: 1
            case .note: 2
            }
        }
    }

    /// What was found.
    public let kind: Kind
    /// Bytes from the first byte of the file; of the inflated Data Set for elements of a deflated one.
    ///
    /// `nil` for what is not there.
    public let offset: UInt64?
    /// The tags that lead to the place, outermost first; empty for the file as a whole.
    public let path: [Tag]
    /// Why the object cannot be read, for `.unreadable`.
    public let code: DataSetError.Code?

    init(_ kind: Kind, at offset: UInt64?, path: [Tag] = [], code: DataSetError.Code? = nil) {
        self.kind = kind
        self.offset = offset
        self.path = path
        self.code = code
    }
}

extension Finding.Kind {
    /// One word for programs.
    public var name: String {
        switch self {
        case .quirk(let kind): kind.rawValue
        case .value(let kind): kind.rawValue
        case .object(let fault): fault.rawValue
        }
    }

    /// The place in the standard that says how it should be.
    public var rule: String {
        switch self {
        case .quirk(let kind): kind.rule
        case .value(let kind): kind.rule
        case .object(let fault): fault.rule
        }
    }

    /// What is wrong, for people.
    public var text: String {
        switch self {
        case .quirk(let kind): kind.text
        case .value(let kind): kind.text
        case .object(let fault): fault.text
        }
    }

    /// How much it matters.
    public var severity: Finding.Severity {
        switch self {
        case .object(.unreadable), .object(.missingIdentity): .error
        case .object(.unknownElement), .value(.retiredForm), .quirk(.recognitionCode), .quirk(.trailingZeros): .note
        case .object, .value, .quirk: .warning
        }
    }
}
