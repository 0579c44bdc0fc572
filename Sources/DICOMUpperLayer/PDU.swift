public import DICOMCore
public import NIOCore

/// The PDUs other than P-DATA-TF, whose contents travel as `PresentationDataValue` (PS3.8 9.3).
public enum PDU: Sendable, Hashable {
    /// A-ASSOCIATE-RQ.
    case associateRequest(AssociateRequest)
    /// A-ASSOCIATE-AC.
    case associateAccept(AssociateAccept)
    /// A-ASSOCIATE-RJ.
    case associateReject(AssociateReject)
    /// A-RELEASE-RQ.
    case releaseRequest
    /// A-RELEASE-RP.
    case releaseResponse
    /// A-ABORT.
    case abort(Abort)
}

/// A-ASSOCIATE-RQ (PS3.8 9.3.2).
public struct AssociateRequest: Sendable, Hashable {
    /// A bit per version; bit 0 is version 1, the only one there is.
    public var protocolVersion: UInt16 = 1
    /// Whom the requestor wants; `nil` when the field holds no AE title.
    public var calledAETitle: AETitle?
    /// Who the requestor says it is; `nil` when the field holds no AE title.
    public var callingAETitle: AETitle?
    /// Always `1.2.840.10008.3.1.1.1` from a DICOM peer.
    public var applicationContextName: UID?
    /// At most 128.
    public var presentationContexts: [ProposedPresentationContext]
    /// The user information.
    public var userInformation: UserInformation

    /// The DICOM application context (PS3.7 A.2.1).
    public static let dicomApplicationContextName = UID(literal: "1.2.840.10008.3.1.1.1")

    /// Makes a request.
    public init(
        calledAETitle: AETitle?,
        callingAETitle: AETitle?,
        presentationContexts: [ProposedPresentationContext],
        userInformation: UserInformation
    ) {
        self.calledAETitle = calledAETitle
        self.callingAETitle = callingAETitle
        self.applicationContextName = Self.dicomApplicationContextName
        self.presentationContexts = presentationContexts
        self.userInformation = userInformation
    }
}

/// A-ASSOCIATE-AC (PS3.8 9.3.3).
public struct AssociateAccept: Sendable, Hashable {
    /// As the request had it.
    public var calledAETitle: AETitle?
    /// As the request had it.
    public var callingAETitle: AETitle?
    /// One for each that was proposed.
    public var presentationContexts: [PresentationContextAnswer]
    /// The user information.
    public var userInformation: UserInformation

    /// Makes an acceptance.
    public init(
        calledAETitle: AETitle?,
        callingAETitle: AETitle?,
        presentationContexts: [PresentationContextAnswer],
        userInformation: UserInformation
    ) {
        self.calledAETitle = calledAETitle
        self.callingAETitle = callingAETitle
        self.presentationContexts = presentationContexts
        self.userInformation = userInformation
    }
}

/// A-ASSOCIATE-RJ, with the numbers of the standard (PS3.8 9.3.4).
public struct AssociateReject: Sendable, Hashable {
    /// 1 for ever, 2 for the time being.
    public let result: UInt8
    /// 1 service user, 2 provider (ACSE), 3 provider (presentation).
    public let source: UInt8
    /// Depends on the source.
    public let reason: UInt8

    /// Makes a rejection.
    public init(result: UInt8, source: UInt8, reason: UInt8) {
        self.result = result
        self.source = source
        self.reason = reason
    }

    /// The user rejects and does not say why.
    public static let noReason = AssociateReject(result: 1, source: 1, reason: 1)
    /// Another application context than DICOM's.
    public static let applicationContextNameNotSupported = AssociateReject(result: 1, source: 1, reason: 2)
    /// The calling AE title is not known here.
    public static let callingAETitleNotRecognized = AssociateReject(result: 1, source: 1, reason: 3)
    /// There is no such AE title here.
    public static let calledAETitleNotRecognized = AssociateReject(result: 1, source: 1, reason: 7)
    /// No common version of the protocol.
    public static let protocolVersionNotSupported = AssociateReject(result: 1, source: 2, reason: 2)
    /// Busy; try again later.
    public static let temporaryCongestion = AssociateReject(result: 2, source: 3, reason: 1)
    /// Too many associations; try again later.
    public static let localLimitExceeded = AssociateReject(result: 2, source: 3, reason: 2)
}

/// A-ABORT (PS3.8 9.3.8).
public struct Abort: Sendable, Hashable {
    /// 0 service user, 2 service provider.
    public let source: UInt8
    /// Significant for the provider only.
    public let reason: UInt8

    /// Takes the two fields as they are.
    public init(source: UInt8, reason: UInt8) {
        self.source = source
        self.reason = reason
    }

    /// The user of the association aborts.
    public static let serviceUser = Abort(source: 0, reason: 0)

    /// The provider aborts.
    public static func provider(_ reason: Reason) -> Abort {
        Abort(source: 2, reason: reason.rawValue)
    }

    /// Why a provider aborts, with the standard's numbers.
    public enum Reason: UInt8, Sendable, Hashable {
        /// Not said.
        case notSpecified = 0
        /// A PDU of a type that does not exist.
        case unrecognizedPDU = 1
        /// A PDU that must not come now.
        case unexpectedPDU = 2
        /// A parameter that does not exist.
        case unrecognizedPDUParameter = 4
        /// A parameter that must not be there.
        case unexpectedPDUParameter = 5
        /// A parameter with a value that is not allowed.
        case invalidPDUParameterValue = 6
    }
}

/// A presentation data value or a part of one (PS3.8 9.3.5.1).
///
/// A value that arrives in several reads is handed on in pieces; only the last piece of the last fragment has `isLast`.
public struct PresentationDataValue: Sendable, Hashable {
    /// The presentation context that it belongs to.
    public let presentationContextID: UInt8
    /// Whether the bytes are of a command; otherwise of a Data Set (PS3.8 E.2).
    public let isCommand: Bool
    /// Whether the command or Data Set ends with these bytes.
    public let isLast: Bool
    /// The bytes; may be none.
    public let bytes: ByteBuffer

    /// Makes a value.
    public init(presentationContextID: UInt8, isCommand: Bool, isLast: Bool, bytes: ByteBuffer) {
        self.presentationContextID = presentationContextID
        self.isCommand = isCommand
        self.isLast = isLast
        self.bytes = bytes
    }
}
