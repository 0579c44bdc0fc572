import Crypto
public import PackStorage

/// What a request is signed with.
///
/// Shows no secret when it is printed.
public struct S3Credentials: Sendable, CustomStringConvertible, CustomReflectable {
    /// The public name of the key.
    public let accessKeyID: String
    /// Sent with each request when the key is one for a time.
    public let sessionToken: String?
    /// `AWS4` and the secret access key.
    let signingSecret: SymmetricKey

    /// Makes credentials.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.sessionToken = sessionToken
        signingSecret = SymmetricKey(data: Array(("AWS4" + secretAccessKey).utf8))
    }

    /// The public name only.
    public var description: String { "S3 credentials " + accessKeyID }

    /// Nothing, lest a dump show the secret.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where credentials come from: a file, or a service that gives them out for a time.
public protocol S3CredentialsSource: Sendable {
    /// The credentials of now.
    ///
    /// - Parameter isRenewal: Whether the ones before have expired.
    func credentials(isRenewal: Bool) async throws(BlobStoreError) -> S3Credentials
}

/// Credentials that stay.
public struct FixedS3Credentials: S3CredentialsSource {
    private let fixed: S3Credentials

    /// Makes a source of always the same.
    public init(_ credentials: S3Credentials) {
        fixed = credentials
    }

    /// Always the same.
    public func credentials(isRenewal: Bool) async throws(BlobStoreError) -> S3Credentials {
        guard !isRenewal else { throw BlobStoreError(.denied, "the credentials have expired; configure new ones") }
        return fixed
    }
}
