public import Crypto

/// Wraps the key-encryption keys, and nothing else; called at start and at rotation.
public protocol RootKeyProvider: Sendable {
    /// Which root key this is, for messages to the operator; holds no secret.
    var identifier: String { get }

    /// Makes ready to wrap and unwrap.
    ///
    /// - Parameter mayCreate: Whether a missing root key may be made: only while nothing was ever wrapped under one.
    func prepare(mayCreate: Bool) async throws(RootKeyError)

    /// Wraps a key of 32 bytes into 40.
    func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8]

    /// Unwraps what `wrap` returned.
    func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey
}

/// Why the root key cannot be used.
///
/// The text says what to do and holds no key.
public struct RootKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// There is no root key, and none may be made.
        case missing
        /// The root key could be read together with the data that it protects.
        case insecurePlace
        /// Others may read the root key, or it belongs to another user.
        case insecurePermissions
        /// What is stored is no root key.
        case malformed
        /// Another root key wrapped this.
        case wrongKey
        /// The root key cannot be read or written.
        case unavailable
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong and what to do.
    public let description: String

    /// Makes an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
