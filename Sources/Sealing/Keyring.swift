public import Crypto
public import Platform
import Synchronization

/// All keys of the archive: wrapped in an append-only journal in two places, unwrapped only when they are needed.
///
/// The journal grows by one entry per study; the whole of it is held in memory, about 300 bytes per study.
public final class Keyring: Sendable {
    private struct Reference: Hashable {
        let id: StudyKeyID
        let generation: UInt32
    }

    private struct State {
        var entries: [Reference: KeyringRecord] = [:]
        var newest: [StudyKeyID: UInt32] = [:]
        var sideKeys: [RandomID: SymmetricKey] = [:]
        /// Keys that were unwrapped lately.
        var opened: [Reference: StudyKey] = [:]
    }

    /// Unwrapped keys kept at a time.
    private static let openedLimit = 4_096
    private static let studyIDLabel = "study-id"

    /// Whether this call of `open` made the keyring: then nothing that was stored before can be opened with it.
    public let isNew: Bool

    private let kek: SymmetricKey
    private let kekVersion: UInt32
    private let tenantID: RandomID
    private let studyIDKey: SymmetricKey
    private let state: Mutex<State>
    private let committer: KeyringCommitter
    private let random: any RandomSource
    private let clock: any WallClock

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
        var (journal, records) = try await load(directories: directories, disk: disk, pool: pool)
        let isNew = records.isEmpty
        let first: [KeyringRecord]
        do throws(RootKeyError) {
            try await provider.prepare(mayCreate: isNew)
            first = isNew ? try await firstRecords(provider: provider, random: random, clock: clock) : []
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
        if isNew { (journal, records) = try await append(first, to: journal, pool: pool) }
        guard let kekRecord = records.last(where: { $0.kind == .kek }) else {
            throw KeyringError(.damaged, "the keyring holds no key-encryption key; restore it from a backup")
        }
        let kek: SymmetricKey
        do {
            kek = try await provider.unwrap(kekRecord.wrappedKey)
        } catch {
            throw KeyringError(.rootKey(error.code), error.description)
        }
        if records.count == 1 {
            // A first start was cut off between its two entries: the second is made again, under the same key.
            let studyID = try studyIDRecord(kek: kek, kekRecord: kekRecord, random: random)
            let added: [KeyringRecord]
            (journal, added) = try await append([studyID], to: journal, pool: pool)
            records += added
        }
        return try Keyring(
            kek: kek,
            kekRecord: kekRecord,
            records: records,
            isNew: isNew,
            committer: KeyringCommitter(journal: journal, pool: pool),
            random: random,
            clock: clock
        )
    }

    private init(
        kek: SymmetricKey,
        kekRecord: KeyringRecord,
        records: [KeyringRecord],
        isNew: Bool,
        committer: KeyringCommitter,
        random: any RandomSource,
        clock: any WallClock
    ) throws(KeyringError) {
        self.kek = kek
        kekVersion = kekRecord.kekVersion
        tenantID = kekRecord.tenantID
        self.isNew = isNew
        self.committer = committer
        self.random = random
        self.clock = clock
        var state = State()
        for record in records {
            switch record.kind {
            case .kek: break
            case .studyKey:
                let id = StudyKeyID(record.id)
                state.entries[Reference(id: id, generation: record.generation)] = record.withoutHash
                state.newest[id] = max(record.generation, state.newest[id] ?? 0)
            case .sideKey:
                state.sideKeys[record.id] = try Self.unwrap(record, kek: kek)
            }
        }
        guard let studyIDKey = state.sideKeys[Self.sideKeyID(Self.studyIDLabel)] else {
            throw KeyringError(.damaged, "the keyring lacks the key that names studies; restore it from a backup")
        }
        self.studyIDKey = studyIDKey
        self.state = Mutex(state)
    }

    /// The id of the key that belongs to a name: HMAC-SHA-256 under a key of the keyring, cut to 16 bytes.
    ///
    /// The same name gives the same id for ever; without the keyring an id tells nothing about its name.
    public func keyID(for name: [UInt8]) -> StudyKeyID {
        let code = HMAC<SHA256>.authenticationCode(for: name, using: studyIDKey)
        let bytes = Array(code).prefix(16)
        return StudyKeyID(RandomID(high: bytes.prefix(8).bigEndian, low: bytes.dropFirst(8).bigEndian))
    }

    /// An existing study key; `nil` when there is none.
    ///
    /// - Parameter generation: Which key of the study; the newest when absent.
    public func existingStudyKey(_ id: StudyKeyID, generation: UInt32? = nil) throws(KeyringError) -> StudyKey? {
        let (opened, record) = state.withLock { state -> (StudyKey?, KeyringRecord?) in
            guard let generation = generation ?? state.newest[id] else { return (nil, nil) }
            let reference = Reference(id: id, generation: generation)
            return (state.opened[reference], state.entries[reference])
        }
        if let opened { return opened }
        guard let record else { return nil }
        let key = StudyKey(id: id, generation: record.generation, key: try Self.unwrap(record, kek: kek))
        keepOpened(key)
        return key
    }

    /// The newest key of a study; made, and durable in both places, before it is returned.
    ///
    /// Callers that ask at the same time get the same key; keys of different studies share syncs.
    public func studyKeyCreatingIfNeeded(_ id: StudyKeyID) async throws(KeyringError) -> StudyKey {
        if let key = try existingStudyKey(id) { return key }
        return try await committer.create(
            id.rawValue,
            find: { () throws(KeyringError) in try self.existingStudyKey(id) },
            make: { () throws(KeyringError) in
                let (record, key) = try self.makeKey(.studyKey, id: id.rawValue, generation: 1)
                return (record, StudyKey(id: id, generation: 1, key: key))
            },
            keep: { record, key in
                self.state.withLock { state in
                    state.entries[Reference(id: id, generation: record.generation)] = record
                    state.newest[id] = record.generation
                }
                self.keepOpened(key)
            }
        )
    }

    /// A key of the archive itself, for example `index`; made, and durable in both places, on first use.
    public func sideKey(_ label: String) async throws(KeyringError) -> SymmetricKey {
        let id = Self.sideKeyID(label)
        if let key = state.withLock({ $0.sideKeys[id] }) { return key }
        return try await committer.create(
            id,
            find: { () throws(KeyringError) in self.state.withLock { $0.sideKeys[id] } },
            make: { () throws(KeyringError) in try self.makeKey(.sideKey, id: id, generation: 1) },
            keep: { _, key in self.state.withLock { $0.sideKeys[id] = key } }
        )
    }

    /// The 32 bytes of ``sideKey(_:)``, for code that takes a key as bytes; keep them no longer than needed.
    public func sideKeyBytes(_ label: String) async throws(KeyringError) -> [UInt8] {
        try await sideKey(label).rawBytes
    }

    private func makeKey(
        _ kind: KeyringRecord.Kind,
        id: RandomID,
        generation: UInt32
    ) throws(KeyringError) -> (KeyringRecord, SymmetricKey) {
        let key = SymmetricKey(data: random.bytes(32))
        var record = KeyringRecord(
            kind: kind,
            id: id,
            generation: generation,
            kekVersion: kekVersion,
            created: clock.now(),
            wrappedKey: [UInt8](repeating: 0, count: KeyWrap.wrappedLength),
            tenantID: tenantID
        )
        record.wrappedKey = try Self.wrap(key, for: record, kek: kek)
        return (record, key)
    }

    private func keepOpened(_ key: StudyKey) {
        state.withLock { state in
            // Emptied when full: unwrapping again costs microseconds, and a list of uses would cost more.
            if state.opened.count >= Self.openedLimit { state.opened.removeAll(keepingCapacity: true) }
            state.opened[Reference(id: key.id, generation: key.generation)] = key
        }
    }
}

extension Keyring {
    private static func load(
        directories: [String],
        disk: any Disk,
        pool: WorkPool
    ) async throws(KeyringError) -> (KeyringJournal, [KeyringRecord]) {
        do {
            return try await pool.run {
                var journal = KeyringJournal(directories: directories, disk: disk)
                let records = try journal.load()
                return (journal, records)
            }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    private static func append(
        _ records: [KeyringRecord],
        to journal: KeyringJournal,
        pool: WorkPool
    ) async throws(KeyringError) -> (KeyringJournal, [KeyringRecord]) {
        do {
            return try await pool.run {
                var journal = journal
                try journal.append(records)
                return (journal, records)
            }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    /// The entries of a new keyring: the key-encryption key, and the key that names studies.
    private static func firstRecords(
        provider: any RootKeyProvider,
        random: any RandomSource,
        clock: any WallClock
    ) async throws(RootKeyError) -> [KeyringRecord] {
        let tenantID = RandomID(high: random.bytes(8).bigEndian, low: random.bytes(8).bigEndian)
        let kek = SymmetricKey(data: random.bytes(32))
        let wrappedKEK = try await provider.wrap(kek)
        guard wrappedKEK.count == KeyWrap.wrappedLength else {
            throw RootKeyError(
                .malformed,
                "the root key provider " + provider.identifier + " does not wrap 32 bytes into 40"
            )
        }
        let kekRecord = KeyringRecord(
            kind: .kek,
            id: tenantID,
            generation: 1,
            kekVersion: 1,
            created: clock.now(),
            wrappedKey: wrappedKEK,
            tenantID: tenantID
        )
        do {
            return [kekRecord, try studyIDRecord(kek: kek, kekRecord: kekRecord, random: random)]
        } catch {
            throw RootKeyError(.malformed, error.description)
        }
    }

    /// The entry of the key that names studies.
    private static func studyIDRecord(
        kek: SymmetricKey,
        kekRecord: KeyringRecord,
        random: any RandomSource
    ) throws(KeyringError) -> KeyringRecord {
        var studyID = kekRecord
        studyID.kind = .sideKey
        studyID.id = sideKeyID(studyIDLabel)
        studyID.wrappedKey = try wrap(SymmetricKey(data: random.bytes(32)), for: studyID, kek: kek)
        return studyID
    }

    private static func sideKeyID(_ label: String) -> RandomID {
        let digest = Array(SHA256.hash(data: Array("cassette/side/1".utf8) + Array(label.utf8)))
        return RandomID(high: digest.prefix(8).bigEndian, low: digest.dropFirst(8).prefix(8).bigEndian)
    }

    private static func wrap(
        _ key: SymmetricKey,
        for record: KeyringRecord,
        kek: SymmetricKey
    ) throws(KeyringError) -> [UInt8] {
        do {
            return try KeyWrap.wrap(key, under: KeyWrap.wrappingKey(for: record, kek: kek))
        } catch {
            throw KeyringError(.wrongKey, "a key cannot be wrapped")
        }
    }

    private static func unwrap(_ record: KeyringRecord, kek: SymmetricKey) throws(KeyringError) -> SymmetricKey {
        guard let key = KeyWrap.unwrap(record.wrappedKey, under: KeyWrap.wrappingKey(for: record, kek: kek)) else {
            throw KeyringError(
                .wrongKey,
                "entry " + String(record.sequence)
                    + " of the keyring does not unwrap; restore the keyring from a backup"
            )
        }
        return key
    }
}

extension Collection where Element == UInt8 {
    fileprivate var bigEndian: UInt64 {
        reduce(0) { $0 << 8 | UInt64($1) }
    }
}
