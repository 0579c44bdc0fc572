public import DICOMCore

/// An attribute in its place, of which a profile says what is to be done to it.
public struct ProfiledElement: Sendable, Hashable {
    /// The concept of a content item (PS3.3 10.2): what its value means.
    public struct Concept: Sendable, Hashable {
        /// Code Value (0008,0100), Long Code Value (0008,0119) or URN Code Value (0008,0120).
        public let code: String
        /// Coding Scheme Designator (0008,0102).
        public let scheme: String
        /// Value Type (0040,A040).
        public let valueType: String

        /// Makes a concept.
        public init(code: String, scheme: String, valueType: String) {
            self.code = code
            self.scheme = scheme
            self.valueType = valueType
        }

        /// Whether an attribute holds the value of an item of this Value Type (PS3.3 C.17.3.2): what else stands in the
        /// item has nothing to do with the concept.
        func isValue(_ tag: Tag) -> Bool {
            switch valueType {
            case "TEXT": tag == .textValue
            case "PNAME": tag == .personName
            case "UIDREF": tag == .uid
            case "DATE": tag == .date
            case "TIME": tag == .time
            case "DATETIME": tag == .dateTime
            case "CODE": tag == .conceptCodeSequence
            case "NUM": tag == .measuredValueSequence
            case "IMAGE", "COMPOSITE", "WAVEFORM": tag == .referencedSOPSequence
            default: false
            }
        }
    }

    /// The tag.
    public let tag: Tag
    /// The Value Representation.
    public let vr: VR
    /// Who reserved the block of a private element; `nil` for elements of the standard and where nobody did.
    public let privateCreator: String?
    /// The sequences around the element, outermost first.
    public let path: [Tag]
    /// The SOP Class of the object; `nil` when it does not tell.
    public let sopClassUID: UID?
    /// The concept of the content item that the element is the value of; `nil` elsewhere.
    public let concept: Concept?

    /// Puts an attribute in its place.
    public init(
        tag: Tag,
        vr: VR,
        privateCreator: String? = nil,
        path: [Tag] = [],
        sopClassUID: UID?,
        concept: Concept? = nil
    ) {
        self.tag = tag
        self.vr = vr
        self.privateCreator = privateCreator
        self.path = path
        self.sopClassUID = sopClassUID
        self.concept = concept
    }
}
