import AccessControl
import ArchiveServices
import DICOMCoding
import DICOMCore
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

    func run(_ files: [String], progress: ProgressBar) async throws -> ImportReport {
        let board = ImportBoard(files, progress: progress)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(Self.width, files.count) {
                group.addTask { try await work(board) }
            }
            try await group.waitForAll()
        }
        return board.finish()
    }

    private func work(_ board: ImportBoard) async throws {
        switch access {
        case .local(let archive, _):
            let session = try archive.archive.ingest.openSession(for: Principal(.administrator))
            while let path = board.next() {
                board.note(path, await store(path, in: session))
            }
            await session.close()
        case .remote(let archive):
            while let path = board.next() {
                board.note(path, try await store(path, at: archive))
            }
        }
    }

    private func store(_ path: String, in session: IngestSession) async -> ImportOutcome {
        await withObject(path) { file in
            let outcome = await session.store(IncomingObject(form: .part10), body: FileChunks(file: file, pool: pool))
            switch outcome {
            case .stored: return .stored
            case .alreadyStored: return .alreadyStored
            case .refused(let refusal): return .refused(refusal.description)
            }
        }
    }

    private func store(_ path: String, at archive: RemoteArchive) async throws -> ImportOutcome {
        try await withObject(path) { file in
            let reason = try await archive.store(FileChunks(file: file, pool: pool), length: try file.size())
            return reason.map { .refused($0) } ?? .stored
        }
    }

    /// Opens a file and hands it on, unless it begins like nothing that an archive stores.
    private func withObject(
        _ path: String,
        _ body: (any DiskFile) async throws -> ImportOutcome
    ) async rethrows -> ImportOutcome {
        let file: any DiskFile
        do {
            file = try await open(path)
        } catch {
            return .refused("cannot be read: \(error)")
        }
        defer { try? file.close() }
        do {
            guard try await !isDirectory(FileChunks(file: file, pool: pool)) || named.contains(path) else {
                return .skipped
            }
        } catch let error as DataSetError where error.code == .notDICOM && !named.contains(path) {
            return .skipped
        } catch {
            return .refused("\(error)")
        }
        return try await body(file)
    }

    /// Whether the bytes begin like the directory of a medium (PS3.3 F), which lists objects and is none.
    ///
    /// - Throws: `DataSetError`; `.notDICOM` when they do not begin like a DICOM object at all.
    private func isDirectory(_ chunks: FileChunks) async throws -> Bool {
        var decoder = Part10Decoder()
        for try await chunk in chunks {
            _ = try decoder.read(chunk)
            if decoder.header != nil { break }
        }
        if decoder.header == nil { _ = try decoder.finish() }
        let sopClassUID = decoder.header?.fileMetaInformation.mediaStorageSOPClassUID
        return sopClassUID == UID(literal: "1.2.840.10008.1.3.10")
    }

    private func open(_ path: String) async throws -> any DiskFile {
        let disk = disk
        return try await pool.run { try disk.open(path, .read) }
    }
}

/// What became of one file.
enum ImportOutcome: Sendable {
    case stored
    case alreadyStored
    case skipped
    case refused(String)
}

/// The files still to be imported and the results so far, shared by the tasks that import.
final class ImportBoard: Sendable {
    private let state: Mutex<State>
    private let total: Int

    private struct State {
        var report = ImportReport()
        var waiting: ArraySlice<String>
        var progress: ProgressBar
    }

    init(_ files: [String], progress: ProgressBar) {
        total = files.count
        state = Mutex(State(waiting: files[...], progress: progress))
    }

    /// The next file; `nil` when none is left.
    func next() -> String? {
        state.withLock { $0.waiting.popFirst() }
    }

    func note(_ path: String, _ outcome: ImportOutcome) {
        state.withLock { state in
            switch outcome {
            case .stored: state.report.stored += 1
            case .alreadyStored: state.report.alreadyStored += 1
            case .skipped: state.report.skipped.append(path)
            case .refused(let reason): state.report.refused.append((path, reason))
            }
            state.progress.update(done: total - state.waiting.count, of: total)
        }
    }

    /// Takes the progress bar away.
    ///
    /// - Returns: What was done.
    func finish() -> ImportReport {
        state.withLock { state in
            state.progress.finish()
            state.report.refused.sort { $0.path < $1.path }
            return state.report
        }
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
