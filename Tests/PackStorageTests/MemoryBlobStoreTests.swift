import StoreTestKit
import Testing

@Suite struct `The blob store of the tests` {
    @Test func `keeps the contract`() async throws {
        await #expect(throws: Never.self) { try await BlobStoreContract(MemoryBlobStore()).run() }
    }
}
