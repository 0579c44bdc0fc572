import BlobStoreS3
public import Crypto
public import Platform
public import Sealing

/// A root key in the key management service of AWS: it never leaves the service.
///
/// Wrapped is the ciphertext blob of the service; the encryption context is `cassette = root/1`.
public final class AWSKMSRootKeyProvider: RootKeyProvider {
    /// Which key of which region.
    public struct Configuration: Sendable, Hashable {
        /// The id, ARN or alias of a symmetric key.
        public var keyID: String
        /// For example `eu-central-1`.
        public var region: String
        /// A file of two or three lines: access key id, secret access key, session token.
        public var accessKeyFile: String
        /// The address of the service; the one of the region when absent.
        public var endpoint: String?
        /// A PEM file of the authorities to trust; the system's when absent.
        public var authorities: String?

        /// Names a key.
        public init(keyID: String, region: String, accessKeyFile: String) {
            self.keyID = keyID
            self.region = region
            self.accessKeyFile = accessKeyFile
        }
    }

    private static let context = CertificateValue.object(["cassette": .string("root/1")])

    private let configuration: Configuration
    private let client: KeyServiceClient
    private let disk: any Disk
    private let pool: WorkPool
    private let clock: any WallClock

    /// Makes a provider; connects to nothing yet.
    public init(
        _ configuration: Configuration,
        disk: any Disk,
        pool: WorkPool,
        clock: any WallClock
    ) throws(RootKeyError) {
        self.configuration = configuration
        self.disk = disk
        self.pool = pool
        self.clock = clock
        client = try KeyServiceClient(name: "AWS KMS", authorities: configuration.authorities)
    }

    /// `awskms:` with region and key.
    public var identifier: String { "awskms:" + configuration.region + "/" + configuration.keyID }

    /// Reads the access key; the key itself is made by an administrator of the account.
    public func prepare(mayCreate: Bool) async throws(RootKeyError) {
        _ = try await credentials()
    }

    /// Lets the service encrypt a key.
    public func wrap(_ key: SymmetricKey) async throws(RootKeyError) -> [UInt8] {
        struct Encrypted: Decodable {
            let CiphertextBlob: String
        }
        let answer = try await send("Encrypt", ["Plaintext": .string(Base64.encode(key.bytes))])
        guard
            let encrypted = answer.json(Encrypted.self),
            let blob = Base64.decode(encrypted.CiphertextBlob), !blob.isEmpty
        else { throw RootKeyError(.malformed, "the answer of AWS KMS holds no ciphertext") }
        return blob
    }

    /// Lets the service decrypt what it encrypted.
    public func unwrap(_ wrapped: [UInt8]) async throws(RootKeyError) -> SymmetricKey {
        struct Decrypted: Decodable {
            let Plaintext: String
        }
        let answer = try await send("Decrypt", ["CiphertextBlob": .string(Base64.encode(wrapped))])
        guard
            let decrypted = answer.json(Decrypted.self),
            let key = Base64.decode(decrypted.Plaintext), key.count == 32
        else { throw RootKeyError(.malformed, "the answer of AWS KMS holds no key") }
        return SymmetricKey(data: key)
    }

    private func credentials() async throws(RootKeyError) -> S3Credentials {
        let file = SecretFile(path: configuration.accessKeyFile, disk: disk, pool: pool)
        let lines = try await file.readLines()
        guard lines.count >= 2 else {
            throw RootKeyError(
                .malformed,
                "the file " + configuration.accessKeyFile
                    + " must hold two lines, access key id and secret access key (and a third, a session token)"
            )
        }
        return S3Credentials(
            accessKeyID: lines[0],
            secretAccessKey: lines[1],
            sessionToken: lines.count > 2 ? lines[2] : nil
        )
    }

    private var endpoint: String {
        configuration.endpoint ?? "https://kms." + configuration.region + ".amazonaws.com"
    }

    private func send(
        _ operation: String,
        _ fields: [String: CertificateValue]
    ) async throws(RootKeyError) -> KeyServiceClient.Answer {
        var members = fields
        members["KeyId"] = .string(configuration.keyID)
        members["EncryptionContext"] = Self.context
        let body = CertificateValue.object(members).canonicalJSON
        let credentials = try await credentials()
        let now = clock.now()
        let host = endpoint.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map { String($0) }
        var headers = [
            (name: "host", value: host ?? ""), (name: "content-type", value: "application/x-amz-json-1.1"),
            (name: "x-amz-target", value: "TrentService." + operation),
            (name: "x-amz-date", value: SignatureV4.date(now)),
        ]
        if let token = credentials.sessionToken { headers.append((name: "x-amz-security-token", value: token)) }
        let signer = SignatureV4(credentials: credentials, region: configuration.region, service: "kms")
        let authorization = signer.authorization(
            method: "POST",
            path: "/",
            query: [],
            headers: headers,
            payloadHash: Hex.encode(SHA256.hash(data: Array(body.utf8))),
            time: now
        )
        let sent = headers.filter { $0.name != "host" }.map { ($0.name, $0.value) }
        let answer = try await client.post(
            endpoint + "/",
            headers: sent + [("authorization", authorization)],
            body: body
        )
        guard !answer.isSuccess else { return answer }
        throw Self.error(answer, identifier)
    }

    private static func error(_ answer: KeyServiceClient.Answer, _ identifier: String) -> RootKeyError {
        struct Failure: Decodable {
            let __type: String
        }
        let type = answer.json(Failure.self)?.__type.split(separator: "#").last.map { String($0) } ?? ""
        return switch type {
        case "InvalidCiphertextException", "IncorrectKeyException":
            RootKeyError(.wrongKey, "AWS KMS does not decrypt the key-encryption key: another key encrypted it")
        case "NotFoundException": RootKeyError(.missing, "AWS KMS has no key " + identifier)
        default:
            RootKeyError(.unavailable, "AWS KMS answered " + String(answer.status) + (type.isEmpty ? "" : " " + type))
        }
    }
}
