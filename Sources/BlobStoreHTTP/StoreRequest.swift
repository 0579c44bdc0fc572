public import NIOCore
public import NIOHTTP1
public import PackStorage

/// A request to the server of a store.
public struct StoreRequest: Sendable {
    /// What the server gets beside the head.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// Bytes in memory.
        case bytes(ByteBuffer)
        /// A range of a source with its SHA-256: the last piece leaves only when the digest is right.
        case source(BlobSource, Range<UInt64>, sha256: [UInt8])

        var length: UInt64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): UInt64(bytes.readableBytes)
            case .source(_, let range, _): UInt64(range.count)
            }
        }
    }

    /// The method.
    public var method: HTTPMethod
    /// The whole address.
    public var url: String
    /// All headers but those that frame the body.
    public var headers: HTTPHeaders
    /// The body.
    public var body: Body

    /// Makes a request.
    public init(_ method: HTTPMethod, _ url: String, headers: HTTPHeaders = [:], body: Body = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// The whole answer of a server.
public struct StoreResponse: Sendable {
    /// The HTTP status.
    public let status: Int
    /// The headers.
    public let headers: HTTPHeaders
    /// The body.
    public let body: ByteBuffer

    /// Makes an answer.
    public init(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The number in a header; `nil` when it is absent or none.
    public func number(_ header: String) -> UInt64? {
        headers.first(name: header).flatMap { UInt64($0) }
    }
}
