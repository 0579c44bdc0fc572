import ArchiveServices
import DICOMCore

/// What became of the ways in which an object might have been sent.
struct RetrieveFailures: Sendable {
    let stored: TransferSyntax
    let kind: RetrievedKind
    let hasFrames: Bool
    private var undecodable: ArchiveError?
    private var unmakeable: ArchiveError?
    private var tried: Set<TransferSyntax> = []

    /// - Parameter hasFrames: Whether the object has something to compress.
    init(stored: TransferSyntax, kind: RetrievedKind, hasFrames: Bool) {
        self.stored = stored
        self.kind = kind
        self.hasFrames = hasFrames
    }

    /// Notes why one way failed.
    ///
    /// - Throws: The error itself where no other way would be better.
    mutating func note(_ error: ArchiveError, of choice: RetrieveChoice) throws(ArchiveError) {
        if let request = choice.request { tried.insert(request.target) }
        switch error.code {
        case .notDecodable, .framesUnknown: undecodable = undecodable ?? error
        case .notMakeable: unmakeable = unmakeable ?? error
        case .denied, .notFound, .badRequest, .noSpace, .damaged, .unavailable, .frozen, .conflict: throw error
        }
    }

    /// What the client is told when every way failed, or there was none.
    var error: any Error {
        undecodable
            ?? RetrieveAcceptance.refusal(
                of: stored,
                kind,
                unmakeable?.advice,
                without: tried,
                hasFrames: hasFrames
            )
    }
}
