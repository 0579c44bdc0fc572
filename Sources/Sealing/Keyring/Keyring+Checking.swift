import Crypto
public import Platform

/// What a check of the keyring has found.
public struct KeyringCheck: Sendable, Hashable {
    /// Keys that were unwrapped.
    public let keyCount: Int
    /// Names of keys that do not unwrap.
    public let broken: [RandomID]
    /// What is wrong with the files, in words; `nil` when both are whole and hold what memory holds.
    public let fileProblem: String?

    /// Whether everything is as it must be.
    public var isSound: Bool { broken.isEmpty && fileProblem == nil }
}

extension Keyring {
    private static let checkBatch = 10_000

    /// Reads both files again from the disk, and unwraps every key.
    ///
    /// - Parameter progress: Called with the number of keys checked and of all.
    public func check(
        progress: @escaping @Sendable (KeyringProgress) -> Void = { _ in }
    ) async throws(KeyringError) -> KeyringCheck {
        let fileProblem = try await committer.fileProblem()
        let entries = memory.content.table.entries
        var broken: [RandomID] = []
        var done = 0
        while done < entries.count {
            let part = entries[done..<min(done + Self.checkBatch, entries.count)]
            do {
                broken += try await pool.run {
                    part.filter { entry in
                        guard entry.kind != .removed else { return false }
                        // Both what is thrown and a key of the wrong length mean that the entry does not open.
                        do {
                            return try self.memory.unwrap(entry).bitCount != 256
                        } catch {
                            return true
                        }
                    }.map(\.id)
                }
            } catch {
                throw KeyringError(appending: error)
            }
            done += part.count
            progress(KeyringProgress(done: done, total: entries.count))
        }
        // A key that was removed meanwhile, with the version that it was under, is not broken.
        let now = memory.content.table
        let stillThere = broken.filter { id in
            (now.newestStudyEntry(id) ?? now.entry(.sideKey, id, generation: 1)).map { $0.kind != .removed } ?? false
        }
        return KeyringCheck(keyCount: entries.count, broken: stillThere, fileProblem: fileProblem)
    }
}
