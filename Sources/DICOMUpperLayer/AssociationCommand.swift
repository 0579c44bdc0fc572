/// What the user of an association asks its handler to do; outbound in the channel's pipeline.
enum AssociationCommand: Sendable {
    /// Send what is queued in the pipe.
    case sendQueued
    /// A-ASSOCIATE response: accept. Values are taken in the accepted contexts only.
    case accept(AssociateAccept)
    /// A-ASSOCIATE response: reject.
    case reject(AssociateReject)
    /// A-RELEASE request.
    case release
    /// A-RELEASE response.
    case respondToRelease
    /// A-ABORT request.
    case abort(Abort)
}
