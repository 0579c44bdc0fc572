import Crypto
import Platform

extension Keyring {
    /// Removes all keys of studies: from memory, and from both places, durably.
    ///
    /// What was sealed under them opens no more. That they were there is kept, so that a key made later for the same study is
    /// of another generation. Ids without keys are passed over. Copies of the keyring elsewhere still hold the keys, under
    /// their version of the key-encryption key: rotate, and destroy that, to be rid of those as well.
    ///
    /// Writes the journal anew: remove many at once.
    public func removeStudyKeys(_ ids: [StudyKeyID]) async throws(KeyringError) {
        let now = clock.now()
        let names = Set(ids.map(\.rawValue))
        try await committer.exclusively { () async throws(KeyringError) in
            try await self.committer.rewrite(
                { content in
                    var removals: [KeyEntry] = []
                    for name in names {
                        guard var entry = content.table.newestStudyEntry(name), entry.kind == .studyKey else {
                            continue
                        }
                        entry.kind = .removed
                        entry.kekVersion = 0
                        entry.created = now
                        entry.wrappedKey = .none
                        removals.append(entry)
                    }
                    guard !removals.isEmpty else { return false }
                    let gone = Set(removals.map(\.id))
                    content.table.removeAll {
                        gone.contains($0.id) && ($0.kind == .studyKey || $0.kind == .removed)
                    }
                    for removal in removals { content.table.set(removal) }
                    return true
                },
                keep: { content in
                    self.memory.withLock { state in
                        state.take(content)
                        state.opened = state.opened.filter { !names.contains($0.key.id.rawValue) }
                    }
                }
            )
        }
    }

    /// Whether a study had keys that were removed, and has none since.
    public func isRemoved(_ id: StudyKeyID) -> Bool {
        memory.withLock { $0.table.newestStudyEntry(id.rawValue)?.kind == .removed }
    }

    /// Whether that key of a study was removed, though the study may have a newer one since.
    public func isRemoved(_ id: StudyKeyID, generation: UInt32) -> Bool {
        memory.withLock { $0.table.removedGeneration(id.rawValue).map { generation <= $0 } ?? false }
    }

    /// Makes a further key of a study, durable in both places, which is its newest from then on.
    ///
    /// What was sealed under the older ones still opens.
    public func addGeneration(of id: StudyKeyID) async throws(KeyringError) -> StudyKey {
        try await createStudyKey(id) { () throws(KeyringError) in nil }
    }
}
