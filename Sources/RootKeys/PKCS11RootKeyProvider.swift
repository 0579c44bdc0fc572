import CPKCS11
public import Crypto
public import Platform
public import Sealing
import Synchronization

/// A root key that never leaves a hardware security module (PKCS #11): the token seals and opens with AES-256-GCM.
///
/// Wrapped is nonce | ciphertext | tag, 60 bytes, with "cassette/root/1" as associated data.
public final class PKCS11RootKeyProvider: RootKeyProvider {
    /// Which key of which token.
    public struct Configuration: Sendable, Hashable {
        /// The shared library of the token's maker.
        public var module: String
        /// The label of the token.
        public var token: String
        /// The label of the AES key.
        public var key: String
        /// The file with the PIN of the user.
        public var pinFile: String

        /// Names a key.
        public init(module: String, token: String, key: String, pinFile: String) {
            self.module = module
            self.token = token
            self.key = key
            self.pinFile = pinFile
        }
    }

    private static let context = Array("cassette/root/1".utf8)
    private static let outputLimit = 256
    /// One call at a time in the whole process: sessions of one token share their login.
    private static let calls = Mutex(())

    private let configuration: Configuration
    private let disk: any Disk
    private let pool: WorkPool

    /// Makes a provider; loads nothing before ``prepare(mayCreate:)``.
    public init(_ configuration: Configuration, disk: any Disk, pool: WorkPool) {
        self.configuration = configuration
        self.disk = disk
        self.pool = pool
    }

    /// `pkcs11:` with the labels of token and key.
    public var identifier: String {
        "pkcs11:token=" + configuration.token + ";object=" + configuration.key
    }

    /// Looks for the key, or makes it in the token.
    public func prepare(mayCreate: Bool) async throws(RootKeyError) {
        _ = try await call(mayCreate ? CASSETTE_PKCS11_MAKE : CASSETTE_PKCS11_FIND, [])
    }

    /// Lets the token seal a key.
    public func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8] {
        try await call(CASSETTE_PKCS11_SEAL, key.bytes)
    }

    /// Lets the token open what it sealed.
    public func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey {
        let bytes = try await call(CASSETTE_PKCS11_OPEN, wrapped)
        guard bytes.count == 32 else { throw RootKeyError(.malformed, identifier + " opened something that is no key") }
        return SymmetricKey(data: bytes)
    }

    private func call(_ work: cassette_pkcs11_work, _ input: [UInt8]) async throws(RootKeyError) -> [UInt8] {
        let file = SecretFile(path: configuration.pinFile, disk: disk, pool: pool)
        let pin = Array(try await file.read().utf8)
        let configuration = configuration
        let (stage, code, output): (cassette_pkcs11_stage, UInt, [UInt8])
        do {
            (stage, code, output) = try await pool.run {
                Self.calls.withLock { _ in
                    var output = [UInt8](repeating: 0, count: Self.outputLimit)
                    var length = output.count
                    var code: UInt = 0
                    // The arrays and strings live for the call only, and the output is not written beyond `length`.
                    let stage = unsafe cassette_pkcs11(
                        configuration.module,
                        configuration.token,
                        pin,
                        pin.count,
                        configuration.key,
                        work,
                        Self.context,
                        Self.context.count,
                        input,
                        input.count,
                        &output,
                        &length,
                        &code
                    )
                    return (stage, code, Array(output.prefix(length)))
                }
            }
        } catch {
            throw RootKeyError(.unavailable, "the work with the token was cancelled")
        }
        if let error = Self.error(stage, code, configuration) { throw error }
        return output
    }

    private static func error(
        _ stage: cassette_pkcs11_stage,
        _ code: UInt,
        _ configuration: Configuration
    ) -> RootKeyError? {
        let number = " (0x" + String(code, radix: 16) + ")"
        return switch stage {
        case CASSETTE_PKCS11_DONE: nil
        case CASSETTE_PKCS11_MODULE:
            RootKeyError(.unavailable, configuration.module + " cannot be loaded as a PKCS #11 module")
        case CASSETTE_PKCS11_START: RootKeyError(.unavailable, configuration.module + " does not start" + number)
        case CASSETTE_PKCS11_TOKEN:
            RootKeyError(.missing, "no token is labelled '" + configuration.token + "'" + number)
        case CASSETTE_PKCS11_SESSION: RootKeyError(.unavailable, "the token opens no session" + number)
        case CASSETTE_PKCS11_LOGIN:
            RootKeyError(.unavailable, "the token does not take the PIN in " + configuration.pinFile + number)
        case CASSETTE_PKCS11_NO_KEY:
            RootKeyError(.missing, "the token holds no AES key labelled '" + configuration.key + "'")
        case CASSETTE_PKCS11_SEVERAL_KEYS:
            RootKeyError(.malformed, "the token holds several AES keys labelled '" + configuration.key + "'")
        case CASSETTE_PKCS11_MAKE_FAILED: RootKeyError(.unavailable, "the token makes no AES key" + number)
        default:
            RootKeyError(
                .wrongKey,
                "the token does not open the key-encryption key: another key wrapped it, or it does no AES-GCM" + number
            )
        }
    }
}

extension SymmetricKey {
    /// The bytes of the key; keep them no longer than needed.
    var bytes: [UInt8] {
        // The bytes are copied before the pointer ends.
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}
