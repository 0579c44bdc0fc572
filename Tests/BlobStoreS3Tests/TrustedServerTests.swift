import BlobStoreHTTP
import BlobStoreS3
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import Testing

/// As with AWS, whose word is taken: the server keeps and tells the checksums that it was sent.
@Suite(.serialized) struct `The S3 store on a server that verifies digests` {
    private static let trusted: @Sendable (inout S3Configuration) -> Void = {
        $0.capabilities = S3Capabilities(refusesToReplace: true, verifiesDigests: true)
        $0.partsAbove = 6 * 1_024 * 1_024
        $0.partLength = 5 * 1_024 * 1_024
    }

    @Test func `keeps the contract`() async throws {
        try await S3TestStore.with(.moto, Self.trusted) { store, _ in
            try await BlobStoreContract(store).run()
        }
    }

    @Test func `a blob is stored with one request, and its digest is told`() async throws {
        try await S3TestStore.with(.moto, Self.trusted) { _, configuration in
            let proxy = try await FaultProxy(target: "http://" + (try #require(configuration.endpoint?.authority)))
            var configuration = configuration
            configuration.endpoint = StoreEndpoint(proxy.address)
            let store = S3TestStore.make(configuration)
            let (key, source) = (try S3TestStore.key("ab/one.pack"), S3TestStore.source("one"))

            try await store.put(key, source)
            let count = proxy.requests.count
            let status = try await store.status(key)
            await store.close()
            await proxy.stop()

            #expect(count == 1)
            #expect(status == BlobStatus(size: 3, sha256: source.sha256))
        }
    }

    @Test func `a blob of parts has the digest of the whole`() async throws {
        try await S3TestStore.with(.moto, Self.trusted) { store, _ in
            let key = try S3TestStore.key("ab/long.pack")
            let source = BlobSource(ByteBuffer(bytes: (0..<11_000_000).map { UInt8(truncatingIfNeeded: $0 >> 7) }))

            try await store.put(key, source)

            let status = try await store.status(key)
            #expect(status?.size == 11_000_000)
            // A server that makes no checksum of checksums tells none.
            #expect(status?.sha256 == nil || status?.sha256 == source.sha256)
            #expect(try await BlobSource(key, in: store, length: source.length, sha256: source.sha256).isWhole())
        }
    }
}
