/// Why bytes are not a PDU of the upper layer protocol.
public struct PDUError: Error, Hashable, Sendable {
    /// What is wrong.
    public let code: Code
    /// The type of the PDU, as in its first byte.
    public let pduType: UInt8
    /// The name and value of the limit that was passed; `nil` for other errors.
    public let limit: Limit?

    /// What can be wrong.
    public enum Code: Sendable, Hashable {
        /// There is no such type of PDU.
        case unrecognizedPDU
        /// The length of the PDU is above its limit.
        case lengthExceedsLimit
        /// The length of the PDU is not that of its type.
        case lengthInvalid
        /// An item ends outside what holds it.
        case itemLengthInvalid
        /// A value that the standard does not allow.
        case parameterInvalid
        /// More contexts, transfer syntaxes or user items than the limit.
        case tooManyItems
        /// A presentation data value that ends outside its PDU or is too short.
        case presentationDataValueLengthInvalid
        /// A presentation data value of a context that was not accepted.
        case presentationContextUnknown
    }

    /// A limit, as it is named in the configuration.
    public struct Limit: Sendable, Hashable {
        /// The name.
        public let name: String
        /// The value in force.
        public let value: Int
    }

    /// The reason to give in A-ABORT.
    public var abortReason: Abort.Reason {
        code == .unrecognizedPDU ? .unrecognizedPDU : .invalidPDUParameterValue
    }

    init(_ code: Code, pduType: UInt8, limit: Limit? = nil) {
        self.code = code
        self.pduType = pduType
        self.limit = limit
    }
}
