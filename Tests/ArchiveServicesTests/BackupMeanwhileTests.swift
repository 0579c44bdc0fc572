import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Testing

@testable import ArchiveServices

@Suite struct `Backing up while others remove` {
    @Test func `a deletion that is half done is in a backup with its record and its effect`() async throws {
        let bench = try await BackupBench()
        let (kept, deleted) = try (TestObject(study: 1, number: 1), TestObject(study: 2, number: 1))
        for object in [kept, deleted] { _ = try await bench.live.store(object) }
        let other = Concurrent { _ = try await bench.backUp() }
        // Its record is durable; the catalog shows the study still.
        bench.live.front.interrupt { await other.begin() }

        let scope = ArchiveScope(studyInstanceUID: deleted.study)
        _ = try await bench.live.archive.removal.delete(scope, as: TestArchive.administrator)
        try await other.end()

        try await expectSame(bench)
        #expect(try await bench.restoredRows().rows.map(\.path.sopInstanceUID) == [kept.instance])
    }

    @Test func `a deletion that comes while the figures are read waits until they are`() async throws {
        let bench = try await BackupBench()
        let objects = try [TestObject(study: 1, number: 1), TestObject(study: 2, number: 1)]
        for object in objects { _ = try await bench.live.store(object) }
        let scope = ArchiveScope(studyInstanceUID: objects[0].study)
        let other = Concurrent {
            _ = try await bench.live.archive.removal.delete(scope, as: TestArchive.administrator)
        }
        // The list of packs is made; the rows are about to be read.
        bench.live.front.interrupt { await other.begin() }

        try await bench.backUp()
        try await other.end()

        try await expectSame(bench)
        #expect(try await bench.restoredRows().rows.count == 2)
        #expect(try await bench.live.catalog.counts().instances == 1)
    }

    /// The restored rows are those of which the manifest speaks.
    private func expectSame(_ bench: BackupBench) async throws {
        let restored = try await bench.restoredRows()
        #expect(restored.report.content.instances == UInt64(restored.rows.count))
        #expect(restored.report.content.studies == UInt64(Set(restored.rows.map(\.path.studyInstanceUID)).count))
    }
}

/// Work that begins in the middle of other work and may have to wait for its end.
private actor Concurrent {
    private let work: @Sendable () async throws -> Void
    private var task: Task<Void, any Error>?

    init(_ work: @escaping @Sendable () async throws -> Void) {
        self.work = work
    }

    /// Begins it and gives it time enough to end, if nothing holds it up.
    func begin() async {
        task = Task { [work] in try await work() }
        try? await Task.sleep(for: .milliseconds(300))
    }

    func end() async throws {
        try await #require(task).value
    }
}
