public import DICOMCore
public import DICOMUpperLayer
import NIOCore

/// Makes the services of each association.
public protocol DIMSEServiceProvider: Sendable {
    /// Called once, when an association is established.
    func open(_ association: AssociationDescription) async -> any DIMSEServices
}

/// Sends one match with its pending status: `.pending`, or `.pendingWithoutOptionalKeys` when a key with a value was not
/// matched.
public typealias MatchResponder = @Sendable (DataSet, DIMSEStatus) async throws -> Void

/// What is done for the peer of one association.
///
/// One operation runs at a time.
public protocol DIMSEServices: Sendable {
    /// Stores an instance.
    ///
    /// The body is the Data Set as the peer sends it, in the transfer syntax of the request; what is not taken of it is
    /// dropped. When it throws, nothing has been stored for the peer and nothing is answered, whatever is returned.
    func store(_ request: CStoreRequest, body: DIMSEBody) async -> DIMSEOutcome
    /// Answers a query: calls `respond` for each match, and returns when there is no more.
    ///
    /// `respond` throws when the peer has cancelled, or is gone; `request.isCancelled()` tells without a match at hand.
    func find(
        _ request: CFindRequest,
        identifier: DataSet,
        respond: @escaping MatchResponder
    ) async -> DIMSEOutcome
    /// Called once, when the association is over, however it ended.
    func ended() async
}

/// C-STORE-RQ (PS3.7 9.3.1.1).
public struct CStoreRequest: Sendable, Hashable {
    /// Its number on the association.
    public let messageID: UInt16
    /// The SOP class; that of the presentation context.
    public let affectedSOPClassUID: UID
    /// The instance, as the command has it.
    ///
    /// The Data Set may say something else.
    public let affectedSOPInstanceUID: UID
    /// How the Data Set is encoded.
    public let transferSyntax: TransferSyntax
    /// 0 medium, 1 high, 2 low.
    public let priority: UInt16
    /// Who asked for the C-MOVE that this is a part of.
    public let moveOriginatorAETitle: AETitle?
    /// The message ID of that C-MOVE.
    public let moveOriginatorMessageID: UInt16?

    /// Makes a request.
    public init(
        messageID: UInt16,
        affectedSOPClassUID: UID,
        affectedSOPInstanceUID: UID,
        transferSyntax: TransferSyntax,
        priority: UInt16 = 0,
        moveOriginatorAETitle: AETitle? = nil,
        moveOriginatorMessageID: UInt16? = nil
    ) {
        self.messageID = messageID
        self.affectedSOPClassUID = affectedSOPClassUID
        self.affectedSOPInstanceUID = affectedSOPInstanceUID
        self.transferSyntax = transferSyntax
        self.priority = priority
        self.moveOriginatorAETitle = moveOriginatorAETitle
        self.moveOriginatorMessageID = moveOriginatorMessageID
    }
}

/// C-FIND-RQ (PS3.7 9.3.2.1).
public struct CFindRequest: Sendable {
    /// Its number on the association.
    public let messageID: UInt16
    /// The information model; that of the presentation context.
    public let affectedSOPClassUID: UID
    /// How identifiers are encoded.
    public let transferSyntax: TransferSyntax
    /// 0 medium, 1 high, 2 low.
    public let priority: UInt16

    private let cancellation: @Sendable () -> Bool

    /// Makes a request.
    public init(
        messageID: UInt16,
        affectedSOPClassUID: UID,
        transferSyntax: TransferSyntax,
        priority: UInt16 = 0,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.messageID = messageID
        self.affectedSOPClassUID = affectedSOPClassUID
        self.transferSyntax = transferSyntax
        self.priority = priority
        cancellation = isCancelled
    }

    /// Whether the peer has sent C-CANCEL, or is gone.
    ///
    /// Cheap; does not wait.
    public func isCancelled() -> Bool {
        cancellation()
    }
}
