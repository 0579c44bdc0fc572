import BlobStoreHTTP
import BlobStoreS3
import Logging
import NIOCore
import NIOHTTP1
import PackStorage
import Platform
import StoreTestKit
import Synchronization
import Testing

@Suite(.serialized) struct `Requests of the S3 store` {
    private struct WrongClock: WallClock {
        let offset: Duration

        func now() -> Timestamp { SystemWallClock().now().advanced(by: offset) }
    }

    /// Credentials that expire once.
    private final class Renewed: S3CredentialsSource {
        let renewals = Mutex(0)

        func credentials(isRenewal: Bool) async throws(BlobStoreError) -> S3Credentials {
            let count = renewals.withLock { count in
                if isRenewal { count += 1 }
                return count
            }
            return S3Credentials(accessKeyID: "id", secretAccessKey: "secret", sessionToken: "token-\(count)")
        }
    }

    @Test(arguments: [Duration.seconds(-7_200), .seconds(7_200)])
    func `a clock that is wrong by hours is corrected by the one of the server`(offset: Duration) async throws {
        try await S3TestStore.with(.rcloneS3) { _, configuration in
            let store = S3TestStore.make(configuration, clock: WrongClock(offset: offset))
            let key = try S3TestStore.key("ab/one.pack")
            do {
                try await store.put(key, S3TestStore.source("one"))
                #expect(try await store.get(key, range: 0..<3) == ByteBuffer(string: "one"))
            } catch {
                Issue.record(error)
            }
            await store.close()
        }
    }

    @Test func `credentials that have expired are asked for again`() async throws {
        try await S3TestStore.with(.moto) { _, configuration in
            let proxy = try await FaultProxy(target: "http://" + (try #require(configuration.endpoint?.authority)))
            var configuration = configuration
            configuration.endpoint = StoreEndpoint(proxy.address)
            let credentials = Renewed()
            let store = S3BlobStore(
                configuration: configuration,
                credentials: credentials,
                clock: SystemWallClock(),
                random: SystemRandomSource(),
                logger: Logger(label: "test")
            )
            proxy.plan { $0.index == 0 ? .expired : nil }
            let key = try S3TestStore.key("ab/one.pack")

            let status = try await store.status(key)
            await store.close()
            await proxy.stop()

            #expect(status == nil)
            #expect(credentials.renewals.withLock { $0 } == 1)
            #expect(proxy.requests.first?.headers.first(name: "x-amz-security-token") == "token-0")
            #expect(proxy.requests.dropFirst().first?.headers.first(name: "x-amz-security-token") == "token-1")
        }
    }

    @Test func `the bucket is the first component of the path, or of the host`() async throws {
        let proxy = try await FaultProxy(target: "http://127.0.0.1:9")
        proxy.plan { _ in .preconditionFailed }
        let port = proxy.address.split(separator: ":").last ?? ""
        for usesPathStyle in [true, false] {
            // Names below localhost lead to this machine; so does localhost itself.
            var configuration = S3Configuration(endpoint: StoreEndpoint("http://localhost:\(port)"), bucket: "packs")
            configuration.usesPathStyle = usesPathStyle
            configuration.prefix = "a b/"
            configuration.timeouts = S3TestStore.quickTimeouts
            let store = S3TestStore.make(configuration)
            _ = await #expect(throws: BlobStoreError.self) { try await store.delete(try S3TestStore.key("c")) }
            await store.close()
        }
        await proxy.stop()

        let path = proxy.requests.first
        #expect(path?.uri == "/packs/a%20b/c")
        #expect(path?.headers.first(name: "host") == "localhost:\(port)")
        // Where the resolver knows no names below localhost, the request does not come this far.
        guard let host = proxy.requests.dropFirst().first else { return }
        #expect(host.uri == "/a%20b/c")
        #expect(host.headers.first(name: "host") == "packs.localhost:\(port)")
    }

    @Test func `what the settings ask for is in the headers, and one frame costs one ranged request`() async throws {
        try await S3TestStore.with(.moto) { _, configuration in
            let proxy = try await FaultProxy(target: "http://" + (try #require(configuration.endpoint?.authority)))
            var configuration = configuration
            configuration.endpoint = StoreEndpoint(proxy.address)
            configuration.storageClass = "STANDARD_IA"
            configuration.encryption = .kms(keyID: "key-1")
            configuration.capabilities = S3Capabilities(refusesToReplace: true, verifiesDigests: false)
            let store = S3TestStore.make(configuration)
            let key = try S3TestStore.key("ab/one.pack")
            try await store.put(key, S3TestStore.source("Welcome to Amazon S3."))
            let before = proxy.requests.count
            _ = try await store.get(key, range: 3..<7)
            await store.close()
            await proxy.stop()

            let put = try #require(proxy.requests.first { $0.method == .PUT })
            #expect(put.headers.first(name: "x-amz-storage-class") == "STANDARD_IA")
            #expect(put.headers.first(name: "x-amz-server-side-encryption") == "aws:kms")
            #expect(put.headers.first(name: "x-amz-server-side-encryption-aws-kms-key-id") == "key-1")
            #expect(put.headers.first(name: "if-none-match") == "*")
            #expect(put.headers.first(name: "content-length") == "21")
            // The digest of this text is in AWS's example of a signed PUT.
            let digest = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
            #expect(put.headers.first(name: "x-amz-content-sha256") == digest)
            #expect(put.headers.first(name: "x-amz-checksum-sha256") == Base64.encode(Hex.decode(digest) ?? []))
            let read = proxy.requests.dropFirst(before)
            #expect(read.map(\.method) == [.GET])
            #expect(read.first?.headers.first(name: "range") == "bytes=3-6")
        }
    }

    @Test func `an upload in parts that fails is aborted`() async throws {
        try await S3TestStore.with(.moto) { direct, configuration in
            let proxy = try await FaultProxy(target: "http://" + (try #require(configuration.endpoint?.authority)))
            var configuration = configuration
            configuration.endpoint = StoreEndpoint(proxy.address)
            configuration.capabilities = S3Capabilities(refusesToReplace: true, verifiesDigests: false)
            configuration.partsAbove = 1
            configuration.partLength = 5 * 1_024 * 1_024
            let store = S3TestStore.make(configuration)
            proxy.plan { $0.head.uri.contains("partNumber=2") ? .internalError : nil }
            let key = try S3TestStore.key("ab/long.pack")
            let source = BlobSource(ByteBuffer(repeating: 7, count: 6_000_000))

            let error = await #expect(throws: BlobStoreError.self) { try await store.put(key, source) }
            await store.close()
            await proxy.stop()

            #expect(error?.code == .unavailable)
            // The second part was tried three times, then the upload was ended.
            #expect(proxy.requests.count { $0.uri.contains("partNumber=2") } == 3)
            let last = try #require(proxy.requests.last)
            #expect(last.method == .DELETE && last.uri.contains("uploadId="))
            #expect(try await direct.status(key) == nil)
        }
    }
}
