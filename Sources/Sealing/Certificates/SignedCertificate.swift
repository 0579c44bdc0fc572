import Crypto
public import Platform

/// A statement of the archive that anybody can check: JSON, signed with the archive's Ed25519 key (RFC 8032).
///
/// Signed are the bytes `cassette/certificate/1`, a line feed, and the canonical JSON of the statement (RFC 8785).
public struct SignedCertificate: Sendable, Hashable {
    /// Why a file is no valid certificate.
    public enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// No certificate of this program, or of a later version.
        case malformed
        /// The signature does not fit: the statement, the key or the signature was changed.
        case signatureBroken
        /// The signature fits, but another key than the expected one made it.
        case otherKey

        /// What was wrong, for an operator.
        public var description: String {
            switch self {
            case .malformed: "this is no certificate of cassette, or one of a later version"
            case .signatureBroken: "the signature does not fit: the certificate was changed"
            case .otherKey: "the certificate is signed, but not with the key of this archive"
            }
        }
    }

    static let format = "cassette-certificate-1"
    private static let prefix = Array("cassette/certificate/1\n".utf8)

    /// What is stated: always an object with at least `kind`, `made` and `archive`.
    public let statement: CertificateValue
    /// The 32 bytes of the public key.
    public let publicKey: [UInt8]
    /// The 64 bytes of the signature.
    public let signature: [UInt8]

    /// What kind of statement this is, for example `shred`.
    public var kind: String { statement["kind"]?.text ?? "" }

    init(statement: CertificateValue, signedBy key: Curve25519.Signing.PrivateKey) throws {
        self.statement = statement
        publicKey = Array(key.publicKey.rawRepresentation)
        signature = Array(try key.signature(for: Self.signedBytes(statement)))
    }

    /// Reads a certificate from its file; checks nothing but its form.
    public init(reading text: [UInt8]) throws(Problem) {
        let value: CertificateValue
        do {
            value = try CertificateReader.value(of: text)
        } catch {
            throw .malformed
        }
        guard
            value["format"]?.text == Self.format,
            let statement = value["statement"], case .object = statement,
            let publicKey = value["publicKey"]?.text.flatMap({ Hex.decode($0) }), publicKey.count == 32,
            let signature = value["signature"]?.text.flatMap({ Hex.decode($0) }), signature.count == 64
        else { throw .malformed }
        self.statement = statement
        self.publicKey = publicKey
        self.signature = signature
    }

    /// The text of the file: one line of JSON, ended by a line feed.
    public var json: String {
        CertificateValue.object([
            "format": .string(Self.format),
            "statement": statement,
            "publicKey": .string(Hex.encode(publicKey)),
            "signature": .string(Hex.encode(signature)),
        ]).canonicalJSON + "\n"
    }

    /// Checks the signature.
    ///
    /// - Parameter expected: The public key that must have signed; when absent any may have: then the caller compares.
    public func verify(publicKey expected: [UInt8]? = nil) throws(Problem) {
        let isValid: Bool
        do {
            let key = try Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
            isValid = key.isValidSignature(signature, for: Self.signedBytes(statement))
        } catch {
            throw .signatureBroken
        }
        guard isValid else { throw .signatureBroken }
        guard expected == nil || expected == publicKey else { throw .otherKey }
    }

    private static func signedBytes(_ statement: CertificateValue) -> [UInt8] {
        prefix + Array(statement.canonicalJSON.utf8)
    }
}

/// Signs certificates in the name of the archive.
public struct CertificateSigner: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    private let tenantID: RandomID

    init(seed: [UInt8], tenantID: RandomID) throws {
        key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        self.tenantID = tenantID
    }

    /// The 32 bytes of the public key.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Signs a statement.
    ///
    /// - Parameter kind: What is stated, for example `shred`.
    /// - Parameter made: The time of the statement; stands in it as RFC 3339 text.
    /// - Parameter fields: The rest; `kind`, `made` and `archive` are set here.
    public func sign(
        kind: String,
        made: Timestamp,
        fields: [String: CertificateValue]
    ) throws(KeyringError) -> SignedCertificate {
        var members = fields
        members["kind"] = .string(kind)
        members["made"] = .string(made.description)
        members["archive"] = .string(tenantID.hex)
        do {
            return try SignedCertificate(statement: .object(members), signedBy: key)
        } catch {
            throw KeyringError(.unavailable, "the certificate cannot be signed")
        }
    }
}

extension Keyring {
    /// Signs with the Ed25519 key of this archive, a side key that is made on first use.
    public func certificateSigner() async throws(KeyringError) -> CertificateSigner {
        let seed = try await sideKeyBytes("log")
        do {
            return try CertificateSigner(seed: seed, tenantID: tenantID)
        } catch {
            throw KeyringError(.wrongKey, "the key that signs certificates is malformed")
        }
    }
}
