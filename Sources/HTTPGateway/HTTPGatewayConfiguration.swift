public import ArchiveCatalog

/// How the HTTP door is opened and how much it takes in.
public struct HTTPGatewayConfiguration: Sendable, Hashable {
    /// The address to listen on; `bind`.
    public var host: String
    /// The port to listen on, 0 for any free one; `http-port`.
    public var port: Int
    /// Scheme, host and port under which clients reach the archive, without a slash at the end; `public-url`.
    ///
    /// Links are made from it, never from what a request claims. When `nil`, links are absolute while the archive
    /// listens on loopback, and begin with the path otherwise.
    public var publicURL: String?
    /// How much is taken in.
    public var limits: HTTPLimits

    /// Makes a configuration.
    public init(
        host: String = "127.0.0.1",
        port: Int = 8080,
        publicURL: String? = nil,
        limits: HTTPLimits = HTTPLimits()
    ) {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.limits = limits
    }
}

/// How much the HTTP door takes in before it refuses.
public struct HTTPLimits: Sendable, Hashable {
    /// Bytes of all header fields; `limits.http.header-length`.
    public var headerLength = 32 << 10
    /// Header fields of a request; `limits.http.header-fields`.
    public var headerFieldCount = 100
    /// Connections at a time; `limits.http.connections`.
    public var connectionCount = 256
    /// Connections of one address at a time; `limits.http.connections-per-address`.
    public var connectionCountByAddress = 64
    /// Seconds that a connection may be silent, or not take what is sent to it; `limits.http.idle-time`.
    public var idleSeconds = 60
    /// Bytes of a request that stores; `limits.http.store-length`.
    public var storeLength: UInt64 = 16 << 30
    /// Bytes per second below which a sender is cut off, measured over ``paceSeconds``; `limits.http.pace`.
    public var paceBytesPerSecond = 1_024
    /// Seconds of waiting after which the pace is measured; `limits.http.pace-window`.
    public var paceSeconds = 30
    /// How much of a multipart body is taken in.
    public var multipart = MultipartLimits()
    /// Answers to one search; `limits.query.results`.
    public var resultCount = 10_000
    /// Answers to one search that takes more than the columns of the index; `limits.query.header-results`.
    public var headerResultCount = 500
    /// What one key of a search may hold.
    public var matching = MatchingParser()
    /// Frames in one request; `limits.http.frames`.
    public var frameCount = 10_000
    /// Media types in one Accept header, the rest is not looked at; `limits.http.accept-types`.
    public var acceptCount = 64

    /// The defaults.
    public init() {}
}

/// How much of a multipart body is taken in before it is refused.
public struct MultipartLimits: Sendable, Hashable {
    /// Characters of the boundary (RFC 2046 5.1.1); `limits.multipart.boundary-length`.
    public var boundaryLength = 70
    /// Bytes of the header of one part; `limits.multipart.header-length`.
    public var headerLength = 8 << 10
    /// Parts; `limits.multipart.parts`.
    public var partCount = 10_000

    /// The defaults.
    public init() {}
}
