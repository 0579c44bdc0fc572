import Platform

/// Appends entries to the journal; those that arrive while a sync runs share the next one.
///
/// No task of its own: whoever finds the journal idle writes for all who wait.
actor KeyringCommitter {
    private var journal: KeyringJournal
    private let pool: WorkPool
    private var queue: [(ticket: UInt64, draft: KeyringRecord)] = []
    private var outcomes: [UInt64: Result<Void, KeyringError>] = [:]
    private var nextTicket: UInt64 = 0
    private var isWriting = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var namesInWork: Set<RandomID> = []

    init(journal: KeyringJournal, pool: WorkPool) {
        self.journal = journal
        self.pool = pool
    }

    /// Makes one key for a name, whoever else asks for the same name meanwhile.
    ///
    /// - Parameter find: Returns the key once it is there.
    /// - Parameter make: Makes the entry of a new key, and the key.
    /// - Parameter keep: Takes the key after it is durable in both files.
    func create<Key: Sendable>(
        _ name: RandomID,
        find: @Sendable () throws(KeyringError) -> Key?,
        make: @Sendable () throws(KeyringError) -> (KeyringRecord, Key),
        keep: @Sendable (KeyringRecord, Key) -> Void
    ) async throws(KeyringError) -> Key {
        while namesInWork.contains(name) { await wait() }
        if let key = try find() { return key }
        namesInWork.insert(name)
        defer {
            namesInWork.remove(name)
            wakeAll()
        }
        let (record, key) = try make()
        try await append(record)
        keep(record, key)
        return key
    }

    private func append(_ draft: KeyringRecord) async throws(KeyringError) {
        let ticket = nextTicket
        nextTicket += 1
        queue.append((ticket: ticket, draft: draft))
        while true {
            if let outcome = outcomes.removeValue(forKey: ticket) { return try outcome.get() }
            if isWriting {
                await wait()
            } else {
                try await writeBatch(as: ticket)
            }
        }
    }

    private func writeBatch(as ticket: UInt64) async throws(KeyringError) {
        isWriting = true
        let batch = Array(queue.prefix(KeyringCopy.maximumBatch))
        queue.removeFirst(batch.count)
        defer {
            isWriting = false
            wakeAll()
        }
        let journal = journal
        let drafts = batch.map(\.draft)
        let outcome: Result<Void, KeyringError>
        do {
            let (written, error) = try await pool.run { () -> (KeyringJournal, KeyringError?) in
                var journal = journal
                do {
                    try journal.append(drafts)
                    return (journal, nil)
                } catch {
                    return (journal, KeyringError(appending: error))
                }
            }
            self.journal = written
            outcome = error.map { .failure($0) } ?? .success(())
        } catch {
            // Only this task was cancelled: the others' entries go back, and one of their tasks writes them.
            queue.insert(contentsOf: batch.filter { $0.ticket != ticket }, at: 0)
            throw KeyringError(.cancelled, "making a key was cancelled")
        }
        for entry in batch { outcomes[entry.ticket] = outcome }
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
