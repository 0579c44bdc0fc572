/// The Status of a response (PS3.7 C, PS3.4).
public struct DIMSEStatus: RawRepresentable, Sendable, Hashable {
    /// The number, element (0000,0900).
    public let rawValue: UInt16

    /// Takes any number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Success.
    public static let success = DIMSEStatus(rawValue: 0x0000)
    /// Matches go on.
    public static let pending = DIMSEStatus(rawValue: 0xFF00)
    /// Matches go on; some optional keys are not supported.
    public static let pendingWithoutOptionalKeys = DIMSEStatus(rawValue: 0xFF01)
    /// Ended by C-CANCEL-RQ.
    public static let cancel = DIMSEStatus(rawValue: 0xFE00)
    /// Processing failure (PS3.7 C.5.13).
    public static let processingFailure = DIMSEStatus(rawValue: 0x0110)
    /// Duplicate SOP instance.
    public static let duplicateSOPInstance = DIMSEStatus(rawValue: 0x0111)
    /// No such SOP instance.
    public static let noSuchSOPInstance = DIMSEStatus(rawValue: 0x0112)
    /// Invalid SOP instance: its UID breaks the rules for UIDs.
    public static let invalidSOPInstance = DIMSEStatus(rawValue: 0x0117)
    /// No such SOP class.
    public static let noSuchSOPClass = DIMSEStatus(rawValue: 0x0118)
    /// Refused: SOP class not supported.
    public static let sopClassNotSupported = DIMSEStatus(rawValue: 0x0122)
    /// Refused: not authorized.
    public static let notAuthorized = DIMSEStatus(rawValue: 0x0124)
    /// Duplicate invocation.
    public static let duplicateInvocation = DIMSEStatus(rawValue: 0x0210)
    /// Unrecognized operation.
    public static let unrecognizedOperation = DIMSEStatus(rawValue: 0x0211)
    /// Mistyped argument.
    public static let mistypedArgument = DIMSEStatus(rawValue: 0x0212)
    /// Refused: out of resources (PS3.4 B.2.3, C.4.1.1.4).
    public static let outOfResources = DIMSEStatus(rawValue: 0xA700)
    /// Error: Data Set does not match SOP class; for C-FIND: identifier does not match SOP class.
    public static let dataSetDoesNotMatchSOPClass = DIMSEStatus(rawValue: 0xA900)
    /// Refused: move destination unknown (PS3.4 C.4.2.1.5).
    public static let moveDestinationUnknown = DIMSEStatus(rawValue: 0xA801)
    /// Warning: some sub-operations failed.
    public static let subOperationsFailed = DIMSEStatus(rawValue: 0xB000)
    /// Error: cannot understand; for C-FIND: unable to process.
    public static let cannotUnderstand = DIMSEStatus(rawValue: 0xC000)

    /// Whether more responses to the same request follow.
    public var isPending: Bool { self == .pending || self == .pendingWithoutOptionalKeys }
}
