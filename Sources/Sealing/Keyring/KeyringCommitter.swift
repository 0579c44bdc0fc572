import NIOCore
import Platform

/// Appends entries to the journal and rewrites it; what arrives while a sync runs shares the next one.
///
/// No task of its own: whoever finds the journal idle writes for all who wait.
actor KeyringCommitter {
    private struct Waiting {
        let ticket: UInt64
        let entries: [KeyEntry]
        /// Takes the entries into memory, before anything else is written: what a rewriting leaves out is gone.
        let keep: @Sendable () -> Void
    }

    private var journal: KeyringJournal
    private let pool: WorkPool
    private let content: @Sendable () -> KeyringContent
    private var queue: [Waiting] = []
    private var outcomes: [UInt64: Result<Void, KeyringError>] = [:]
    private var nextTicket: UInt64 = 0
    private var isWriting = false
    private var isMaintained = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var namesInWork: Set<RandomID> = []

    /// - Parameter content: What memory holds: all that is durable, and nothing else.
    init(journal: KeyringJournal, pool: WorkPool, content: @escaping @Sendable () -> KeyringContent) {
        self.journal = journal
        self.pool = pool
        self.content = content
    }

    /// How often the journal was rewritten.
    var generation: UInt64 { journal.frame.generation }

    /// Makes one key for a name, whoever else asks for the same name meanwhile.
    ///
    /// - Parameter find: Returns the key once it is there.
    /// - Parameter make: Makes the entry of a new key, and the key.
    /// - Parameter keep: Takes the key after it is durable in both files.
    func create<Key: Sendable>(
        _ name: RandomID,
        find: @Sendable () throws(KeyringError) -> Key?,
        make: @Sendable () throws(KeyringError) -> (KeyEntry, Key),
        keep: @escaping @Sendable (KeyEntry, Key) -> Void
    ) async throws(KeyringError) -> Key {
        while namesInWork.contains(name) { await wait() }
        if let key = try find() { return key }
        namesInWork.insert(name)
        defer {
            namesInWork.remove(name)
            wakeAll()
        }
        let (entry, key) = try make()
        try await append([entry]) { keep(entry, key) }
        return key
    }

    /// Makes entries durable in both files.
    ///
    /// - Parameter keep: Takes them into memory.
    func append(_ entries: [KeyEntry], keep: @escaping @Sendable () -> Void) async throws(KeyringError) {
        let ticket = nextTicket
        nextTicket += 1
        queue.append(Waiting(ticket: ticket, entries: entries, keep: keep))
        while true {
            if let outcome = outcomes.removeValue(forKey: ticket) { return try outcome.get() }
            if isWriting {
                await wait()
            } else {
                try await writeBatch(as: ticket)
            }
        }
    }

    /// Writes the whole journal anew in both places.
    ///
    /// - Parameter change: What is to be different from what memory holds; `false` when there is nothing to do.
    /// - Parameter keep: Takes the new content into memory.
    func rewrite(
        _ change: @Sendable (inout KeyringContent) -> Bool,
        keep: @Sendable (KeyringContent) -> Void
    ) async throws(KeyringError) {
        // What waits was made under the key-encryption key of now: it goes first, lest that key be destroyed before it.
        while isWriting || !queue.isEmpty { await wait() }
        isWriting = true
        defer {
            isWriting = false
            wakeAll()
        }
        var changed = content()
        guard change(&changed) else { return }
        let whole = changed
        let error = try await write { journal throws in try journal.rewrite(whole) }
        if let error { throw error }
        keep(whole)
    }

    /// Runs one piece of work on the keyring at a time: rotation, removal, changes of the key-encryption keys.
    func exclusively<Result: Sendable>(
        _ body: @Sendable () async throws(KeyringError) -> Result
    ) async throws(KeyringError) -> Result {
        while isMaintained { await wait() }
        isMaintained = true
        defer {
            isMaintained = false
            wakeAll()
        }
        return try await body()
    }

    /// The headers as both files have them.
    func headersOnDisk() async throws(KeyringError) -> [KeyringHeader] {
        let journal = journal
        do {
            return try await pool.run { try journal.headersOnDisk() }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    /// Reads both files and compares them with each other and with what was written.
    ///
    /// - Returns: What is wrong, in words.
    func fileProblem() async throws(KeyringError) -> String? {
        while isWriting { await wait() }
        isWriting = true
        defer {
            isWriting = false
            wakeAll()
        }
        let journal = journal
        do {
            return try await pool.run { try journal.fileProblem() }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    /// How far the file goes; what is being appended is not yet in it.
    func extent() async throws(KeyringError) -> KeyringExtent {
        while journal.mustRewrite {
            // The places may differ, or are of an old format: they are put in order first.
            while isWriting { await wait() }
            guard journal.mustRewrite else { break }
            isWriting = true
            defer {
                isWriting = false
                wakeAll()
            }
            let content = content
            if let error = try await write({ journal throws in try journal.rewrite(content()) }) { throw error }
        }
        return journal.extent
    }

    /// Reads a part of the file while nothing is written; `nil` when the file is of another generation.
    func bytes(_ range: Range<UInt64>, of generation: UInt64) async throws(KeyringError) -> ByteBuffer? {
        while isWriting { await wait() }
        guard !journal.mustRewrite, journal.frame.generation == generation else { return nil }
        isWriting = true
        defer {
            isWriting = false
            wakeAll()
        }
        let journal = journal
        do {
            return try await pool.run { try journal.read(range) }
        } catch {
            throw KeyringError(appending: error)
        }
    }

    private func writeBatch(as ticket: UInt64) async throws(KeyringError) {
        isWriting = true
        let batch = takeBatch()
        defer {
            isWriting = false
            wakeAll()
        }
        let entries = batch.flatMap(\.entries)
        let content = content
        let outcome: Result<Void, KeyringError>
        do {
            let error = try await write { journal throws in
                if journal.mustRewrite { try journal.rewrite(content()) }
                try journal.append(entries)
            }
            outcome = error.map { .failure($0) } ?? .success(())
        } catch {
            // Only this task was cancelled: the others' entries go back, and one of their tasks writes them.
            queue.insert(contentsOf: batch.filter { $0.ticket != ticket }, at: 0)
            throw KeyringError(.cancelled, "making a key was cancelled")
        }
        for waiting in batch {
            if case .success = outcome { waiting.keep() }
            outcomes[waiting.ticket] = outcome
        }
    }

    /// As many of those that wait as fit into one batch.
    private func takeBatch() -> [Waiting] {
        var size = 0
        let count = queue.prefix { waiting in
            size += waiting.entries.count
            return size <= KeyringCopy.maximumBatch
        }.count
        let batch = Array(queue.prefix(count))
        queue.removeFirst(count)
        return batch
    }

    /// Works on the journal and keeps what became of it.
    ///
    /// - Returns: The error of the work; thrown is only that it was cancelled before it began.
    private func write(
        _ work: @escaping @Sendable (inout KeyringJournal) throws -> Void
    ) async throws(KeyringError) -> KeyringError? {
        let before = journal
        do {
            let (after, error) = try await pool.run { () -> (KeyringJournal, KeyringError?) in
                var journal = before
                do {
                    try work(&journal)
                    return (journal, nil)
                } catch {
                    return (journal, KeyringError(appending: error))
                }
            }
            journal = after
            return error
        } catch {
            throw KeyringError(.cancelled, "the work on the keyring was cancelled")
        }
    }

    private func wait() async {
        await withCheckedContinuation { waiters.append($0) }
    }

    private func wakeAll() {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }
}

extension KeyringError {
    /// The error for what went wrong while the journal was read or written.
    init(appending error: any Error) {
        switch error {
        case let error as KeyringError: self = error
        case let error as DiskError:
            self.init(error.code == .noSpace ? .noSpace : .unavailable, "the keyring: " + error.description)
        default: self.init(.cancelled, "the work on the keyring was cancelled")
        }
    }
}
