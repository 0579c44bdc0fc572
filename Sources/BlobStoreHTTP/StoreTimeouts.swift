/// How long a server may take.
public struct StoreTimeouts: Sendable, Hashable {
    /// Until a connection is made.
    public var connect: Duration
    /// Without a byte in either direction.
    public var idle: Duration
    /// For a whole request and its answer, beside the time that its bytes need.
    public var request: Duration
    /// The slowest transfer that is waited for, in bytes per second.
    public var minimumBytesPerSecond: UInt64

    /// Makes timeouts.
    public init(
        connect: Duration = .seconds(10),
        idle: Duration = .seconds(30),
        request: Duration = .seconds(60),
        minimumBytesPerSecond: UInt64 = 64 * 1_024
    ) {
        self.connect = connect
        self.idle = idle
        self.request = request
        self.minimumBytesPerSecond = minimumBytesPerSecond
    }

    /// How long a request that moves that many bytes may take.
    func limit(byteCount: UInt64) -> Duration {
        request + .seconds(Int64(clamping: byteCount / max(1, minimumBytesPerSecond)))
    }
}
