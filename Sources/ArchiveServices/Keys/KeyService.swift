public import AccessControl
public import Platform
public import Sealing

/// Work on the keyring for an administrator: status, rotation, destruction of versions, escrow, check.
public final class KeyService: Sendable {
    private let policy: AccessPolicy
    private let keyring: Keyring

    init(policy: AccessPolicy, keyring: Keyring) {
        self.policy = policy
        self.keyring = keyring
    }

    /// Throws `.denied` unless `principal` may work on the keys.
    public func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not work on the keys")
        }
    }

    /// What the keyring holds, without any key.
    public func status(as principal: Principal) async throws(ArchiveError) -> KeyringStatus {
        try authorize(principal)
        return await keyring.status()
    }

    /// The public key with which certificates of this archive are checked.
    public func certificateKey(as principal: Principal) async throws(ArchiveError) -> [UInt8] {
        try authorize(principal)
        return try await mapped { () async throws(KeyringError) in try await keyring.certificateSigner().publicKey }
    }

    /// Makes a new version of the key-encryption key and wraps all keys anew; takes an interrupted rotation up again.
    public func rotate(
        as principal: Principal,
        progress: @escaping @Sendable (KeyringProgress) -> Void
    ) async throws(ArchiveError) {
        try authorize(principal)
        try await mapped { () async throws(KeyringError) in try await keyring.rotate(progress: progress) }
    }

    /// Destroys a version of the key-encryption key that wraps nothing any more.
    public func destroy(version: UInt32, as principal: Principal) async throws(ArchiveError) {
        try authorize(principal)
        try await mapped { () async throws(KeyringError) in try await keyring.destroyKEK(version: version) }
    }

    /// Reads both files of the keyring again and unwraps every key.
    public func check(
        as principal: Principal,
        progress: @escaping @Sendable (KeyringProgress) -> Void
    ) async throws(ArchiveError) -> KeyringCheck {
        try authorize(principal)
        return try await mapped { () async throws(KeyringError) in try await keyring.check(progress: progress) }
    }

    /// Seals every version of the key-encryption key to a further recovery key.
    public func addRecoveryKey(_ key: RecoveryKey, as principal: Principal) async throws(ArchiveError) {
        try authorize(principal)
        try await mapped { () async throws(KeyringError) in try await keyring.addRecoveryKey(key) }
    }

    /// Forgets a recovery key and what was sealed to it.
    public func removeRecoveryKey(_ id: RandomID, as principal: Principal) async throws(ArchiveError) {
        try authorize(principal)
        try await mapped { () async throws(KeyringError) in try await keyring.removeRecoveryKey(id) }
    }

    /// Wraps every version of the key-encryption key by another root key.
    public func rewrap(with provider: any RootKeyProvider, as principal: Principal) async throws(ArchiveError) {
        try authorize(principal)
        try await mapped { () async throws(KeyringError) in try await keyring.rewrap(with: provider) }
    }

    private func mapped<Result>(
        _ body: () async throws(KeyringError) -> Result
    ) async throws(ArchiveError) -> Result {
        do {
            return try await body()
        } catch {
            throw ArchiveError(keys: error)
        }
    }
}

extension ArchiveError {
    /// The error for what the keyring said to an administrator.
    init(keys error: KeyringError) {
        let code: Code =
            switch error.code {
            case .inUse, .unknownVersion: .badRequest
            case .noSpace: .noSpace
            case .damaged, .copiesDiffer, .wrongKey, .unsupportedVersion: .damaged
            case .rootKey, .unavailable, .cancelled: .unavailable
            }
        self.init(code, error.description)
    }
}
