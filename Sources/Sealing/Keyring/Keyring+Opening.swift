import Crypto
public import Platform

extension Keyring {
    /// Opens the keyring, or makes a new one when both directories hold none.
    ///
    /// - Parameter directories: The two places of the journal, best on different volumes.
    /// - Throws: `.damaged`, `.copiesDiffer`, `.rootKey`, `.wrongKey`, `.unsupportedVersion`, `.noSpace`, `.unavailable`.
    public static func open(
        directories: [String],
        provider: any RootKeyProvider,
        disk: any Disk,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock
    ) async throws(KeyringError) -> Keyring {
        precondition(directories.count == 2, "the keyring is kept in two places")
        let (journal, found) = try await load(directories: directories, disk: disk, pool: pool)
        do {
            try await provider.prepare(mayCreate: found == nil)
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
        let memory: KeyringMemory
        if let found {
            memory = KeyringMemory(found, keks: try await unwrapKEKs(of: found.header, provider))
        } else {
            memory = try await newMemory(provider: provider, random: random, clock: clock)
        }
        let committer = KeyringCommitter(journal: journal, pool: pool) { memory.content }
        if found == nil { try await committer.rewrite({ _ in true }, keep: { _ in }) }
        if found != nil, memory.withLock({ $0.table.entries.isEmpty }) {
            // A first start of an older version was cut off between its two entries: the second is made again.
            let entry = try studyIDEntry(in: memory, random: random, clock: clock)
            try await committer.append([entry]) { memory.withLock { $0.table.set(entry) } }
        }
        return try Keyring(
            memory: memory,
            committer: committer,
            isNew: found == nil,
            provider: provider,
            pool: pool,
            random: random,
            clock: clock
        )
    }

    static func load(
        directories: [String],
        disk: any Disk,
        pool: WorkPool
    ) async throws(KeyringError) -> (KeyringJournal, KeyringContent?) {
        do {
            return try await pool.run {
                var journal = KeyringJournal(directories: directories, disk: disk)
                let content = try journal.load()
                return (journal, content)
            }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    private static func unwrapKEKs(
        of header: KeyringHeader,
        _ provider: any RootKeyProvider
    ) async throws(KeyringError) -> [UInt32: SymmetricKey] {
        guard header.active != nil else {
            throw KeyringError(.damaged, "the keyring holds no key-encryption key; restore it from a backup")
        }
        var keks: [UInt32: SymmetricKey] = [:]
        for kek in header.keks where kek.state != .destroyed {
            do {
                keks[kek.version] = try await provider.unwrap(kek.wrapped)
            } catch {
                throw KeyringError(.rootKey(error.code), error.description)
            }
        }
        return keks
    }

    /// A new keyring, in memory only: the first key-encryption key, and the key that names studies.
    private static func newMemory(
        provider: any RootKeyProvider,
        random: any RandomSource,
        clock: any WallClock
    ) async throws(KeyringError) -> KeyringMemory {
        var header = KeyringHeader(
            tenantID: RandomID(high: random.bytes(8).bigEndian, low: random.bytes(8).bigEndian)
        )
        let (record, kek) = try await newKEK(1, header, provider: provider, random: random, clock: clock)
        header.keks = [record]
        let memory = KeyringMemory(KeyringContent(header: header, table: KeyTable()), keks: [1: kek])
        let entry = try studyIDEntry(in: memory, random: random, clock: clock)
        memory.withLock { $0.table.set(entry) }
        return memory
    }

    /// A new version of the key-encryption key: wrapped, unwrapped again and compared, and sealed to the recovery keys.
    static func newKEK(
        _ version: UInt32,
        _ header: KeyringHeader,
        provider: any RootKeyProvider,
        random: any RandomSource,
        clock: any WallClock
    ) async throws(KeyringError) -> (KEKRecord, SymmetricKey) {
        let key = SymmetricKey(data: random.bytes(32))
        let wrapped = try await wrapAndCheck(key, provider)
        var record = KEKRecord(
            version: version,
            state: .active,
            created: clock.now(),
            provider: provider.identifier,
            wrapped: wrapped
        )
        for recipient in header.recoveryKeys {
            record.escrow.append(try recipient.seal(key, version: version, tenantID: header.tenantID))
        }
        return (record, key)
    }

    /// Wraps a key by the root key, and makes sure that it unwraps.
    static func wrapAndCheck(
        _ key: SymmetricKey,
        _ provider: any RootKeyProvider
    ) async throws(KeyringError) -> [UInt8] {
        do throws(RootKeyError) {
            let wrapped = try await provider.wrap(key)
            guard wrapped.count <= Int(UInt16.max), try await provider.unwrap(wrapped) == key else {
                throw RootKeyError(.malformed, provider.identifier + " does not give back what it wrapped")
            }
            return wrapped
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
    }

    /// The entry of the key that names studies.
    private static func studyIDEntry(
        in memory: KeyringMemory,
        random: any RandomSource,
        clock: any WallClock
    ) throws(KeyringError) -> KeyEntry {
        var entry = KeyEntry(
            kind: .sideKey,
            id: sideKeyID(studyIDLabel),
            generation: 1,
            kekVersion: memory.withLock { $0.header.active?.version ?? 0 },
            created: clock.now(),
            wrappedKey: .none
        )
        entry.wrappedKey = try memory.wrap(SymmetricKey(data: random.bytes(32)), for: entry)
        return entry
    }
}
