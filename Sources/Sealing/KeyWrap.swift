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

    /// Wraps the key of an entry.
    static func wrap(
        _ key: SymmetricKey,
        for entry: KeyEntry,
        tenantID: RandomID,
        kek: SymmetricKey
    ) throws(KeyringError) -> WrappedKey {
        do {
            let bytes = try wrap(key, under: wrappingKey(for: entry, tenantID: tenantID, kek: kek))
            if let wrapped = WrappedKey(bytes) { return wrapped }
        } catch {
            // Told below: nothing but the length of the key can be wrong.
        }
        throw KeyringError(.wrongKey, "a key cannot be wrapped")
    }

    /// Unwraps the key of an entry.
    static func unwrap(
        _ entry: KeyEntry,
        tenantID: RandomID,
        kek: SymmetricKey
    ) throws(KeyringError) -> SymmetricKey {
        let wrappingKey = wrappingKey(for: entry, tenantID: tenantID, kek: kek)
        guard let key = unwrap(entry.wrappedKey.bytes, under: wrappingKey) else {
            throw KeyringError(
                .wrongKey,
                "the key " + entry.id.hex + " of the keyring does not unwrap; restore the keyring from a backup"
            )
        }
        return key
    }

    /// Wraps the key of an entry anew under another key-encryption key, and makes sure that it unwraps.
    ///
    /// - Parameter version: That of the new key-encryption key.
    static func rewrap(
        _ entry: KeyEntry,
        tenantID: RandomID,
        from old: SymmetricKey,
        to new: SymmetricKey,
        version: UInt32
    ) throws(KeyringError) -> KeyEntry {
        let key = try unwrap(entry, tenantID: tenantID, kek: old)
        var changed = entry
        changed.kekVersion = version
        // Derived once for both ways: with a million keys this is what takes the time.
        let wrappingKey = wrappingKey(for: changed, tenantID: tenantID, kek: new)
        do {
            let bytes = try wrap(key, under: wrappingKey)
            if let wrapped = WrappedKey(bytes), unwrap(bytes, under: wrappingKey) == key {
                changed.wrappedKey = wrapped
                return changed
            }
        } catch {
            // Told below.
        }
        throw KeyringError(.wrongKey, "a key that was wrapped anew does not unwrap")
    }

    /// The wrapping key of one entry of the keyring: a wrapped key that is moved to another name does not unwrap.
    ///
    /// HKDF-Expand-SHA-256(KEK, "wrap/1" | tenant | id | u32 KEK version | u8 kind | u32 generation, 32).
    private static func wrappingKey(for entry: KeyEntry, tenantID: RandomID, kek: SymmetricKey) -> SymmetricKey {
        let info =
            Array("wrap/1".utf8) + tenantID.bytes + entry.id.bytes + entry.kekVersion.bigEndianBytes
            + [entry.kind.rawValue] + entry.generation.bigEndianBytes
        return HKDF<SHA256>.expand(pseudoRandomKey: kek, info: info, outputByteCount: 32)
    }
}
