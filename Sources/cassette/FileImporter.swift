import AccessControl
import ArchiveServices
import Platform
import Synchronization

/// Stores files, several at a time.
struct FileImporter: Sendable {
    /// Files in flight at once: while one waits for the disk, others are parsed and sealed.
    private static let width = 4

    let access: ArchiveAccess
    let disk: any Disk
    let pool: WorkPool
    /// The paths that the user named one by one.
    let named: Set<String>

    /// What became of one file.
    private enum Outcome {
        case stored
        case alreadyStored
        case skipped
        case refused(String)
    }

    func run(_ files: [String], progress: ProgressBar) async throws -> ImportReport {
        let state = Mutex(State(report: ImportReport(), waiting: files[...], progress: progress, total: files.count))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(Self.width, files.count) {
                group.addTask { try await work { state.withLock { $0.waiting.popFirst() } } done: { path, outcome in
                    state.withLock { $0.note(path, outcome) }
                } }
            }
            try await group.waitForAll()
        }
        return state.withLock { state in
            state.progress.finish()
            state.report.refused.sort { $0.path < $1.path }
            return state.report
        }
    }

    private struct State {
        var report: ImportReport
        var waiting: ArraySlice<String>
        var progress: ProgressBar
        let total: Int

        mutating func note(_ path: String, _ outcome: Outcome) {
            switch outcome {
            case .stored: report.stored += 1
            case .alreadyStored: report.alreadyStored += 1
            case .skipped: report.skipped.append(path)
            case .refused(let reason): report.refused.append((path, reason))
            }
            progress.update(done: total - waiting.count, of: total)
        }
    }

    private func work(
        next: @Sendable () -> String?,
        done: @Sendable (String, Outcome) -> Void
    ) async throws {
        switch access {
        case .local(let archive, _):
            let session = try archive.archive.ingest.openSession(for: Principal(.administrator))
            while let path = next() {
                done(path, await store(path, in: session))
            }
            await session.close()
        case .remote(let archive):
            while let path = next() {
                done(path, try await store(path, at: archive))
            }
        }
    }

    private func store(_ path: String, in session: IngestSession) async -> Outcome {
        let file: any DiskFile
        do {
            file = try await open(path)
        } catch {
            return .refused("cannot be read: \(error)")
        }
        let outcome = await session.store(IncomingObject(form: .part10), body: FileChunks(file: file, pool: pool))
        try? file.close()
        switch outcome {
        case .stored: return .stored
        case .alreadyStored: return .alreadyStored
        case .refused(let refusal):
            if case .notReadable(let error) = refusal.reason, error.code == .notDICOM, !named.contains(path) {
                return .skipped
            }
            return .refused(refusal.description)
        }
    }

    private func store(_ path: String, at archive: RemoteArchive) async throws -> Outcome {
        let file: any DiskFile
        let length: UInt64
        do {
            file = try await open(path)
            length = try file.size()
        } catch {
            return .refused("cannot be read: \(error)")
        }
        let reason = try await archive.store(FileChunks(file: file, pool: pool), length: length)
        try? file.close()
        return reason.map { .refused($0) } ?? .stored
    }

    private func open(_ path: String) async throws -> any DiskFile {
        let disk = disk
        return try await pool.run { try disk.open(path, .read) }
    }
}

/// What an import did.
struct ImportReport: Sendable {
    var stored = 0
    var alreadyStored = 0
    var skipped: [String] = []
    var refused: [(path: String, reason: String)] = []

    var json: String {
        JSONText.object([
            ("stored", String(stored)),
            ("alreadyStored", String(alreadyStored)),
            ("skipped", JSONText.array(skipped.map(JSONText.string))),
            (
                "refused",
                JSONText.array(
                    refused.map {
                        JSONText.object([("path", JSONText.string($0.path)), ("reason", JSONText.string($0.reason))])
                    }
                )
            ),
        ])
    }
}
