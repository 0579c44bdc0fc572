public import BlobStoreHTTP

/// Which folder of a WebDAV server, and who we are there.
public struct WebDAVConfiguration: Sendable {
    /// Who we are.
    public enum Credentials: Sendable, CustomStringConvertible, CustomReflectable {
        /// Nobody.
        case none
        /// A user with a password (RFC 7617).
        case basic(user: String, password: String)
        /// The holder of a token (RFC 6750).
        case bearer(String)

        /// Without the secret.
        public var description: String {
            switch self {
            case .none: "no credentials"
            case .basic(let user, _): "a password of " + user
            case .bearer: "a token"
            }
        }

        /// Nothing, lest a dump show the secret.
        public var customMirror: Mirror { Mirror(self, children: [:]) }

        var header: String? {
            switch self {
            case .none: nil
            case .basic(let user, let password): "Basic " + Base64.encode((user + ":" + password).utf8)
            case .bearer(let token): "Bearer " + token
            }
        }
    }

    /// The folder, which is made when it is missing and the one above it is there.
    public var folder: StoreEndpoint
    /// Who we are.
    public var credentials = Credentials.none
    /// How long the server may take.
    public var timeouts = StoreTimeouts()

    /// A folder.
    public init(folder: StoreEndpoint) {
        self.folder = folder
    }
}
