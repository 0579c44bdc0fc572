import NIOCore
import PackStorage
import Sealing
import StoreTestKit
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `The keyring of a backup` {
    @Test func `it is the whole file, whatever is written anew while the backup runs`() async throws {
        let bench = try await BackupBench()
        for study in 1...6 { _ = try await bench.live.store(TestObject(study: study, number: 1)) }
        let keyring = bench.live.keyring

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for study in 20..<60 as Range<UInt8> {
                    let id = keyring.keyID(for: [study])
                    _ = try await keyring.studyKeyCreatingIfNeeded(id)
                    try await keyring.removeStudyKeys([id])
                }
            }
            group.addTask {
                for _ in 0..<6 { try await bench.backUp() }
            }
            try await group.waitForAll()
        }

        #expect(try await bench.restoredRows().rows.count == 6)
    }

    @Test func `one that does not read back as it was written stops the backup, and the one before stays`() async throws
    {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()

        for copy in ["-a", "-b"] {
            let forgetful = ZeroingBlobStore(store: bench.store, suffix: copy)
            await #expect {
                try await bench.service.backUp(as: TestArchive.administrator, to: forgetful)
            } throws: { error in
                (error as? BackupError)?.code == .damaged
            }
            #expect(try await bench.restoredRows().rows.count == 1)
        }
        #expect(try await bench.reader().list().count == 1)
    }
}

/// Takes keyrings whose name ends so, and keeps zeros from the middle on.
struct ZeroingBlobStore: BlobStore {
    let store: MemoryBlobStore
    let suffix: String

    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await store.put(key, source)
        guard key.text.hasPrefix("keyrings/"), key.text.hasSuffix(suffix), var bytes = store.content(key) else {
            return
        }
        let half = bytes.readableBytes / 2
        bytes.setRepeatingByte(0, count: bytes.readableBytes - half, at: half)
        store.setContent(key, bytes)
    }

    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        try await store.get(key, range: range)
    }

    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? { try await store.status(key) }

    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) { try await store.thaw(key, days: days) }

    func delete(_ key: BlobKey) async throws(BlobStoreError) { try await store.delete(key) }

    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await store.list(prefix: prefix, after: after, limit: limit)
    }
}
