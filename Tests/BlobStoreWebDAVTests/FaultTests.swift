import BlobStoreHTTP
import BlobStoreWebDAV
import Logging
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import Testing

/// Every fault hits every request of every operation once, on the way to a real server.
@Suite(.serialized) struct `The WebDAV store behind faults` {
    private static let bytes = ByteBuffer(bytes: (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 6) })
    private static let slow: Set<StoreFault> = [.halfOpen, .trickle]

    /// What a test has at hand.
    private struct Bench {
        let proxy: FaultProxy
        let direct: WebDAVBlobStore
        let store: WebDAVBlobStore
        let fault: StoreFault

        func atEachRequest(_ body: (RetryingBlobStore, Int) async throws -> Void) async throws {
            for index in 0..<100 {
                let base = proxy.requests.count
                let faultCount = proxy.faultCount
                let fault = fault
                proxy.plan { $0.index == base + index ? fault : nil }
                let retrying = RetryingBlobStore(
                    store,
                    policy: RetryPolicy(attemptLimit: 4),
                    clock: SteppingClock(),
                    random: SystemRandomSource()
                )
                try await body(retrying, index)
                proxy.heal()
                if proxy.faultCount == faultCount { return }
            }
            Issue.record("the operation does not end")
        }
    }

    private static func store(_ address: String, _ fault: StoreFault, isSlow: Bool) throws -> WebDAVBlobStore {
        let folder = try #require(StoreEndpoint(address + "/\(fault)/"))
        var configuration = WebDAVConfiguration(folder: folder)
        configuration.credentials = .basic(user: RealServer.user, password: RealServer.password)
        if isSlow {
            configuration.timeouts = StoreTimeouts(
                connect: .seconds(5),
                idle: .milliseconds(700),
                request: .milliseconds(900),
                minimumBytesPerSecond: 1 << 40
            )
        }
        return WebDAVBlobStore(
            configuration: configuration,
            random: SystemRandomSource(),
            logger: Logger(label: "test")
        )
    }

    private func withEachFault(_ body: (Bench) async throws -> Void) async throws {
        try await RealServer.with(.rcloneWebDAV) { server in
            let proxy = try await FaultProxy(target: server.address)
            for fault in StoreFault.allCases {
                let direct = try Self.store(server.address, fault, isSlow: false)
                let store = try Self.store(proxy.address, fault, isSlow: Self.slow.contains(fault))
                do {
                    try await body(Bench(proxy: proxy, direct: direct, store: store, fault: fault))
                } catch {
                    Issue.record(error, "\(fault)")
                }
                await store.close()
                await direct.close()
            }
            await proxy.stop()
        }
    }

    private static func isClear(_ error: BlobStoreError) -> Bool {
        [.exists, .denied, .unavailable, .refused, .corrupt].contains(error.code) && !error.description.isEmpty
    }

    private static func key(_ text: String) throws -> BlobKey { try #require(BlobKey(text)) }

    @Test func `a put that succeeds has stored the bytes, and one that fails no others`() async throws {
        try await withEachFault { bench in
            let fault = bench.fault
            try await bench.atEachRequest { store, index in
                let key = try Self.key("a\(index)/p.pack")
                var isStored = true
                do throws(BlobStoreError) {
                    try await store.put(key, BlobSource(Self.bytes))
                } catch {
                    isStored = false
                    #expect(Self.isClear(error), "\(fault) of request \(index): \(error.code): \(error)")
                }

                let status = try await bench.direct.status(key)
                #expect(!isStored || status != nil, "\(fault) of request \(index): false success")
                guard status != nil else {
                    bench.proxy.heal()
                    try await bench.direct.put(key, BlobSource(Self.bytes))
                    return
                }
                #expect(
                    try await bench.direct.get(key, range: 0..<20_000) == Self.bytes,
                    "\(fault) of request \(index)"
                )
            }
        }
    }

    @Test func `what is read and told is what was stored, or an error`() async throws {
        try await withEachFault { bench in
            let fault = bench.fault
            let key = try Self.key("ab/one.pack")
            try await bench.direct.put(key, BlobSource(Self.bytes))
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    let part = try await store.get(key, range: 3_000..<5_000)
                    // A range has no checksum: what is sealed is proved by its seal.
                    if fault != .wrongBody {
                        #expect(part == Self.bytes.getSlice(at: 3_000, length: 2_000), "\(fault) of request \(index)")
                    }
                } catch {
                    #expect(Self.isClear(error), "\(fault) of request \(index): \(error.code): \(error)")
                }
            }
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    let status = try await store.status(key)
                    switch fault {
                    // Without TLS nobody can tell a changed number from a true one.
                    case .wrongBody: break
                    default: #expect(status?.size == 10_000, "\(fault) of request \(index)")
                    }
                } catch {
                    #expect(Self.isClear(error), "\(fault) of request \(index): \(error.code): \(error)")
                }
            }
        }
    }

    @Test func `a list shows what is there, or is an error, and a blob that is said to be removed is gone`()
        async throws
    {
        try await withEachFault { bench in
            let fault = bench.fault
            let keys = try (0..<3).map { try Self.key("ab/\($0).pack") }
            for key in keys { try await bench.direct.put(key, BlobSource(Self.bytes)) }
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    let found = try await store.list(prefix: "ab/", after: nil, limit: 2).map(\.key)
                    switch fault {
                    case .emptyList: #expect(found == [] || found == Array(keys.prefix(2)))
                    case .wrongBody: break
                    default: #expect(found == Array(keys.prefix(2)), "\(fault) of request \(index)")
                    }
                } catch {
                    #expect(Self.isClear(error), "\(fault) of request \(index): \(error.code): \(error)")
                }
            }
            try await bench.atEachRequest { store, index in
                let key = try Self.key("d\(index)/d.pack")
                try await bench.direct.put(key, BlobSource(Self.bytes))
                do throws(BlobStoreError) {
                    try await store.delete(key)
                    guard fault != .wrongBody else { return }
                    #expect(try await bench.direct.status(key) == nil, "\(fault) of request \(index)")
                } catch {
                    #expect(Self.isClear(error), "\(fault) of request \(index): \(error.code): \(error)")
                }
            }
        }
    }
}
