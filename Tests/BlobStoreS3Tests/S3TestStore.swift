import BlobStoreHTTP
import BlobStoreS3
import Logging
import NIOCore
import NIOHTTP1
import PackStorage
import Platform
import StoreTestKit
import Testing

/// Stores over buckets of servers that tests run.
enum S3TestStore {
    static let quickTimeouts = StoreTimeouts(
        connect: .seconds(5),
        idle: .seconds(20),
        request: .seconds(30),
        minimumBytesPerSecond: 1_024 * 1_024
    )

    static func configuration(_ address: String, prefix: String = "cassette/") throws -> S3Configuration {
        let endpoint = try #require(StoreEndpoint(address))
        var configuration = S3Configuration(endpoint: endpoint, bucket: RealServer.bucket)
        configuration.prefix = prefix
        configuration.timeouts = quickTimeouts
        return configuration
    }

    static func make(
        _ configuration: S3Configuration,
        secret: String = RealServer.password,
        clock: any WallClock = SystemWallClock()
    ) -> S3BlobStore {
        S3BlobStore(
            configuration: configuration,
            credentials: FixedS3Credentials(
                S3Credentials(accessKeyID: RealServer.user, secretAccessKey: secret)
            ),
            clock: clock,
            random: SystemRandomSource(),
            logger: Logger(label: "test")
        )
    }

    /// Runs a test with a store over a new bucket of a real server.
    static func with(
        _ kind: RealServer.Kind,
        _ change: (inout S3Configuration) -> Void = { _ in },
        _ body: (S3BlobStore, S3Configuration) async throws -> Void
    ) async throws {
        try await RealServer.with(kind) { server in
            if kind == .moto { try await makeBucket(server.address) }
            var configuration = try configuration(server.address)
            change(&configuration)
            let store = make(configuration)
            do {
                try await body(store, configuration)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
    }

    /// moto lets anybody do anything.
    static func makeBucket(_ address: String) async throws {
        let client = StoreClient(logger: Logger(label: "test"))
        let response = try await client.send(
            StoreRequest(.PUT, address + "/" + RealServer.bucket),
            answerLimit: 64 * 1_024
        )
        await client.close()
        #expect(response.status == 200)
    }

    static func key(_ text: String) throws -> BlobKey { try #require(BlobKey(text)) }

    static func source(_ text: String) -> BlobSource { BlobSource(ByteBuffer(string: text)) }
}
