import ArchiveServices
import Logging
import Platform
import Synchronization
import TestKit
import Testing

/// The levels of the lines that were written.
private final class Levels: Sendable {
    private let taken = Mutex<[Logger.Level]>([])
    var all: [Logger.Level] { taken.withLock { $0 } }

    func logger() -> Logger {
        Logger(label: "test") { _ in Handler(levels: self) }
    }

    private struct Handler: LogHandler {
        let levels: Levels
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            levels.taken.withLock { $0.append(event.level) }
        }
    }
}

@Suite struct `Lines about objects that were not stored` {
    @Test func `a sender that is cancelled is no error`() async throws {
        let levels = Levels()
        let archive = try await TestArchive(logger: levels.logger())

        let outcome = await withTaskGroup(of: IngestOutcome?.self) { group in
            group.cancelAll()
            group.addTask { try? await archive.store(TestObject()) }
            return await group.next() ?? nil
        }

        #expect(outcome?.refusal != nil)
        #expect(levels.all.contains(.debug))
        #expect(!levels.all.contains(.error))
    }

    @Test func `a disk that fails is one`() async throws {
        let levels = Levels()
        let disk = FaultInjectingDisk(PosixDisk())
        let archive = try await TestArchive(disk: disk, logger: levels.logger())
        disk.failCall(0, code: .io)

        #expect(try await archive.store(TestObject()).refusal?.reason == .storageFailed)
        #expect(levels.all.contains(.error))
    }
}
