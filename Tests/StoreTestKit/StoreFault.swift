/// What a ``FaultProxy`` does to one request: what networks, proxies, and servers do to requests.
public enum StoreFault: Hashable, Sendable, CaseIterable {
    /// 500, and the request is not passed on.
    case internalError
    /// 503 `SlowDown`, and the request is not passed on.
    case slowDown
    /// The connection is reset after half of the request came.
    case resetInRequest
    /// The connection is reset after half of the answer left.
    case resetInAnswer
    /// The answer ends in the middle, in an orderly way.
    case truncatedAnswer
    /// A byte of the body is changed on its way, in either direction.
    case wrongBody
    /// The request is passed on, and the answer is lost.
    case lostAnswer
    /// The request is passed on twice, and the second answer comes back.
    case duplicateRequest
    /// A list comes back empty, as if nothing had been stored yet.
    case emptyList
    /// 412, and the request is not passed on.
    case preconditionFailed
    /// 403 `ExpiredToken`, and the request is not passed on.
    case expired
    /// 403 `RequestTimeTooSkewed`, with a date of an hour ago.
    case clockSkew
    /// 307 to another server.
    case redirect
    /// The answer comes one byte after the other, each a second after the one before.
    case trickle
    /// The request is taken, and nothing comes back.
    case halfOpen
    /// 400 `BadDigest`, and the request is not passed on.
    case checksumMismatch
}
