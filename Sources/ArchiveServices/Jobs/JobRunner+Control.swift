public import AccessControl
public import ArchiveCatalog
public import Platform
import Synchronization

extension JobRunner {
    /// Jobs as they are now: those that have not ended, oldest first, then those that ended last.
    public func jobs(as principal: Principal, endedLimit: Int = 50) async throws(ArchiveError) -> [JobRecord] {
        try authorize(principal)
        do throws(RegistryError) {
            let open = try await registry.openJobs()
            return try await open.map(current) + registry.endedJobs(limit: endedLimit)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// One job as it is now.
    public func job(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        return current(try await stored(id))
    }

    /// Stops a job until it is resumed; one that works stops at its next checkpoint.
    @discardableResult
    public func pause(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try await interrupt(id, .paused, .paused, as: principal)
    }

    /// Ends a job; what it did stays done.
    @discardableResult
    public func cancel(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try await interrupt(id, .cancelled, .cancelled, as: principal)
    }

    /// Lets a paused or failed job go on from where it stopped.
    @discardableResult
    public func resume(_ id: RandomID, as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        var record = try await stored(id)
        switch record.state {
        case .queued, .running: return current(record)
        case .done, .cancelled:
            throw ArchiveError(.badRequest, "The job is \(record.state.rawValue): start a new one")
        case .paused, .failed: break
        }
        record.state = .queued
        record.ended = nil
        record.failure = nil
        try await save(record)
        wake()
        return record
    }

    private func interrupt(
        _ id: RandomID,
        _ wish: JobInterruption,
        _ end: JobState,
        as principal: Principal
    ) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        var record = try await stored(id)
        guard !record.state.isEnd else {
            throw ArchiveError(.badRequest, "The job is \(record.state.rawValue) already")
        }
        if let live = live(id) {
            live.interrupt(wish)
            return live.record
        }
        record.state = end
        if end.isEnd { record.ended = clock.now() }
        try await save(record)
        // It may have begun to work meanwhile.
        live(id)?.interrupt(wish)
        return record
    }

    func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not see or change jobs")
        }
    }

    func stored(_ id: RandomID) async throws(ArchiveError) -> JobRecord {
        do throws(RegistryError) {
            if let record = try await registry.job(id) { return record }
        } catch {
            throw ArchiveError(error)
        }
        throw ArchiveError(.notFound, "There is no such job: see `cassette jobs list`")
    }

    /// The record as the process has it that works on the job.
    func current(_ record: JobRecord) -> JobRecord {
        live(record.id)?.record ?? record
    }

    private func live(_ id: RandomID) -> LiveJob? {
        state.withLock { $0.live[id] }
    }

    private func save(_ record: JobRecord) async throws(ArchiveError) {
        do throws(RegistryError) {
            try await registry.save(record)
        } catch {
            throw ArchiveError(error)
        }
    }
}
