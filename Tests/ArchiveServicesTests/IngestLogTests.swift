import ArchiveServices
import Logging
import Platform
import TestKit
import Testing

@Suite struct `Lines about objects that were not stored` {
    @Test func `a sender that is cancelled is no error`() async throws {
        let log = CapturedLog()
        let archive = try await TestArchive(logger: log.logger())

        let outcome = await withTaskGroup(of: IngestOutcome?.self) { group in
            group.cancelAll()
            group.addTask { try? await archive.store(TestObject()) }
            return await group.next() ?? nil
        }

        #expect(outcome?.refusal != nil)
        #expect(log.lines.contains { $0.level == .debug })
        #expect(!log.lines.contains { $0.level == .error })
    }

    @Test func `a disk that fails is one`() async throws {
        let log = CapturedLog()
        let disk = FaultInjectingDisk(PosixDisk())
        let archive = try await TestArchive(disk: disk, logger: log.logger())
        disk.failCall(0, code: .io)

        #expect(try await archive.store(TestObject()).refusal?.reason == .storageFailed)
        #expect(log.lines.contains { $0.level == .error })
    }
}
