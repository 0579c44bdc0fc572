import Crypto
import Platform
import Synchronization

/// How far a rotation is.
public struct KeyringProgress: Sendable, Hashable {
    /// Keys that were wrapped anew.
    public let done: Int
    /// Keys that were under older versions when it began.
    public let total: Int

    /// Makes a progress.
    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}

extension Keyring {
    /// Keys that are wrapped anew and synced together.
    private static let rotationBatch = 1_000
    /// Those of them that one thread wraps.
    private static let rotationPart = 250

    /// Makes a new version of the key-encryption key and wraps all keys anew under it.
    ///
    /// Readers and writers go on meanwhile, with both versions. A rotation that was interrupted is taken up again: as long as
    /// keys are under older versions, no further version is made. The old version stays, for decryption only, until
    /// ``destroyKEK(version:)``.
    ///
    /// - Parameter progress: Called after each batch of 1,000.
    /// - Throws: `.rootKey` when the provider does not wrap or does not give back the same; nothing has changed then.
    public func rotate(
        progress: @escaping @Sendable (KeyringProgress) -> Void = { _ in }
    ) async throws(KeyringError) {
        try await committer.exclusively { () async throws(KeyringError) in
            if self.staleCount == 0 { try await self.addKEK() }
        }
        let total = staleCount
        var done = 0
        var cursor = RotationCursor()
        progress(KeyringProgress(done: 0, total: total))
        while true {
            let start = cursor
            let (next, count) = try await committer.exclusively { () async throws(KeyringError) in
                try await self.rewrapBatch(from: start)
            }
            cursor = next
            done += count
            progress(KeyringProgress(done: done, total: max(total, done)))
            guard count == 0 else { continue }
            if staleCount == 0 { break }
            cursor = RotationCursor()
        }
        // The entries that were wrapped anew stand behind their old forms: those go now.
        try await committer.exclusively { () async throws(KeyringError) in
            try await self.committer.rewrite({ _ in true }, keep: { self.memory.take($0) })
        }
    }

    /// Destroys a version of the key-encryption key: its wrapped form and its escrow are gone from memory and both places.
    ///
    /// - Throws: `.inUse` while it wraps new keys, or while keys are under it: ``rotate(progress:)`` first; `.unknownVersion`.
    public func destroyKEK(version: UInt32) async throws(KeyringError) {
        try await committer.exclusively { () async throws(KeyringError) in
            let now = self.clock.now()
            guard let record = self.memory.withLock({ $0.header.kek(version) }) else {
                throw KeyringError(.unknownVersion, "the keyring has no version " + String(version))
            }
            guard record.state != .destroyed else { return }
            var inUse = false
            try await self.committer.rewrite(
                { content in
                    guard record.state != .active, content.table.countsByVersion[version] == nil else { return false }
                    content.header.destroy(version, at: now)
                    return true
                },
                keep: { self.memory.take($0) }
            )
            inUse = self.memory.withLock { $0.header.kek(version)?.state != .destroyed }
            guard !inUse else {
                throw KeyringError(
                    .inUse,
                    "keys are under version " + String(version)
                        + ", or it wraps new ones: run `cassette keys rotate` first"
                )
            }
        }
    }

    /// Keys that are not under the active version.
    private var staleCount: Int {
        memory.withLock { state in
            let active = state.header.active?.version ?? 0
            return state.table.countsByVersion.reduce(0) {
                $1.key == active || $1.key == 0 ? $0 : $0 + $1.value
            }
        }
    }

    private func addKEK() async throws(KeyringError) {
        let header = memory.withLock { $0.header }
        let provider = provider.withLock { $0 }
        let (last, overflow) = (header.keks.map(\.version).max() ?? 0).addingReportingOverflow(1)
        guard !overflow else { throw KeyringError(.unavailable, "the keyring has used up its versions") }
        let (record, key) = try await Self.newKEK(last, header, provider: provider, random: random, clock: clock)
        // Before it is active: entries that are made from then on are wrapped with it.
        memory.withLock { $0.keks[last] = key }
        let now = clock.now()
        do throws(KeyringError) {
            try await committer.rewrite(
                { content in
                    content.header.retireActive(at: now)
                    content.header.keks.append(record)
                    return true
                },
                keep: { self.memory.take($0) }
            )
        } catch {
            memory.withLock { $0.keks[last] = nil }
            throw error
        }
        try await readBack(last, key)
    }

    /// Reads a version back from both files and unwraps it.
    private func readBack(_ version: UInt32, _ key: SymmetricKey) async throws(KeyringError) {
        let provider = provider.withLock { $0 }
        for header in try await committer.headersOnDisk() {
            let unwrapped: SymmetricKey
            do {
                unwrapped = try await provider.unwrap(header.kek(version)?.wrapped ?? [])
            } catch {
                throw KeyringError(.rootKey(error.code), error.description)
            }
            guard unwrapped == key else {
                throw KeyringError(.wrongKey, "the new key-encryption key does not come back from the keyring")
            }
        }
    }

    private struct RotationCursor: Sendable {
        var position = 0
        var arrangement = -1
    }

    /// Wraps the next keys anew; 0 when there are none behind the cursor.
    private func rewrapBatch(from cursor: RotationCursor) async throws(KeyringError) -> (RotationCursor, Int) {
        let (batch, next, active) = memory.withLock { state in
            let active = state.header.active?.version ?? 0
            var next = cursor
            // Entries that moved are looked for from the start.
            if next.arrangement != state.table.arrangement { next.position = 0 }
            next.arrangement = state.table.arrangement
            var batch: [KeyEntry] = []
            while batch.count < Self.rotationBatch, next.position < state.table.entries.count {
                let entry = state.table.entries[next.position]
                next.position += 1
                if entry.kind != .removed, entry.kekVersion != active { batch.append(entry) }
            }
            return (batch, next, active)
        }
        guard !batch.isEmpty else { return (next, 0) }
        let changed = try await rewrap(batch, under: active)
        try await committer.append(changed) {
            self.memory.withLock { state in
                for entry in changed { state.table.set(entry) }
            }
        }
        return (next, changed.count)
    }

    /// Wraps entries anew, in parts side by side.
    private func rewrap(_ entries: [KeyEntry], under version: UInt32) async throws(KeyringError) -> [KeyEntry] {
        let (keks, tenantID) = memory.withLock { ($0.keks, $0.header.tenantID) }
        guard let new = keks[version] else {
            throw KeyringError(.wrongKey, "the active version of the key-encryption key is not there")
        }
        let pool = pool
        do {
            return try await withThrowingTaskGroup(of: [KeyEntry].self) { group in
                for start in stride(from: 0, to: entries.count, by: Self.rotationPart) {
                    let part = entries[start..<min(start + Self.rotationPart, entries.count)]
                    group.addTask {
                        try await pool.run {
                            try part.map { entry throws(KeyringError) in
                                guard let old = keks[entry.kekVersion] else { throw KeyringMemory.noVersion(of: entry) }
                                return try KeyWrap.rewrap(
                                    entry,
                                    tenantID: tenantID,
                                    from: old,
                                    to: new,
                                    version: version
                                )
                            }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        } catch {
            throw KeyringError(appending: error)
        }
    }
}

extension KeyringHeader {
    mutating func retireActive(at now: Timestamp) {
        for position in keks.indices where keks[position].state == .active {
            keks[position].state = .decryptOnly
            keks[position].changed = now
        }
    }

    mutating func destroy(_ version: UInt32, at now: Timestamp) {
        for position in keks.indices where keks[position].version == version {
            keks[position].state = .destroyed
            keks[position].changed = now
            keks[position].wrapped = []
            keks[position].escrow = []
        }
    }
}
