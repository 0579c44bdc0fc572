public import DICOMCore
import NIOCore

/// What both sides of an association know of each other.
public struct AssociationDescription: Sendable {
    /// The title that the requestor gave itself. Not proven by anything.
    public let callingAETitle: AETitle
    /// The title that was asked for.
    public let calledAETitle: AETitle
    /// The address of the other side, without port; `nil` where there is none.
    public let peerAddress: String?
    /// Whether the connection is protected by TLS.
    public let isSecure: Bool
    /// The accepted contexts by identifier.
    public let presentationContexts: [UInt8: PresentationContext]
    /// What the other side said of itself. Its user identity may hold secrets.
    public let peerInformation: UserInformation

    /// Makes a description.
    public init(
        callingAETitle: AETitle,
        calledAETitle: AETitle,
        peerAddress: String?,
        isSecure: Bool,
        presentationContexts: [UInt8: PresentationContext],
        peerInformation: UserInformation
    ) {
        self.callingAETitle = callingAETitle
        self.calledAETitle = calledAETitle
        self.peerAddress = peerAddress
        self.isSecure = isSecure
        self.presentationContexts = presentationContexts
        self.peerInformation = peerInformation
    }
}

/// An established association. One task uses it at a time; `abort` may come from any.
public final class Association: Sendable {
    /// What was agreed.
    public let description: AssociationDescription

    private let pipe: AssociationPipe
    private let fragmentLimit: Int

    /// The longest PDU that is sent, whatever the peer would take: a longer one gains nothing.
    private static let sentPDULengthLimit = 131_072

    init(description: AssociationDescription, pipe: AssociationPipe) {
        self.description = description
        self.pipe = pipe
        // 0: no limit. A length that leaves no room for a byte of value is taken for the least that does.
        let declared = Int(description.peerInformation.maximumLength)
        let length = declared == 0 ? Self.sentPDULengthLimit : min(max(declared, 12), Self.sentPDULengthLimit)
        fragmentLimit = length - 6
    }

    /// Waits for what comes next.
    ///
    /// - Parameter isMidMessage: Whether a message has begun, so that the `throughputFloor` limit counts.
    public func receive(isMidMessage: Bool = false) async -> AssociationIndication {
        await pipe.receive(isMidMessage: isMidMessage)
    }

    /// Returns what has come already, or `nil`; does not wait.
    public func poll() -> AssociationIndication? {
        pipe.poll()
    }

    /// Sends values, in one write where the peer's maximum length and its pace allow.
    ///
    /// Returns when the values are queued; waits only while too much is queued already. A value may have any length: it
    /// is cut to what the peer takes.
    ///
    /// - Throws: `.ended` when the association is over.
    public func send(_ values: [PresentationDataValue]) async throws(UpperLayerError) {
        try await pipe.send(values, fragmentLimit: fragmentLimit)
    }

    /// Asks the peer to release, and waits for its answer. Values that still come are dropped.
    ///
    /// - Returns: How it ended; `.released` if all is well.
    public func release() async -> AssociationEnd {
        pipe.command(.release)
        while true {
            switch await pipe.receive(isMidMessage: false) {
            case .value, .releaseRequested: continue
            case .ended(let end): return end
            }
        }
    }

    /// Agrees to the release that the peer has asked for.
    public func respondToRelease() {
        pipe.command(.respondToRelease)
    }

    /// Ends the association at once, after what was queued to send.
    public func abort(_ abort: Abort = .serviceUser) {
        pipe.command(.abort(abort))
    }

    /// How it ended; `nil` while it goes on.
    public var end: AssociationEnd? { pipe.end }

    /// Waits until the connection is closed, which the peer does first; not longer than ARTIM.
    public func closed() async {
        await pipe.closed()
    }
}
