import Crypto
import FoundationEssentials
import Platform

extension RecoveryKey {
    /// Seals a version of the key-encryption key so that only the private key opens it (HPKE, one message per context).
    func seal(_ key: SymmetricKey, version: UInt32, tenantID: RandomID) throws(KeyringError) -> EscrowedKEK {
        let context = Self.context(version: version, tenantID: tenantID)
        do {
            // One sender, one message: a second under the same context would use another nonce, but a copy would not.
            var sender: HPKE.Sender
            switch suite {
            case .xWing:
                let recipient = try XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey)
                sender = try HPKE.Sender(
                    recipientKey: recipient,
                    ciphersuite: .XWingMLKEM768X25519_SHA256_AES_GCM_256,
                    info: context
                )
            case .x25519:
                let recipient = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: publicKey)
                sender = try HPKE.Sender(recipientKey: recipient, ciphersuite: .x25519, info: context)
            }
            return EscrowedKEK(
                recipient: id,
                encapsulatedKey: Array(sender.encapsulatedKey),
                ciphertext: Array(try sender.seal(key.rawBytes, authenticating: context))
            )
        } catch {
            throw KeyringError(.unavailable, "the key-encryption key cannot be sealed to the recovery key " + id.hex)
        }
    }

    /// Binds a sealed key to its keyring and version.
    static func context(version: UInt32, tenantID: RandomID) -> Data {
        Data(Array("cassette/escrow/1".utf8) + tenantID.bytes + version.bigEndianBytes)
    }
}

extension HPKE.Ciphersuite {
    /// The compatible choice: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
    static let x25519 = HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
}
