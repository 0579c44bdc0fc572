import ArchiveCatalog
import Dispatch
import NIOPosix
import Platform
import Testing

@testable import CatalogSQLite

@Suite struct `The question whether an instance is known` {
    @Test(.timeLimit(.minutes(1)))
    func `is answered while all readers are busy, and sees every commit at once`() async throws {
        let folder = try IndexFolder()
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let workers = WorkPool(threads: threads)
        var configuration = SQLiteCatalogConfiguration()
        configuration.readers = 1
        let index = try IndexDatabase(
            path: folder.path,
            key: folder.key,
            configuration: configuration,
            workers: workers
        )
        let catalog = try folder.catalog()
        let isAnswered = DispatchSemaphore(value: 0)
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        async let slow: Void = index.read { _ in
            begin.finish()
            isAnswered.wait()
        }
        for await _ in began {}

        let sample = SampleRecord()
        let answers = try await withTaskExecutorPreference(workers.taskExecutor) {
            var answers = [try index.knowsInPlace(sample.record.path.sopInstanceUID)]
            try await catalog.insert([sample])
            answers.append(try index.knowsInPlace(sample.record.path.sopInstanceUID))
            return answers
        }
        isAnswered.signal()
        try await slow

        #expect(answers == [false, true])
        try await catalog.close()
        try await index.close()
        try await threads.shutdownGracefully()
    }
}
