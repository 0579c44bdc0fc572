import Crypto
import Platform

/// AES key wrap (RFC 3394): deterministic, so there is no nonce to repeat; 64 bits of integrity.
enum KeyWrap {
    /// Bytes of a wrapped key of 32 bytes.
    static let wrappedLength = 40

    static func wrap(_ key: SymmetricKey, under wrappingKey: SymmetricKey) throws -> [UInt8] {
        Array(try AES.KeyWrap.wrap(key, using: wrappingKey))
    }

    /// `nil` when the bytes were not wrapped under this key.
    static func unwrap(_ wrapped: [UInt8], under wrappingKey: SymmetricKey) -> SymmetricKey? {
        guard wrapped.count == wrappedLength else { return nil }
        do {
            return try AES.KeyWrap.unwrap(wrapped, using: wrappingKey)
        } catch {
            // The one thing that can go wrong with 40 bytes and a 256-bit key is the integrity check.
            return nil
        }
    }

    /// The wrapping key of one entry of the keyring: a wrapped key that is moved to another name does not unwrap.
    ///
    /// HKDF-Expand-SHA-256(KEK, "wrap/1" | tenant | id | u32 KEK version | u8 kind | u32 generation, 32).
    static func wrappingKey(for record: KeyringRecord, kek: SymmetricKey) -> SymmetricKey {
        let info =
            Array("wrap/1".utf8) + record.tenantID.bytes + record.id.bytes + record.kekVersion.bigEndianBytes
            + [record.kind.rawValue] + record.generation.bigEndianBytes
        return HKDF<SHA256>.expand(pseudoRandomKey: kek, info: info, outputByteCount: 32)
    }
}
