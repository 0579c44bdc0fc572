/// Why the keyring cannot be opened or cannot keep a new key.
///
/// The text says what to do and holds no key.
public struct KeyringError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// A copy is damaged before its end.
        case damaged
        /// The two copies are both whole but tell different stories.
        case copiesDiffer
        /// A copy was written by a later version of this program.
        case unsupportedVersion
        /// The root key cannot be used.
        case rootKey(RootKeyError.Code)
        /// A key does not unwrap, although its entry is whole.
        case wrongKey
        /// A version of the key-encryption key still wraps something.
        case inUse
        /// There is no such version of the key-encryption key, or no such recovery key.
        case unknownVersion
        /// The volume is full.
        case noSpace
        /// The keyring cannot be read or written.
        case unavailable
        /// The task was cancelled before the key was kept.
        case cancelled
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
