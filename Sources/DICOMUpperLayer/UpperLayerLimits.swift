/// How much of a peer's time and space the upper layer takes.
public struct UpperLayerLimits: Sendable, Hashable {
    /// The longest P-DATA-TF PDU that is taken, told to the peer as maximum length.
    ///
    /// Bytes of the variable field; configuration key `limits.association.pdu-length`.
    public var pduLength: UInt32 = 131_072
    /// The longest A-ASSOCIATE-RQ or A-ASSOCIATE-AC PDU.
    ///
    /// Bytes of the variable field; `limits.association.request-length`.
    public var associatePDULength: UInt32 = 131_072
    /// Presentation contexts in one request; `limits.association.presentation-contexts`.
    public var presentationContextCount = 128
    /// Transfer syntaxes in one presentation context; `limits.association.transfer-syntaxes`.
    public var transferSyntaxCount = 64
    /// Sub-items of one user information item; `limits.association.user-items`.
    public var userItemCount = 64
    /// How long a peer may take for its request, and for closing the connection at the end (ARTIM, PS3.8 9.1.5).
    ///
    /// `limits.association.artim`.
    public var artim: Duration = .seconds(30)
    /// How long an association may be without a byte in either direction while this side waits for the peer.
    ///
    /// `limits.association.idle-time`.
    public var idle: Duration = .seconds(60)
    /// How long the rate of a message is watched before it is judged; `limits.association.pace-window`.
    public var throughputWindow: Duration = .seconds(30)
    /// Bytes per second that a peer must send in the middle of a message, on the mean of a window; `limits.association.pace`.
    public var throughputFloor = 1_024
    /// How long opening a connection to a peer may take.
    public var connectTimeout: Duration = .seconds(10)
    /// Received bytes that wait for their reader before the socket is left alone.
    public var receiveHighWatermark = 262_144
    /// Received bytes that wait when the socket is read again.
    public var receiveLowWatermark = 65_536
    /// Bytes that may wait to be sent before the sender has to wait.
    public var sendHighWatermark = 524_288
    /// Bytes in one read of the socket; below 128 KiB reading gets much slower.
    public var receiveBufferLength = 262_144

    /// Makes the default limits.
    public init() {}
}
