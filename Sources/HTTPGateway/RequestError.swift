/// Why the HTTP door does not do what a request asks, found out before any service was asked.
package struct RequestError: Error, Sendable, Hashable {
    enum Code: String, Sendable, Hashable, CaseIterable {
        /// No valid token.
        case unauthenticated
        /// A resource that is not for this caller.
        case denied
        /// A token where none may be.
        case tokenInQuery
        /// A path, key or header that cannot be understood.
        case badRequest
        /// No such resource.
        case notFound
        /// The resource has no such method.
        case methodNotAllowed
        /// None of the accepted media types can be sent.
        case notAcceptable
        /// The body is of a type that is not taken.
        case unsupportedMediaType
        /// The body is longer than the limit.
        case tooLarge
        /// The body comes too slowly.
        case tooSlow
    }

    let code: Code
    /// What was wrong and what to do; no value that a request brought.
    let detail: String
    /// What there is instead: methods, or media types.
    let available: [String]

    init(_ code: Code, _ detail: String, available: [String] = []) {
        self.code = code
        self.detail = detail
        self.available = available
    }
}
