import Crypto
import Platform
import Synchronization

/// What the keyring keeps in memory: all entries wrapped, the key-encryption keys, and the keys used lately.
final class KeyringMemory: Sendable {
    struct Reference: Hashable {
        let id: StudyKeyID
        let generation: UInt32
    }

    struct State {
        var header: KeyringHeader
        var table: KeyTable
        /// The key-encryption keys that are not destroyed, by version.
        var keks: [UInt32: SymmetricKey]
        var sideKeys: [RandomID: SymmetricKey] = [:]
        /// Keys that were unwrapped lately.
        var opened: [Reference: StudyKey] = [:]

        /// Takes a new content in the place of the old one; what it lacks is forgotten.
        mutating func take(_ content: KeyringContent) {
            header = content.header
            table = content.table
            for kek in header.keks where kek.state == .destroyed { keks[kek.version] = nil }
        }
    }

    /// Unwrapped keys kept at a time.
    private static let openedLimit = 4_096

    private let state: Mutex<State>

    init(_ content: KeyringContent, keks: [UInt32: SymmetricKey]) {
        state = Mutex(State(header: content.header, table: content.table, keks: keks))
    }

    func withLock<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        state.withLock { body(&$0) }
    }

    var content: KeyringContent {
        state.withLock { KeyringContent(header: $0.header, table: $0.table) }
    }

    func take(_ content: KeyringContent) {
        state.withLock { $0.take(content) }
    }

    /// Keeps a key for those who ask again; one that was removed meanwhile is not kept.
    func keepOpened(_ key: StudyKey) {
        state.withLock { state in
            guard state.table.entry(.studyKey, key.id.rawValue, generation: key.generation) != nil else { return }
            // Emptied when full: unwrapping again costs microseconds, and a list of uses would cost more.
            if state.opened.count >= Self.openedLimit { state.opened.removeAll(keepingCapacity: true) }
            state.opened[Reference(id: key.id, generation: key.generation)] = key
        }
    }

    /// Unwraps an entry with the version of the key-encryption key that it is under.
    func unwrap(_ entry: KeyEntry) throws(KeyringError) -> SymmetricKey {
        let (kek, tenantID) = state.withLock { ($0.keks[entry.kekVersion], $0.header.tenantID) }
        guard let kek else { throw Self.noVersion(of: entry) }
        return try KeyWrap.unwrap(entry, tenantID: tenantID, kek: kek)
    }

    /// The error for an entry whose version of the key-encryption key is not there.
    static func noVersion(of entry: KeyEntry) -> KeyringError {
        KeyringError(
            .wrongKey,
            "a key of the keyring is under version " + String(entry.kekVersion)
                + " of the key-encryption key, which is not there; restore the keyring from a backup"
        )
    }

    /// Wraps a key for an entry whose version is set.
    func wrap(_ key: SymmetricKey, for entry: KeyEntry) throws(KeyringError) -> WrappedKey {
        let (kek, tenantID) = state.withLock { ($0.keks[entry.kekVersion], $0.header.tenantID) }
        guard let kek else { throw KeyringError(.wrongKey, "a key cannot be wrapped: there is no active version") }
        return try KeyWrap.wrap(key, for: entry, tenantID: tenantID, kek: kek)
    }
}
