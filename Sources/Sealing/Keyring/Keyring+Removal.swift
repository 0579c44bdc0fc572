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
    ///
    /// - Parameter generation: The newest that goes; younger keys of these studies stay.
    public func removeStudyKeys(
        _ ids: [StudyKeyID],
        through generation: UInt32 = .max
    ) async throws(KeyringError) {
        let now = clock.now()
        let names = Set(ids.map(\.rawValue))
        try await committer.exclusively { () async throws(KeyringError) in
            try await self.committer.rewrite(
                { content in
                    var removals: [KeyEntry] = []
                    var gone: Set<RandomID> = []
                    for name in names {
                        guard var entry = content.table.newestStudyEntry(name) else { continue }
                        // A younger entry, which stays, tells of the generations before it.
                        guard entry.generation <= generation else {
                            gone.insert(name)
                            continue
                        }
                        guard entry.kind == .studyKey else { continue }
                        gone.insert(name)
                        entry.kind = .removed
                        entry.kekVersion = 0
                        entry.created = now
                        entry.wrappedKey = .none
                        removals.append(entry)
                    }
                    guard !gone.isEmpty else { return false }
                    content.table.removeAll {
                        gone.contains($0.id) && $0.generation <= generation
                            && ($0.kind == .studyKey || $0.kind == .removed)
                    }
                    for removal in removals { content.table.set(removal) }
                    return true
                },
                keep: { content in
                    self.memory.withLock { state in
                        state.take(content)
                        state.opened = state.opened.filter {
                            !names.contains($0.key.id.rawValue) || $0.key.generation > generation
                        }
                    }
                }
            )
        }
    }

    /// Makes both files say what memory says, durably, also after a change of them that failed half-way.
    ///
    /// Until then the next start may find the change done although it was told to have failed.
    public func confirm() async throws(KeyringError) {
        _ = try await committer.extent()
    }

    /// Whether a study had keys that were removed, and has none since.
    public func isRemoved(_ id: StudyKeyID) -> Bool {
        memory.withLock { $0.table.newestStudyEntry(id.rawValue)?.kind == .removed }
    }

    /// Whether a key of a study was there and was removed, whatever keys it has now.
    public func isRemoved(_ id: StudyKeyID, generation: UInt32) -> Bool {
        memory.withLock { state in
            guard let newest = state.table.newestStudyEntry(id.rawValue), newest.generation >= generation else {
                return false
            }
            return state.table.entry(.studyKey, id.rawValue, generation: generation) == nil
        }
    }

    /// Which key of a study is its newest, or was before it was removed; `nil` when it never had one.
    public func newestGeneration(of id: StudyKeyID) -> UInt32? {
        memory.withLock { $0.table.newestStudyEntry(id.rawValue)?.generation }
    }

    /// Makes a further key of a study, durable in both places, which is its newest from then on.
    ///
    /// What was sealed under the older ones still opens.
    public func addGeneration(of id: StudyKeyID) async throws(KeyringError) -> StudyKey {
        try await createStudyKey(id) { () throws(KeyringError) in nil }
    }
}
