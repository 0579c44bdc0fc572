import ArchiveCatalog
import DICOMCore
import Foundation
import NIOPosix
import Platform
import Testing

@testable import CatalogSQLite

@Suite struct `Jobs and notes in the registry` {
    private let folder: IndexFolder

    init() throws {
        folder = try IndexFolder()
    }

    private func open() async throws -> SQLiteRegistry {
        try await SQLiteRegistry.open(
            path: folder.url.appending(path: "registry.sqlite").path,
            key: [UInt8](repeating: 7, count: 32),
            disk: PosixDisk(),
            pool: WorkPool(threads: NIOThreadPool.singleton)
        )
    }

    private func job(_ number: UInt64) -> JobRecord {
        JobRecord(
            id: RandomID(high: 9, low: number),
            kind: "tiers.move",
            parameters: [1, 2],
            principal: "administrator",
            created: Timestamp(microseconds: Int64(number))
        )
    }

    private func label(_ text: String) throws -> StudyLabel { try #require(StudyLabel(text)) }

    @Test func `a job comes back as it was, after the registry is opened again`() async throws {
        var job = job(1)
        job.state = .failed
        job.progress = JobProgress(done: 3, total: 9, unit: "studies", bytes: .max, failures: 2, message: "moving")
        job.resumption = [0, 255]
        job.started = Timestamp(microseconds: 5)
        job.ended = Timestamp(microseconds: 7)
        job.failure = "the store does not answer"
        let first = try await open()
        try await first.save(self.job(1))
        try await first.save(job)
        try await first.close()

        let again = try await open()

        #expect(try await again.job(job.id) == job)
        #expect(try await again.job(RandomID(high: 0, low: 0)) == nil)
        try await again.close()
    }

    @Test func `open jobs come oldest first, ended ones latest first, and old ones are forgotten`() async throws {
        let registry = try await open()
        for number in [3, 1, 2] as [UInt64] { try await registry.save(job(number)) }
        for number in [4, 5] as [UInt64] {
            var ended = job(number)
            ended.state = .done
            ended.ended = Timestamp(microseconds: Int64(number) * 10)
            try await registry.save(ended)
        }

        #expect(try await registry.openJobs() == [job(1), job(2), job(3)])
        #expect(try await registry.endedJobs(limit: 9).map(\.id) == [job(5).id, job(4).id])
        #expect(try await registry.endedJobs(limit: 1).map(\.id) == [job(5).id])
        try await registry.removeJobs(endedBefore: Timestamp(microseconds: 50))
        #expect(try await registry.endedJobs(limit: 9).map(\.id) == [job(5).id])
        #expect(try await registry.openJobs().count == 3)
        try await registry.close()
    }

    @Test func `the latest access of a study counts`() async throws {
        let registry = try await open()
        let studies = [UID(literal: "1.2"), UID(literal: "1.3")]
        try await registry.noteAccesses([
            studies[0]: Timestamp(microseconds: 9), studies[1]: Timestamp(microseconds: 4),
        ])
        try await registry.noteAccesses([
            studies[0]: Timestamp(microseconds: 5), studies[1]: Timestamp(microseconds: 6),
        ])

        let found = try await registry.lastAccesses(of: studies + [UID(literal: "1.4")])

        #expect(found == [studies[0]: Timestamp(microseconds: 9), studies[1]: Timestamp(microseconds: 6)])
        try await registry.removeNotes(of: studies[0])
        #expect(try await registry.lastAccesses(of: studies).count == 1)
        try await registry.close()
    }

    @Test func `labels are put on studies and taken away, once each`() async throws {
        let registry = try await open()
        let (first, second) = (UID(literal: "1.2"), UID(literal: "1.3"))
        let (old, teaching) = (try label("old"), try label("teaching"))
        let now = Timestamp(microseconds: 1)

        #expect(try await registry.addLabel(old, to: first, at: now))
        #expect(try await !registry.addLabel(old, to: first, at: now))
        #expect(try await registry.addLabel(teaching, to: first, at: now))
        #expect(try await registry.addLabel(old, to: second, at: now))
        #expect(
            try await registry.labels(of: [first, second, UID(literal: "1.4")]) == [
                first: [old, teaching], second: [old],
            ]
        )
        #expect(try await registry.labelledStudies(after: nil, limit: 1).map(\.studyInstanceUID) == [first])
        #expect(try await registry.labelledStudies(after: first, limit: 9).map(\.labels) == [[old]])
        #expect(try await registry.removeLabel(old, from: first))
        #expect(try await !registry.removeLabel(old, from: first))
        #expect(try await registry.labels(of: [first]) == [first: [teaching]])
        try await registry.close()
    }

    @Test(arguments: ["", ".", "..", "a b", "a/b", "ä", String(repeating: "a", count: 65)])
    func `other text is no label`(_ text: String) {
        #expect(StudyLabel(text) == nil)
    }
}
