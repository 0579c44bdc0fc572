import ArchiveCatalog
import ArchiveServices
import DICOMCore
import NIOCore
import NIOPosix
import Platform
import TestKit
import Testing

@Suite struct `A disk that stalls` {
    @Test func `holds up its readers alone while threads are left`() async throws {
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let (stalls, continuation) = AsyncStream.makeStream(of: Void.self)
        let disk = StallingDisk(PosixDisk()) { continuation.yield() }
        let archive = try await TestArchive(disk: disk, pool: WorkPool(threads: threads))
        let objects = TestObject.several
        let bytes = Array(try objects[0].part10().readableBytesView)
        _ = try await archive.store(objects[0])
        try await archive.archive.sealPacks(quietFor: .zero)
        disk.stall(pathsEndingIn: ".pack")

        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<2 { group.addTask { try await archive.payload(objects[0]) } }
            var iterator = stalls.makeAsyncIterator()
            for _ in 0..<2 { _ = await iterator.next() }

            guard case .stored = try await archive.store(objects[5]) else {
                Issue.record("not stored while another reader hangs")
                return disk.release()
            }
            #expect(try await archive.archive.counts().instances == 2)
            #expect(await archive.archive.condition().readOnlyReason == nil)

            disk.release()
            for try await read in group { #expect(read == bytes) }
        }
        try await archive.archive.close()
        try await threads.shutdownGracefully()
    }
}
