import BlobStoreS3
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import Testing

/// Against servers that other projects wrote.
@Suite(.serialized) struct `The S3 store on real servers` {
    private static let kinds: [RealServer.Kind] = [.rcloneS3, .moto]

    @Test(arguments: kinds)
    func `keeps the contract`(kind: RealServer.Kind) async throws {
        try await S3TestStore.with(kind) { store, _ in
            try await BlobStoreContract(store).run()
        }
    }

    @Test(arguments: kinds)
    func `stores long blobs in parts, and leaves nothing of those that fail`(kind: RealServer.Kind) async throws {
        let change: (inout S3Configuration) -> Void = {
            $0.partsAbove = 6 * 1_024 * 1_024
            $0.partLength = 5 * 1_024 * 1_024
        }
        try await S3TestStore.with(kind, change) { store, _ in
            let key = try S3TestStore.key("ab/long.pack")
            let bytes = ByteBuffer(bytes: (0..<11_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) })
            let whole = BlobSource(bytes)
            let lying = BlobSource(length: whole.length, sha256: BlobDigest.of(ByteBuffer())) {
                range throws(BlobStoreError) in
                try await whole.read(range)
            }
            let wrong = await #expect(throws: BlobStoreError.self) { try await store.put(key, lying) }
            #expect(wrong?.code == .corrupt)
            #expect(try await store.status(key) == nil)

            try await store.put(key, whole)

            #expect(try await store.status(key)?.size == 11_000_000)
            let end = try await store.get(key, range: 10_000_000..<12_000_000)
            #expect(end == bytes.getSlice(at: 10_000_000, length: 1_000_000))
            let twice = await #expect(throws: BlobStoreError.self) { try await store.put(key, whole) }
            #expect(twice?.code == .exists)
        }
    }

    @Test(arguments: kinds)
    func `the first part of a blob is read although the server tells the digest of the whole`(
        kind: RealServer.Kind
    ) async throws {
        try await S3TestStore.with(kind) { store, _ in
            let key = try S3TestStore.key("ab/two.pack")
            let bytes = ByteBuffer(bytes: (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 5 &+ $0 >> 8) })
            let source = BlobSource(bytes)
            try await store.put(key, source)

            let copy = BlobSource(key, in: store, length: source.length, sha256: source.sha256)

            #expect(try await store.get(key, range: 0..<1_000) == bytes.getSlice(at: 0, length: 1_000))
            // Piece by piece, as it goes into another store.
            #expect(try await copy.digest(of: 0..<source.length) == source.sha256)
            #expect(try await copy.isWhole())
        }
    }

    @Test func `a frozen blob is thawed before it is read`() async throws {
        let change: (inout S3Configuration) -> Void = { $0.storageClass = "GLACIER" }
        try await S3TestStore.with(.moto, change) { store, _ in
            let key = try S3TestStore.key("ab/cold.pack")
            try await store.put(key, S3TestStore.source("cold"))
            #expect(try await store.status(key)?.availability == .frozen)
            let frozen = await #expect(throws: BlobStoreError.self) { try await store.get(key, range: 0..<4) }
            #expect(frozen?.code == .frozen)

            try await store.thaw(key, days: 3)

            // moto thaws at once.
            let availability = try await store.status(key)?.availability
            guard case .thawed(let until?) = availability else {
                Issue.record("not thawed: \(String(describing: availability))")
                return
            }
            #expect(until > SystemWallClock().now().advanced(by: .seconds(86_400)))
            #expect(try await store.get(key, range: 0..<4) == ByteBuffer(string: "cold"))
            try await store.thaw(key, days: 5)
        }
    }

    @Test func `a server without conditional PUT and checksums is found out`() async throws {
        try await S3TestStore.with(.rcloneS3) { store, _ in
            let key = try S3TestStore.key("ab/one.pack")
            try await store.put(key, S3TestStore.source("one"))

            #expect(try await store.status(key) == BlobStatus(size: 3, sha256: nil))
            #expect(try await store.listAll().map(\.key) == [key])
        }
    }

    @Test func `wrong credentials are told, and not shown`() async throws {
        try await S3TestStore.with(.rcloneS3) { _, configuration in
            let store = S3TestStore.make(configuration, secret: "guessed-by-somebody")
            let key = try S3TestStore.key("ab/one.pack")
            let error = await #expect(throws: BlobStoreError.self) {
                try await store.put(key, S3TestStore.source("one"))
            }
            await store.close()

            #expect(error?.code == .denied)
            #expect(error?.description.contains("guessed") == false)
        }
    }

    @Test(arguments: kinds)
    func `a bucket that is not there is no missing blob`(kind: RealServer.Kind) async throws {
        let change: (inout S3Configuration) -> Void = { $0.bucket = "nowhere" }
        try await S3TestStore.with(kind, change) { store, _ in
            let key = try S3TestStore.key("ab/one.pack")
            let error = await #expect(throws: BlobStoreError.self) { try await store.status(key) }

            #expect(error?.code == .refused)
        }
    }

    @Test func `storage class and encryption are asked for`() async throws {
        let change: (inout S3Configuration) -> Void = {
            $0.storageClass = "STANDARD_IA"
            $0.encryption = .kms(keyID: nil)
        }
        try await S3TestStore.with(.moto, change) { store, _ in
            let key = try S3TestStore.key("ab/one.pack")
            try await store.put(key, S3TestStore.source("one"))

            #expect(try await store.status(key)?.availability == .online)
            #expect(try await store.get(key, range: 0..<3) == ByteBuffer(string: "one"))
        }
    }
}
