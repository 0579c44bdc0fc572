public import Platform

/// What the keyring holds, without any key.
public struct KeyringStatus: Sendable, Hashable {
    /// A version of the key-encryption key.
    public struct KEK: Sendable, Hashable {
        /// Counts from 1.
        public let version: UInt32
        /// What may be done with it.
        public let state: KEKState
        /// When it was made.
        public let created: Timestamp
        /// When its state last changed.
        public let changed: Timestamp
        /// Which root key wraps it; empty where an older version of the program did not note it.
        public let provider: String
        /// Keys that are under it.
        public let keyCount: Int
        /// The recovery keys that it is sealed to.
        public let escrowedTo: [RandomID]
    }

    /// The tenant to whom the keyring belongs.
    public let tenantID: RandomID
    /// Counts the rewritings of the journal.
    public let journalGeneration: UInt64
    /// All versions, oldest first.
    public let keks: [KEK]
    /// Keys of studies, all generations.
    public let studyKeyCount: Int
    /// Keys of the archive itself.
    public let sideKeyCount: Int
    /// Studies whose keys were removed.
    public let removedCount: Int
    /// To whom each version is sealed.
    public let recoveryKeys: [RecoveryKey]

    /// The version that wraps new keys.
    public var activeVersion: UInt32 { keks.last { $0.state == .active }?.version ?? 0 }

    /// Whether keys are under a version that is not active: a rotation was begun and has not ended.
    public var isRotating: Bool { keks.contains { $0.state != .active && $0.keyCount > 0 } }
}

extension Keyring {
    /// What the keyring holds.
    public func status() async -> KeyringStatus {
        let generation = await committer.generation
        return memory.withLock { state in
            var counts: [KeyEntry.Kind: Int] = [:]
            for entry in state.table.entries { counts[entry.kind, default: 0] += 1 }
            return KeyringStatus(
                tenantID: state.header.tenantID,
                journalGeneration: generation,
                keks: state.header.keks.map { kek in
                    KeyringStatus.KEK(
                        version: kek.version,
                        state: kek.state,
                        created: kek.created,
                        changed: kek.changed,
                        provider: kek.provider,
                        keyCount: state.table.countsByVersion[kek.version] ?? 0,
                        escrowedTo: kek.escrow.map(\.recipient)
                    )
                },
                studyKeyCount: counts[.studyKey] ?? 0,
                sideKeyCount: counts[.sideKey] ?? 0,
                removedCount: counts[.removed] ?? 0,
                recoveryKeys: state.header.recoveryKeys
            )
        }
    }
}
