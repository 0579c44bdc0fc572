/// What is wrong with a value by the rules of its Value Representation (PS3.5 table 6.2-1).
public struct ValueFault: Sendable, Hashable {
    /// What is wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// More characters than the Value Representation allows.
        case tooLong
        /// Binary numbers, tags or fixed text of another length than one or several whole ones.
        case badLength
        /// A character that the Value Representation does not allow.
        case badCharacter
        /// Bytes that the Specific Character Set does not define.
        case undecodable
        /// No date.
        case badDate
        /// No time of day.
        case badTime
        /// No date and time.
        case badDateTime
        /// No age.
        case badAge
        /// No whole number.
        case badInteger
        /// A whole number beyond 32 bits.
        case integerOutOfRange
        /// No decimal number.
        case badDecimal
        /// No identifier.
        case badUID
        /// A title of spaces only.
        case badTitle
        /// A resource identifier that begins with a space.
        case badURI
        /// More than three component groups.
        case tooManyGroups
        /// More than five components in a group.
        case tooManyComponents
        /// A date or time as ACR-NEMA 300 wrote it.
        case retiredForm
        /// A Specific Character Set that no table of the standard defines.
        case unknownCharacterSet
        /// A Specific Character Set in another spelling than the standard's.
        case misspeltCharacterSet
        /// Code extensions beside a Specific Character Set that forbids them.
        case forbiddenCodeExtensions
    }

    /// What is wrong.
    public let kind: Kind
    /// Which value, counted from 0; `nil`: the whole element.
    public let valueIndex: Int?

    /// Makes a fault.
    public init(kind: Kind, valueIndex: Int?) {
        self.kind = kind
        self.valueIndex = valueIndex
    }
}

extension ValueFault.Kind {
    /// Where the standard says so.
    public var rule: String {
        switch self {
        case .tooLong, .badLength, .badCharacter, .badDate, .badTime, .badDateTime, .badAge, .badInteger,
            .integerOutOfRange, .badDecimal, .badTitle, .badURI, .retiredForm:
            "PS3.5 6.2"
        case .badUID: "PS3.5 9.1"
        case .undecodable: "PS3.5 6.1"
        case .tooManyGroups: "PS3.5 6.2.1.2"
        case .tooManyComponents: "PS3.5 6.2.1.1"
        case .unknownCharacterSet, .misspeltCharacterSet, .forbiddenCodeExtensions: "PS3.3 C.12.1.1.2"
        }
    }

    /// What is wrong, in a few words.
    public var text: String {
        switch self {
        case .tooLong: "the value is longer than its VR allows"
        case .badLength: "the length is not that of whole values"
        case .badCharacter: "the value has a character that its VR does not allow"
        case .undecodable: "the value has bytes that are no characters of its Specific Character Set"
        case .badDate: "the value is no date"
        case .badTime: "the value is no time"
        case .badDateTime: "the value is no date and time"
        case .badAge: "the value is no age like 018M"
        case .badInteger: "the value is no whole number"
        case .integerOutOfRange: "the number is beyond 32 bits"
        case .badDecimal: "the value is no decimal number"
        case .badUID: "the value is no UID, or a component of it begins with 0"
        case .badTitle: "an AE title must not be of spaces only"
        case .badURI: "a URI must not begin with a space"
        case .tooManyGroups: "the name has more than three component groups"
        case .tooManyComponents: "the name has more than five components in a group"
        case .retiredForm: "the value has the form of ACR-NEMA 300"
        case .unknownCharacterSet: "the Specific Character Set is not known"
        case .misspeltCharacterSet: "the Specific Character Set is not spelt as the standard does"
        case .forbiddenCodeExtensions: "this Specific Character Set does not allow another one beside it"
        }
    }
}
