import ArchiveCatalog
import Platform
import Synchronization

/// Jobs in memory.
final class MemoryJobRegistry: JobRegistry {
    private let jobs = Mutex<[RandomID: JobRecord]>([:])

    func save(_ job: JobRecord) async throws(RegistryError) {
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

    func removeJobs(endedBefore time: Timestamp) async throws(RegistryError) {
        jobs.withLock { jobs in jobs = jobs.filter { $0.value.ended.map { $0 >= time } ?? true } }
    }
}
