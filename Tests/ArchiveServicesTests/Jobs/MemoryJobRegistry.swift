import ArchiveCatalog
import Platform
import Synchronization

/// Jobs in memory.
final class MemoryJobRegistry: JobRegistry {
    private let jobs = Mutex<[RandomID: JobRecord]>([:])
    private let full = Mutex((refusalsLeft: 0, refused: 0))

    /// Saves that were refused.
    var refused: Int { full.withLock { $0.refused } }

    /// Refuses the next saves, as on a full volume.
    func refuse(_ count: Int) { full.withLock { $0.refusalsLeft = count } }

    func save(_ job: JobRecord) async throws(RegistryError) {
        let isRefused = full.withLock { full in
            guard full.refusalsLeft > 0 else { return false }
            full.refusalsLeft -= 1
            full.refused += 1
            return true
        }
        if isRefused { throw RegistryError(.noSpace, "as the test wants it") }
        jobs.withLock { $0[job.id] = job }
    }

    func job(_ id: RandomID) async throws(RegistryError) -> JobRecord? {
        jobs.withLock { $0[id] }
    }

    func openJobs() async throws(RegistryError) -> [JobRecord] {
        jobs.withLock { $0.values.filter { $0.ended == nil } }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
    }

    func endedJobs(limit: Int) async throws(RegistryError) -> [JobRecord] {
        let ended = jobs.withLock { $0.values.filter { $0.ended != nil } }
        return Array(ended.sorted { ($1.ended ?? $1.created, $0.id) < ($0.ended ?? $0.created, $1.id) }.prefix(limit))
    }

    func endedJobs(ofKind kind: String, limit: Int) async throws(RegistryError) -> [JobRecord] {
        Array(try await endedJobs(limit: .max).filter { $0.kind == kind }.prefix(limit))
    }

    func removeJobs(endedBefore time: Timestamp) async throws(RegistryError) {
        jobs.withLock { jobs in
            let all = jobs.values
            jobs = jobs.filter { _, job in
                guard let ended = job.ended, ended < time else { return true }
                return !all.contains { $0.kind == job.kind && ($0.ended ?? ended) > ended }
            }
        }
    }
}
