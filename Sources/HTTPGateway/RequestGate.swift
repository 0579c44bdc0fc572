import AccessControl
import HTTPTypes

/// Decides on the head of a request alone: who asks, and for what.
struct RequestGate: Sendable {
    /// A request that may be answered.
    enum Admission: Sendable, Hashable {
        /// Anyone may ask whether the archive lives and works.
        case anyone(Health)
        /// A known caller asks for a resource.
        case caller(Principal, Route)
    }

    /// What anyone may ask.
    enum Health: Sendable, Hashable {
        case live
        case ready
    }

    let authenticator: HTTPAuthenticator

    /// Admits or refuses a request.
    ///
    /// Deny by default: of a request without a valid token nothing but the two public paths is looked at, so that a
    /// stranger cannot tell resources that exist from others.
    func admit(
        _ method: HTTPRequest.Method,
        path rawPath: String,
        query: String?,
        headers: HTTPFields
    ) throws(RequestError) -> Admission {
        if let health = Self.publicPaths[rawPath] {
            guard method == .get || method == .head else {
                throw RequestError(.methodNotAllowed, "Health is asked with GET", available: ["GET", "HEAD"])
            }
            return .anyone(health)
        }
        let principal = try authenticator.principal(headers, query: query)
        let route = try Route(method, try RequestPath(rawPath))
        // The services would say the same; here no resource can forget to ask.
        guard !principal.isResearcher || route.isForResearchers else {
            throw RequestError(
                .denied,
                "A researcher's token opens the research project that it was made for, nothing else"
            )
        }
        return .caller(principal, route)
    }

    private static let publicPaths: [String: Health] = ["/health/live": .live, "/health/ready": .ready]
}
