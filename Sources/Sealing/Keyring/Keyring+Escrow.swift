import Crypto
public import Platform
import Synchronization

/// What a drill with a recovery private key has shown.
public struct EscrowReport: Sendable, Hashable {
    /// Versions of the key-encryption key that the recovery key opened, each the same as the one in use.
    public let opened: [UInt32]
    /// Versions that it did not open: never sealed to it, changed, or another key.
    public let failed: [UInt32]

    /// Whether every version that is not destroyed can be recovered.
    public var isSound: Bool { failed.isEmpty && !opened.isEmpty }
}

extension Keyring {
    /// Seals every version of the key-encryption key to a further recovery key, and each later one as well.
    ///
    /// A recovery key that is there already is sealed to anew.
    public func addRecoveryKey(_ key: RecoveryKey) async throws(KeyringError) {
        try await committer.exclusively { () async throws(KeyringError) in
            let (header, keks) = self.memory.withLock { ($0.header, $0.keks) }
            var changed = header
            changed.recoveryKeys.removeAll { $0.id == key.id }
            changed.recoveryKeys.append(key)
            for position in changed.keks.indices where changed.keks[position].state != .destroyed {
                let version = changed.keks[position].version
                guard let kek = keks[version] else { continue }
                changed.keks[position].escrow.removeAll { $0.recipient == key.id }
                changed.keks[position].escrow.append(
                    try key.seal(kek, version: version, tenantID: header.tenantID)
                )
            }
            try await self.replaceHeader(changed)
        }
    }

    /// Forgets a recovery key and what was sealed to it; older copies of the keyring can still be opened with it.
    ///
    /// - Throws: `.unknownVersion` when there is no such recovery key.
    public func removeRecoveryKey(_ id: RandomID) async throws(KeyringError) {
        try await committer.exclusively { () async throws(KeyringError) in
            var changed = self.memory.withLock { $0.header }
            guard changed.recoveryKeys.contains(where: { $0.id == id }) else {
                throw KeyringError(.unknownVersion, "the keyring knows no recovery key " + id.hex)
            }
            changed.recoveryKeys.removeAll { $0.id == id }
            for position in changed.keks.indices {
                changed.keks[position].escrow.removeAll { $0.recipient == id }
            }
            try await self.replaceHeader(changed)
        }
    }

    /// Opens every version as after a loss of the root key, from the file on the disk, and compares with the keys in use.
    public func verifyEscrow(with key: RecoveryPrivateKey) async throws(KeyringError) -> EscrowReport {
        let keks = memory.withLock { $0.keks }
        var opened: [UInt32] = []
        var failed: [UInt32] = []
        for header in try await committer.headersOnDisk() {
            for record in header.keks where record.state != .destroyed {
                let kek = header.recover(record, with: key)
                if let kek, kek == keks[record.version] {
                    opened.append(record.version)
                } else {
                    failed.append(record.version)
                }
            }
        }
        return EscrowReport(
            opened: Set(opened).subtracting(failed).sorted(),
            failed: Set(failed).sorted()
        )
    }

    /// Wraps every version of the key-encryption key by another root key, which is the one from then on.
    ///
    /// Each is unwrapped again and compared before the journal is written anew. The old root key opens nothing of this
    /// keyring afterwards, but still older copies of it.
    ///
    /// - Throws: `.rootKey` when the provider does not wrap, or does not give back the same; nothing has changed then.
    public func rewrap(with other: any RootKeyProvider) async throws(KeyringError) {
        do {
            try await other.prepare(mayCreate: true)
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
        try await committer.exclusively { () async throws(KeyringError) in
            let (header, keks) = self.memory.withLock { ($0.header, $0.keks) }
            let changed = try await header.wrapped(keks, by: other)
            try await self.replaceHeader(changed)
            self.provider.withLock { $0 = other }
        }
    }

    /// Opens a keyring whose root key is lost with a recovery private key, and wraps it by a new root key.
    ///
    /// Afterwards the keyring opens with that one.
    ///
    /// - Throws: `.wrongKey` when the recovery key does not open every version; `.damaged`, `.unavailable` as `open`.
    public static func recover(
        directories: [String],
        with key: RecoveryPrivateKey,
        provider: any RootKeyProvider,
        disk: any Disk,
        pool: WorkPool
    ) async throws(KeyringError) {
        let (journal, found) = try await load(directories: directories, disk: disk, pool: pool)
        guard let found else { throw KeyringError(.damaged, "there is no keyring in " + (directories.first ?? "")) }
        var keks: [UInt32: SymmetricKey] = [:]
        for record in found.header.keks where record.state != .destroyed {
            guard let kek = found.header.recover(record, with: key) else {
                throw KeyringError(
                    .wrongKey,
                    "version " + String(record.version)
                        + " of the key-encryption key does not open with the recovery key "
                        + key.publicHalf.id.hex + "; it was sealed to "
                        + (record.escrow.isEmpty
                            ? "none" : record.escrow.map(\.recipient.hex).joined(separator: ", "))
                )
            }
            keks[record.version] = kek
        }
        // Before anything is written: the keys that were recovered must open what the keyring holds.
        let memory = KeyringMemory(found, keks: keks)
        for entry in found.table.entries where entry.kind == .sideKey { _ = try memory.unwrap(entry) }
        do {
            try await provider.prepare(mayCreate: true)
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
        let changed = try await found.header.wrapped(keks, by: provider)
        let committer = KeyringCommitter(journal: journal, pool: pool) { memory.content }
        try await committer.rewrite(
            { content in
                content.header = changed
                return true
            },
            keep: { _ in }
        )
    }

    private func replaceHeader(_ header: KeyringHeader) async throws(KeyringError) {
        try await committer.rewrite(
            { content in
                content.header = header
                return true
            },
            keep: { self.memory.take($0) }
        )
    }
}

extension KeyringHeader {
    /// Opens a version with a recovery private key.
    func recover(_ record: KEKRecord, with key: RecoveryPrivateKey) -> SymmetricKey? {
        for sealed in record.escrow where sealed.recipient == key.publicHalf.id {
            if let kek = key.open(sealed, version: record.version, tenantID: tenantID) { return kek }
        }
        return nil
    }

    /// The header with its keys wrapped by another root key.
    func wrapped(
        _ keys: [UInt32: SymmetricKey],
        by provider: any RootKeyProvider
    ) async throws(KeyringError) -> KeyringHeader {
        var changed = self
        for position in keks.indices where keks[position].state != .destroyed {
            guard let key = keys[keks[position].version] else {
                throw KeyringError(.wrongKey, "a version of the key-encryption key is not there")
            }
            changed.keks[position].wrapped = try await Keyring.wrapAndCheck(key, provider)
            changed.keks[position].provider = provider.identifier
        }
        return changed
    }
}

extension Keyring {
    /// Opens every version of a keyring on the disk with a recovery private key, and the keys of the archive with them.
    ///
    /// Reads only, and needs no root key: as after its loss.
    public static func drill(
        directories: [String],
        with key: RecoveryPrivateKey,
        disk: any Disk,
        pool: WorkPool
    ) async throws(KeyringError) -> EscrowReport {
        do {
            return try await pool.run {
                var opened: Set<UInt32> = []
                var failed: Set<UInt32> = []
                for path in KeyringJournal(directories: directories, disk: disk).paths {
                    var probes: [UInt32: KeyEntry] = [:]
                    let copy = try KeyringCopy.scan(disk.open(path, .read), named: path) { record in
                        if record.entry.kind != .removed { probes[record.entry.kekVersion] = record.entry }
                    }
                    guard let header = copy.header else {
                        throw KeyringError(
                            .unavailable,
                            "the keyring copy " + path
                                + " is of an older version and has no escrow; run `cassette keys rotate`"
                        )
                    }
                    for record in header.keks where record.state != .destroyed {
                        let kek = header.recover(record, with: key)
                        let isRight = kek.map { header.opens(probes[record.version], with: $0) } ?? false
                        if isRight { opened.insert(record.version) } else { failed.insert(record.version) }
                    }
                }
                return EscrowReport(opened: opened.subtracting(failed).sorted(), failed: failed.sorted())
            }
        } catch {
            throw KeyringError(appending: error)
        }
    }
}

extension KeyringHeader {
    /// Whether a key-encryption key opens an entry under it; nothing to open is fine.
    fileprivate func opens(_ entry: KeyEntry?, with kek: SymmetricKey) -> Bool {
        guard let entry else { return true }
        do {
            return try KeyWrap.unwrap(entry, tenantID: tenantID, kek: kek).bitCount == 256
        } catch {
            return false
        }
    }
}
