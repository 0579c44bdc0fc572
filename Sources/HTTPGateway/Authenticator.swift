public import AccessControl
import HTTPTypes

/// Finds out who sends a request.
public enum HTTPAuthenticator: Sendable {
    /// Whoever presents a known bearer token.
    case bearerTokens(BearerTokens)
    /// Anyone: the archive runs with `--open`, which is refused off loopback.
    case anyoneOnLoopback

    /// The sender of a request (RFC 6750 2.1).
    ///
    /// - Throws: `.unauthenticated` without a known token; `.tokenInQuery` for one in the URL, where it would end up in
    ///   logs and histories (RFC 6750 2.3).
    func principal(_ headers: HTTPFields, query: String?) throws(RequestError) -> Principal {
        guard !Self.holdsToken(query) else {
            throw RequestError(.tokenInQuery, "Send the token in the Authorization header, and replace this one")
        }
        switch self {
        case .anyoneOnLoopback: return Principal(.anyoneOnLoopback)
        case .bearerTokens(let tokens):
            let values = headers[values: .authorization]
            guard let value = values.first, values.count == 1, let token = Self.token(value),
                let principal = tokens.principal(presenting: token)
            else {
                throw RequestError(.unauthenticated, "Send Authorization: Bearer with a token of this archive")
            }
            return principal
        }
    }

    private static func token(_ value: String) -> Substring? {
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= 4_096 else { return nil }
        return parts[1]
    }

    private static func holdsToken(_ query: String?) -> Bool {
        guard let query else { return false }
        return query.split(separator: "&").contains { item in
            let name = item.prefix { $0 != "=" }.lowercased()
            return name == "access_token" || name == "token"
        }
    }
}
