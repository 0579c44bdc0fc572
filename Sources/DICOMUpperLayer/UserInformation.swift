public import DICOMCore
public import NIOCore

/// The user information item of A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.7 D.3.3, PS3.8 D.1).
public struct UserInformation: Sendable, Hashable {
    /// The longest P-DATA-TF PDU that the sender of this item takes, in bytes of its variable field; 0: any.
    public var maximumLength: UInt32
    /// Which implementation the sender is.
    public var implementationClassUID: UID?
    /// Its version, 1 to 16 printable characters.
    public var implementationVersionName: String?
    /// How many operations may be outstanding.
    public var asynchronousOperationsWindow: AsynchronousOperationsWindow?
    /// Who is SCU and who SCP, per SOP class.
    public var roleSelections: [RoleSelection] = []
    /// Service-class specific information, per SOP class.
    public var extendedNegotiations: [SOPClassExtendedNegotiation] = []
    /// Related general SOP classes; requestor only.
    public var commonExtendedNegotiations: [SOPClassCommonExtendedNegotiation] = []
    /// Who the user of the requestor is; requestor only.
    public var userIdentity: UserIdentity?
    /// The answer to the user identity; acceptor only.
    public var userIdentityResponse: ByteBuffer?

    /// Makes an item with the two parts that every association has.
    public init(maximumLength: UInt32, implementationClassUID: UID?, implementationVersionName: String? = nil) {
        self.maximumLength = maximumLength
        self.implementationClassUID = implementationClassUID
        self.implementationVersionName = implementationVersionName
    }
}

/// How many operations may be outstanding in each direction; 0: any number (PS3.7 D.3.3.3).
public struct AsynchronousOperationsWindow: Sendable, Hashable {
    /// Invoked by the requestor.
    public let invoked: UInt16
    /// Performed by the requestor.
    public let performed: UInt16

    /// Makes a window.
    public init(invoked: UInt16, performed: UInt16) {
        self.invoked = invoked
        self.performed = performed
    }
}

/// The roles that the requestor wants, or gets, for one SOP class (PS3.7 D.3.3.4).
public struct RoleSelection: Sendable, Hashable {
    /// The SOP class.
    public let sopClassUID: UID
    /// Whether the requestor is SCU.
    public let isSCU: Bool
    /// Whether the requestor is SCP.
    public let isSCP: Bool

    /// Makes a selection.
    public init(sopClassUID: UID, isSCU: Bool, isSCP: Bool) {
        self.sopClassUID = sopClassUID
        self.isSCU = isSCU
        self.isSCP = isSCP
    }
}

/// Application information about one SOP class (PS3.7 D.3.3.5); its bytes are defined by the service class.
public struct SOPClassExtendedNegotiation: Sendable, Hashable {
    /// The SOP class.
    public let sopClassUID: UID
    /// The service-class application information.
    public let information: ByteBuffer

    /// Makes an item.
    public init(sopClassUID: UID, information: ByteBuffer) {
        self.sopClassUID = sopClassUID
        self.information = information
    }
}

/// What a specialised SOP class may be taken for (PS3.7 D.3.3.6).
public struct SOPClassCommonExtendedNegotiation: Sendable, Hashable {
    /// The SOP class.
    public let sopClassUID: UID
    /// Its service class.
    public let serviceClassUID: UID
    /// General SOP classes whose instances it can be treated as.
    public let relatedGeneralSOPClassUIDs: [UID]

    /// Makes an item.
    public init(sopClassUID: UID, serviceClassUID: UID, relatedGeneralSOPClassUIDs: [UID]) {
        self.sopClassUID = sopClassUID
        self.serviceClassUID = serviceClassUID
        self.relatedGeneralSOPClassUIDs = relatedGeneralSOPClassUIDs
    }
}

/// Who asks for the association (PS3.7 D.3.3.7). Holds secrets: never log it.
public struct UserIdentity: Sendable, Hashable {
    /// What the fields hold.
    public let kind: Kind
    /// Whether the requestor wants to hear that it was accepted.
    public let wantsPositiveResponse: Bool
    /// User name, ticket, assertion or token.
    public let primaryField: ByteBuffer
    /// The passcode; otherwise empty.
    public let secondaryField: ByteBuffer

    /// The kinds of identity, with the standard's numbers.
    public enum Kind: UInt8, Sendable, Hashable {
        /// User name.
        case username = 1
        /// User name and passcode.
        case usernameAndPasscode = 2
        /// Kerberos service ticket.
        case kerberos = 3
        /// SAML assertion.
        case saml = 4
        /// JSON Web Token.
        case jsonWebToken = 5
    }

    /// Makes an identity.
    public init(
        kind: Kind,
        wantsPositiveResponse: Bool,
        primaryField: ByteBuffer,
        secondaryField: ByteBuffer = ByteBuffer()
    ) {
        self.kind = kind
        self.wantsPositiveResponse = wantsPositiveResponse
        self.primaryField = primaryField
        self.secondaryField = secondaryField
    }
}
