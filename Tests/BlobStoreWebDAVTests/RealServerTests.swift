import BlobStoreHTTP
import BlobStoreWebDAV
import Foundation
import Logging
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import Testing

/// Against a server that another project wrote.
@Suite(.serialized) struct `The WebDAV store on a real server` {
    private func with(
        password: String = RealServer.password,
        path: String = "/archive/",
        _ body: (WebDAVBlobStore, RealServer) async throws -> Void
    ) async throws {
        try await RealServer.with(.rcloneWebDAV) { server in
            let folder = try #require(StoreEndpoint(server.address + path))
            var configuration = WebDAVConfiguration(folder: folder)
            configuration.credentials = .basic(user: RealServer.user, password: password)
            let store = WebDAVBlobStore(
                configuration: configuration,
                random: SystemRandomSource(),
                logger: Logger(label: "test")
            )
            do {
                try await body(store, server)
            } catch {
                await store.close()
                throw error
            }
            await store.close()
        }
    }

    @Test func `keeps the contract in a folder that it makes`() async throws {
        try await with { store, _ in
            try await BlobStoreContract(store).run()
        }
    }

    @Test func `tests itself`() async throws {
        try await with { store, _ in
            let trials = await store.selfTest(random: SystemRandomSource())

            #expect(trials.count == 6)
            #expect(trials.compactMap(\.failure) == [])
        }
    }

    @Test func `leaves no unfinished file, and removes those of a process that was killed`() async throws {
        try await with { store, server in
            let key = try #require(BlobKey("ab/one.pack"))
            let wrong = BlobSource(length: 4, sha256: BlobDigest.of(ByteBuffer())) { _ throws(BlobStoreError) in
                ByteBuffer(string: "evil")
            }
            _ = await #expect(throws: BlobStoreError.self) { try await store.put(key, wrong) }
            try await store.put(key, BlobSource(ByteBuffer(string: "good")))
            let incoming = server.folder + "/" + RealServer.bucket + "/archive/.incoming"
            #expect(try FileManager.default.contentsOfDirectory(atPath: incoming) == [])

            try Data("half".utf8).write(to: URL(fileURLWithPath: incoming + "/left-over"))
            try await store.removeUnfinished()

            #expect(try await store.listAll().map(\.key) == [key])
            _ = await #expect(throws: (any Error).self) {
                try await store.put(try #require(BlobKey("ab/one.pack/below")), BlobSource(ByteBuffer(string: "x")))
            }
        }
    }

    @Test func `a folder is not removed as a blob`() async throws {
        try await with { store, _ in
            let key = try #require(BlobKey("ab/one.pack"))
            try await store.put(key, BlobSource(ByteBuffer(string: "good")))

            try await store.delete(try #require(BlobKey("ab")))

            #expect(try await store.status(key)?.size == 4)
        }
    }

    @Test func `a wrong password is told, and not shown`() async throws {
        try await with(password: "guessed-by-somebody") { store, _ in
            let key = try #require(BlobKey("ab/one.pack"))
            let error = await #expect(throws: BlobStoreError.self) { try await store.status(key) }

            #expect(error?.code == .denied)
            #expect(error?.description.contains("guessed") == false)
        }
    }
}
