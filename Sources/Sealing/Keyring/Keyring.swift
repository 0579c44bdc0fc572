public import Crypto
import Platform
import Synchronization

/// All keys of the archive: wrapped in a journal in two places, unwrapped only when they are needed.
///
/// The journal grows by one entry per study; the whole of it is held in memory, about 90 bytes per study.
public final class Keyring: Sendable {
    static let studyIDLabel = "study-id"

    /// Whether this call of `open` made the keyring: then nothing that was stored before can be opened with it.
    public let isNew: Bool

    private let studyIDKey: SymmetricKey
    let tenantID: RandomID
    let memory: KeyringMemory
    let committer: KeyringCommitter
    /// The root key in use; another one after ``rewrap(with:)``.
    let provider: Mutex<any RootKeyProvider>
    let pool: WorkPool
    let random: any RandomSource
    let clock: any WallClock

    init(
        memory: KeyringMemory,
        committer: KeyringCommitter,
        isNew: Bool,
        provider: any RootKeyProvider,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock
    ) throws(KeyringError) {
        self.memory = memory
        self.committer = committer
        self.isNew = isNew
        self.provider = Mutex(provider)
        self.pool = pool
        self.random = random
        self.clock = clock
        tenantID = memory.withLock { $0.header.tenantID }
        let sideKeys = memory.withLock { state in state.table.entries.filter { $0.kind == .sideKey } }
        for entry in sideKeys {
            let key = try memory.unwrap(entry)
            memory.withLock { $0.sideKeys[entry.id] = key }
        }
        guard let studyIDKey = memory.withLock({ $0.sideKeys[Self.sideKeyID(Self.studyIDLabel)] }) else {
            throw KeyringError(.damaged, "the keyring lacks the key that names studies; restore it from a backup")
        }
        self.studyIDKey = studyIDKey
    }

    /// The id of the key that belongs to a name: HMAC-SHA-256 under a key of the keyring, cut to 16 bytes.
    ///
    /// The same name gives the same id for ever; without the keyring an id tells nothing about its name.
    public func keyID(for name: [UInt8]) -> StudyKeyID {
        let code = HMAC<SHA256>.authenticationCode(for: name, using: studyIDKey)
        let bytes = Array(code).prefix(16)
        return StudyKeyID(RandomID(high: bytes.prefix(8).bigEndian, low: bytes.dropFirst(8).bigEndian))
    }

    /// An existing study key; `nil` when there is none, or none any more.
    ///
    /// - Parameter generation: Which key of the study; the newest when absent.
    public func existingStudyKey(_ id: StudyKeyID, generation: UInt32? = nil) throws(KeyringError) -> StudyKey? {
        let (opened, entry) = memory.withLock { state -> (StudyKey?, KeyEntry?) in
            guard let generation = generation ?? state.table.newestStudyEntry(id.rawValue)?.generation else {
                return (nil, nil)
            }
            let reference = KeyringMemory.Reference(id: id, generation: generation)
            return (state.opened[reference], state.table.entry(.studyKey, id.rawValue, generation: generation))
        }
        if let opened { return opened }
        guard let entry else { return nil }
        let key = StudyKey(id: id, generation: entry.generation, key: try memory.unwrap(entry))
        memory.keepOpened(key)
        return key
    }

    /// The newest key of a study; made, and durable in both places, before it is returned.
    ///
    /// Callers that ask at the same time get the same key; keys of different studies share syncs. Where the keys of the
    /// study were removed, a new one is made, of the next generation.
    public func studyKeyCreatingIfNeeded(_ id: StudyKeyID) async throws(KeyringError) -> StudyKey {
        if let key = try existingStudyKey(id) { return key }
        return try await createStudyKey(id) { () throws(KeyringError) in try self.existingStudyKey(id) }
    }

    /// A key of the archive itself, for example `index`; made, and durable in both places, on first use.
    public func sideKey(_ label: String) async throws(KeyringError) -> SymmetricKey {
        let id = Self.sideKeyID(label)
        if let key = memory.withLock({ $0.sideKeys[id] }) { return key }
        return try await committer.create(
            id,
            find: { () throws(KeyringError) in self.memory.withLock { $0.sideKeys[id] } },
            make: { () throws(KeyringError) in try self.makeKey(.sideKey, id: id, generation: 1) },
            keep: { entry, key in
                self.memory.withLock { state in
                    state.table.set(entry)
                    state.sideKeys[id] = key
                }
            }
        )
    }

    /// Whether there is a key of the archive itself with that label; makes none.
    public func hasSideKey(_ label: String) -> Bool {
        let id = Self.sideKeyID(label)
        return memory.withLock { $0.sideKeys[id] != nil }
    }

    /// The 32 bytes of ``sideKey(_:)``, for code that takes a key as bytes; keep them no longer than needed.
    public func sideKeyBytes(_ label: String) async throws(KeyringError) -> [UInt8] {
        try await sideKey(label).rawBytes
    }

    /// Makes the next key of a study, unless `find` gives one.
    func createStudyKey(
        _ id: StudyKeyID,
        find: @Sendable () throws(KeyringError) -> StudyKey?
    ) async throws(KeyringError) -> StudyKey {
        try await committer.create(
            id.rawValue,
            find: find,
            make: { () throws(KeyringError) in
                let last = self.memory.withLock { $0.table.newestStudyEntry(id.rawValue)?.generation ?? 0 }
                let (generation, overflow) = last.addingReportingOverflow(1)
                guard !overflow else { throw KeyringError(.unavailable, "this study has used up its keys") }
                let (entry, key) = try self.makeKey(.studyKey, id: id.rawValue, generation: generation)
                return (entry, StudyKey(id: id, generation: generation, key: key))
            },
            keep: { entry, key in
                self.memory.withLock { $0.table.set(entry) }
                self.memory.keepOpened(key)
            }
        )
    }

    private func makeKey(
        _ kind: KeyEntry.Kind,
        id: RandomID,
        generation: UInt32
    ) throws(KeyringError) -> (KeyEntry, SymmetricKey) {
        let key = SymmetricKey(data: random.bytes(32))
        var entry = KeyEntry(
            kind: kind,
            id: id,
            generation: generation,
            kekVersion: memory.withLock { $0.header.active?.version ?? 0 },
            created: clock.now(),
            wrappedKey: .none
        )
        entry.wrappedKey = try memory.wrap(key, for: entry)
        return (entry, key)
    }

    static func sideKeyID(_ label: String) -> RandomID {
        let digest = Array(SHA256.hash(data: Array("cassette/side/1".utf8) + Array(label.utf8)))
        return RandomID(high: digest.prefix(8).bigEndian, low: digest.dropFirst(8).prefix(8).bigEndian)
    }
}

extension Collection where Element == UInt8 {
    var bigEndian: UInt64 {
        reduce(0) { $0 << 8 | UInt64($1) }
    }
}
