/// The states of PS3.8 9.2.2.
public enum AssociationState: UInt8, Sendable, Hashable, CaseIterable {
    /// Idle.
    case sta1 = 1
    /// Transport connection open, awaiting A-ASSOCIATE-RQ.
    case sta2
    /// Awaiting the local A-ASSOCIATE response.
    case sta3
    /// Awaiting the transport connection.
    case sta4
    /// Awaiting A-ASSOCIATE-AC or A-ASSOCIATE-RJ.
    case sta5
    /// Association established and ready for data transfer.
    case sta6
    /// Awaiting A-RELEASE-RP.
    case sta7
    /// Awaiting the local A-RELEASE response.
    case sta8
    /// Release collision, requestor: awaiting the local A-RELEASE response.
    case sta9
    /// Release collision, acceptor: awaiting A-RELEASE-RP.
    case sta10
    /// Release collision, requestor: awaiting A-RELEASE-RP.
    case sta11
    /// Release collision, acceptor: awaiting the local A-RELEASE response.
    case sta12
    /// Awaiting the end of the transport connection.
    case sta13
}

/// The events of Table 9-10.
public enum AssociationEvent: UInt8, Sendable, Hashable, CaseIterable {
    /// A-ASSOCIATE request of the local user.
    case evt1 = 1
    /// Transport connection confirmed.
    case evt2
    /// A-ASSOCIATE-AC PDU.
    case evt3
    /// A-ASSOCIATE-RJ PDU.
    case evt4
    /// Transport connection indication.
    case evt5
    /// A-ASSOCIATE-RQ PDU.
    case evt6
    /// A-ASSOCIATE response of the local user: accept.
    case evt7
    /// A-ASSOCIATE response of the local user: reject.
    case evt8
    /// P-DATA request of the local user.
    case evt9
    /// P-DATA-TF PDU.
    case evt10
    /// A-RELEASE request of the local user.
    case evt11
    /// A-RELEASE-RQ PDU.
    case evt12
    /// A-RELEASE-RP PDU.
    case evt13
    /// A-RELEASE response of the local user.
    case evt14
    /// A-ABORT request of the local user.
    case evt15
    /// A-ABORT PDU.
    case evt16
    /// Transport connection closed.
    case evt17
    /// ARTIM timer expired.
    case evt18
    /// Unrecognized or invalid PDU.
    case evt19
}

/// The actions of Tables 9-6 to 9-9.
public enum AssociationAction: Sendable, Hashable, CaseIterable {
    /// Open the transport connection.
    case ae1
    /// Send A-ASSOCIATE-RQ.
    case ae2
    /// Tell the user that the association is accepted.
    case ae3
    /// Tell the user that the association is rejected; close.
    case ae4
    /// Take the transport connection; start ARTIM.
    case ae5
    /// Stop ARTIM; tell the user of the request, or reject it, and start ARTIM.
    case ae6
    /// Send A-ASSOCIATE-AC.
    case ae7
    /// Send A-ASSOCIATE-RJ; start ARTIM.
    case ae8
    /// Send P-DATA-TF.
    case dt1
    /// Hand P-DATA to the user.
    case dt2
    /// Send A-RELEASE-RQ.
    case ar1
    /// Tell the user that the peer wants to release.
    case ar2
    /// Tell the user that the release is confirmed; close.
    case ar3
    /// Send A-RELEASE-RP; start ARTIM.
    case ar4
    /// Stop ARTIM.
    case ar5
    /// Hand P-DATA to the user, who waits for the release.
    case ar6
    /// Send P-DATA-TF although the peer wants to release.
    case ar7
    /// Tell the user of a release collision.
    case ar8
    /// Send A-RELEASE-RP in a collision.
    case ar9
    /// Tell the user that the release is confirmed, in a collision.
    case ar10
    /// Send A-ABORT; start ARTIM.
    case aa1
    /// Stop ARTIM; close.
    case aa2
    /// Tell the user of the abort; close.
    case aa3
    /// Tell the user that the connection is lost.
    case aa4
    /// Stop ARTIM.
    case aa5
    /// Drop the PDU.
    case aa6
    /// Send A-ABORT.
    case aa7
    /// Send A-ABORT as the provider, tell the user; start ARTIM.
    case aa8
}
