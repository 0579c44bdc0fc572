import Foundation
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import TestKit
import Testing

@Suite struct `The local blob store` {
    private func store(_ directory: String, _ disk: any Disk) -> LocalBlobStore {
        LocalBlobStore(directory: directory, disk: disk, pool: TestPool.shared, random: SystemRandomSource())
    }

    @Test func `keeps the contract in memory`() async throws {
        try await BlobStoreContract(store("/blobs", MemoryDisk())).run()
    }

    @Test func `keeps the contract on the operating system's disk`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }

        try await BlobStoreContract(store(folder, PosixDisk())).run()
    }

    @Test(arguments: [
        "", "/", "a//b", "../a", "a/..", ".a", "a/.b", "A", "a b", "a/", String(repeating: "a", count: 256),
    ])
    func `names that could lead out of the folder are no keys`(text: String) {
        #expect(BlobKey(text) == nil)
    }

    @Test func `whatever disk call fails, a blob that was stored survives a power cut, and no half one appears`()
        async throws
    {
        let key = try #require(BlobKey("ab/c"))
        for call in 0... {
            let disk = MemoryDisk()
            let faults = FaultInjectingDisk(disk)
            faults.failCall(call, code: .noSpace)
            var isStored = true
            do throws(BlobStoreError) {
                try await store("/blobs", faults).put(key, BlobSource(ByteBuffer(string: "abc")))
            } catch {
                isStored = false
                #expect(error.code == .disk(.noSpace))
            }

            let after = store("/blobs", disk.afterPowerCut())
            let size = try await after.status(key)?.size
            #expect(isStored ? size == 3 : size == nil || size == 3)
            #expect(try await after.listAll().allSatisfy { $0.size == 3 })
            if isStored { return }
        }
    }
}
