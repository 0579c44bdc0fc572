import Crypto
import NIOCore
public import Platform

/// A public key to which each version of the key-encryption key is sealed; its private key lies offline.
public struct RecoveryKey: Sendable, Hashable {
    /// How it is sealed to (HPKE, RFC 9180).
    public enum Suite: UInt8, Sendable, Hashable, CaseIterable {
        /// X-Wing (ML-KEM-768 with X25519), SHA-256, AES-256-GCM: also against who records now and computes later.
        case xWing = 1
        /// X25519, HKDF-SHA-256, AES-256-GCM: for devices that know no other.
        case x25519 = 2
    }

    /// The first 16 bytes of SHA-256 over suite and public key.
    public let id: RandomID
    /// How it is sealed to.
    public let suite: Suite
    /// What the operator calls it.
    public let label: String
    /// The public key in its raw form: 1,216 bytes for X-Wing, 32 for X25519.
    public let publicKey: [UInt8]

    /// Makes a recovery key from its public key; `nil` when that is none of this suite.
    public init?(suite: Suite, label: String, publicKey: [UInt8]) {
        guard label.utf8.count <= 255 else { return nil }
        do {
            switch suite {
            case .xWing: _ = try XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey)
            case .x25519: _ = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
            }
        } catch {
            return nil
        }
        self.suite = suite
        self.label = label
        self.publicKey = publicKey
        let digest = Array(SHA256.hash(data: Array("cassette/recovery/1".utf8) + [suite.rawValue] + publicKey))
        guard let id = RandomID(bytes: Array(digest.prefix(16))) else { return nil }
        self.id = id
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(suite.rawValue)
        buffer.writeCounted(Array(label.utf8))
        buffer.writeCounted(publicKey)
    }

    init?(reading buffer: inout ByteBuffer) {
        guard
            let suiteByte = buffer.readInteger(as: UInt8.self),
            let suite = Suite(rawValue: suiteByte),
            let label = buffer.readCounted(),
            let publicKey = buffer.readCounted()
        else { return nil }
        self.init(suite: suite, label: String(decoding: label, as: UTF8.self), publicKey: publicKey)
    }
}
