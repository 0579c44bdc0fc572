public import Crypto
public import Platform
public import Sealing

/// A root key in the transit engine of HashiCorp Vault or OpenBao: it never leaves the server.
///
/// Wrapped is the text that Vault returns, for example `vault:v1:…`; the associated data is "cassette/root/1".
public final class VaultRootKeyProvider: RootKeyProvider {
    /// Which key of which server.
    public struct Configuration: Sendable, Hashable {
        /// For example `https://vault.example.org:8200`.
        public var address: String
        /// Where the transit engine is mounted.
        public var mount = "transit"
        /// The name of the key.
        public var key: String
        /// The namespace of Vault Enterprise or OpenBao.
        public var namespace: String?
        /// The file with the token; read again for each use, because agents renew it.
        public var tokenFile: String
        /// A PEM file of the authorities to trust; the system's when absent.
        public var authorities: String?

        /// Names a key.
        public init(address: String, key: String, tokenFile: String) {
            self.address = address
            self.key = key
            self.tokenFile = tokenFile
        }
    }

    private static let context = Base64.encode(Array("cassette/root/1".utf8))

    private let configuration: Configuration
    private let client: KeyServiceClient
    private let disk: any Disk
    private let pool: WorkPool

    /// Makes a provider; connects to nothing yet.
    public init(_ configuration: Configuration, disk: any Disk, pool: WorkPool) throws(RootKeyError) {
        guard configuration.address.hasPrefix("http://") || configuration.address.hasPrefix("https://") else {
            throw RootKeyError(.malformed, "the address of Vault begins with https://")
        }
        self.configuration = configuration
        self.disk = disk
        self.pool = pool
        client = try KeyServiceClient(name: "Vault", authorities: configuration.authorities)
    }

    /// `vault:` with address, mount and key.
    public var identifier: String {
        "vault:" + configuration.address + "/" + configuration.mount + "/" + configuration.key
    }

    /// Reads the token; the key itself is made by an administrator of Vault.
    public func prepare(mayCreate: Bool) async throws(RootKeyError) {
        _ = try await token()
    }

    /// Lets Vault encrypt a key.
    public func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8] {
        struct Encrypted: Decodable {
            struct Content: Decodable { let ciphertext: String }
            let data: Content
        }
        let answer = try await send("encrypt", [("plaintext", Base64.encode(key.bytes))])
        guard let encrypted = answer.json(Encrypted.self), !encrypted.data.ciphertext.isEmpty else {
            throw RootKeyError(.malformed, "the answer of Vault holds no ciphertext")
        }
        return Array(encrypted.data.ciphertext.utf8)
    }

    /// Lets Vault decrypt what it encrypted.
    public func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey {
        struct Decrypted: Decodable {
            struct Content: Decodable { let plaintext: String }
            let data: Content
        }
        guard let text = String(validating: wrapped, as: UTF8.self), text.hasPrefix("vault:") else {
            throw RootKeyError(.wrongKey, "the key-encryption key was not wrapped by Vault")
        }
        let answer = try await send("decrypt", [("ciphertext", text)])
        guard
            let decrypted = answer.json(Decrypted.self),
            let key = Base64.decode(decrypted.data.plaintext), key.count == 32
        else { throw RootKeyError(.malformed, "the answer of Vault holds no key") }
        return SymmetricKey(data: key)
    }

    private func token() async throws(RootKeyError) -> String {
        try await SecretFile(path: configuration.tokenFile, disk: disk, pool: pool).read()
    }

    private func send(
        _ operation: String,
        _ fields: [(String, String)]
    ) async throws(RootKeyError) -> KeyServiceClient.Answer {
        var headers = [("X-Vault-Token", try await token()), ("Content-Type", "application/json")]
        if let namespace = configuration.namespace { headers.append(("X-Vault-Namespace", namespace)) }
        var members: [String: CertificateValue] = ["associated_data": .string(Self.context)]
        for (name, value) in fields { members[name] = .string(value) }
        let answer = try await client.post(
            configuration.address + "/v1/" + configuration.mount + "/" + operation + "/" + configuration.key,
            headers: headers,
            body: CertificateValue.object(members).canonicalJSON
        )
        guard !answer.isSuccess else { return answer }
        switch answer.status {
        case 400 where operation == "decrypt":
            throw RootKeyError(.wrongKey, "Vault does not decrypt the key-encryption key: another key encrypted it")
        case 403:
            throw RootKeyError(.unavailable, "Vault does not let the token in " + configuration.tokenFile + " do that")
        case 404: throw RootKeyError(.missing, "Vault has no key " + configuration.mount + "/" + configuration.key)
        case 503: throw RootKeyError(.unavailable, "Vault is sealed")
        default: throw RootKeyError(.unavailable, "Vault answered " + String(answer.status))
        }
    }
}
