import NIOCore
import PackStorage
import Testing

/// What every `BlobStore` must do; each implementation runs it on an empty store.
enum BlobStoreContract {
    private struct SourceFailure: Error {}

    static func run(_ store: some BlobStore) async throws {
        try await storesAndReads(store)
        try await refusesToReplace(store)
        try await showsNothingOfAFailedBody(store)
        try await listsAndDeletes(store)
    }

    private static func storesAndReads(_ store: some BlobStore) async throws {
        let key = try key("ab/one.pack")
        #expect(try await store.size(key) == nil)
        try await store.put(key, body(["abc", "", "defg"]))

        #expect(try await store.size(key) == 7)
        #expect(try await store.get(key, range: 0..<7) == ByteBuffer(string: "abcdefg"))
        #expect(try await store.get(key, range: 2..<4) == ByteBuffer(string: "cd"))
        #expect(try await store.get(key, range: 5..<100) == ByteBuffer(string: "fg"))
        #expect(try await store.get(key, range: 3..<3).readableBytes == 0)
        let tooLong = await #expect(throws: BlobStoreError.self) {
            try await store.get(key, range: 0..<BlobStoreLimits.rangeLength + 1)
        }
        #expect(tooLong?.code == .rangeTooLong)
        let missing = try Self.key("ab/none")
        let notFound = await #expect(throws: BlobStoreError.self) { try await store.get(missing, range: 0..<1) }
        #expect(notFound?.code == .notFound)
        let empty = try Self.key("empty")
        try await store.put(empty, body([]))
        #expect(try await store.size(empty) == 0)
    }

    private static func refusesToReplace(_ store: some BlobStore) async throws {
        let key = try key("ab/one.pack")
        let error = await #expect(throws: BlobStoreError.self) { try await store.put(key, body(["other"])) }

        #expect(error?.code == .exists)
        #expect(try await store.get(key, range: 0..<7) == ByteBuffer(string: "abcdefg"))
    }

    private static func showsNothingOfAFailedBody(_ store: some BlobStore) async throws {
        let key = try key("cd/failed")
        let failing = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(string: "half"))
            continuation.finish(throwing: SourceFailure())
        }
        let error = await #expect(throws: BlobStoreError.self) { try await store.put(key, failing) }

        #expect(error?.code == .bodyFailed)
        #expect(try await store.size(key) == nil)
        #expect(try await !store.list(prefix: "").contains { $0.key == key })
        try await store.put(key, body(["whole"]))
        #expect(try await store.size(key) == 5)
    }

    private static func listsAndDeletes(_ store: some BlobStore) async throws {
        try await store.put(key("ab/two"), body(["2"]))

        #expect(try await store.list(prefix: "").map(\.key.text) == ["ab/one.pack", "ab/two", "cd/failed", "empty"])
        #expect(
            try await store.list(prefix: "ab/") == [
                BlobEntry(key: key("ab/one.pack"), size: 7), BlobEntry(key: key("ab/two"), size: 1),
            ]
        )
        #expect(try await store.list(prefix: "x").isEmpty)
        try await store.delete(key("ab/two"))
        try await store.delete(key("ab/two"))
        #expect(try await store.size(key("ab/two")) == nil)
        #expect(try await store.list(prefix: "ab/").count == 1)
    }

    private static func key(_ text: String) throws -> BlobKey {
        try #require(BlobKey(text))
    }

    private static func body(_ parts: [String]) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            for part in parts { continuation.yield(ByteBuffer(string: part)) }
            continuation.finish()
        }
    }
}
