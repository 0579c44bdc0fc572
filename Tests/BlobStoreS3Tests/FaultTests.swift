import BlobStoreHTTP
import BlobStoreS3
import NIOCore
import PackStorage
import Platform
import StoreTestKit
import Testing

/// Every fault hits every request of every operation once, on the way to real servers.
@Suite(.serialized) struct `The S3 store behind faults` {
    private static let kinds: [RealServer.Kind] = [.rcloneS3, .moto]
    private static let slow: Set<StoreFault> = [.halfOpen, .trickle]
    private static let bytes = ByteBuffer(bytes: (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 6) })

    /// What a test has at hand.
    private struct Bench {
        let proxy: FaultProxy
        /// Not through the proxy.
        let direct: S3BlobStore
        let configuration: S3Configuration
        let fault: StoreFault

        /// A store as a start of the program makes it, through the proxy, with retries that do not wait.
        func with<Result>(_ body: (RetryingBlobStore) async throws -> Result) async throws -> Result {
            let store = S3TestStore.make(configuration)
            let retrying = RetryingBlobStore(
                store,
                policy: RetryPolicy(attemptLimit: 4),
                clock: SteppingClock(),
                random: SystemRandomSource()
            )
            do {
                let result = try await body(retrying)
                await store.close()
                return result
            } catch {
                await store.close()
                throw error
            }
        }

        /// Runs an operation again and again, the fault at its n-th request, until it makes no n-th request.
        ///
        /// - Parameter body: Takes n.
        func atEachRequest(_ body: (RetryingBlobStore, Int) async throws -> Void) async throws {
            for index in 0..<100 {
                let base = proxy.requests.count
                let faultCount = proxy.faultCount
                let fault = fault
                proxy.plan { $0.index == base + index ? fault : nil }
                try await with { try await body($0, index) }
                proxy.heal()
                if proxy.faultCount == faultCount { return }
            }
            Issue.record("the operation does not end")
        }
    }

    /// Whether the error is one of a store that answers wrongly, not one that says that a blob is not there.
    private static func isClear(_ error: BlobStoreError) -> Bool {
        [.exists, .denied, .unavailable, .refused, .corrupt].contains(error.code) && !error.description.isEmpty
    }

    /// Runs a test for each fault, on one server, each below a prefix of its own.
    private func withEachFault(_ kind: RealServer.Kind, _ body: (Bench) async throws -> Void) async throws {
        try await RealServer.with(kind) { server in
            let proxy = try await FaultProxy(target: server.address)
            if kind == .moto { try await S3TestStore.makeBucket(server.address) }
            for fault in StoreFault.allCases {
                var configuration = try S3TestStore.configuration(server.address, prefix: "\(fault)/")
                let direct = S3TestStore.make(configuration)
                configuration.endpoint = StoreEndpoint(proxy.address)
                if Self.slow.contains(fault) {
                    configuration.timeouts = StoreTimeouts(
                        connect: .seconds(5),
                        idle: .milliseconds(700),
                        request: .milliseconds(900),
                        minimumBytesPerSecond: 1 << 40
                    )
                    configuration.capabilities = S3Capabilities(
                        refusesToReplace: kind == .moto,
                        verifiesDigests: false
                    )
                }
                do {
                    try await body(Bench(proxy: proxy, direct: direct, configuration: configuration, fault: fault))
                } catch {
                    Issue.record(error, "\(fault)")
                }
                await direct.close()
            }
            await proxy.stop()
        }
    }

    @Test(arguments: kinds)
    func `a put that succeeds has stored the bytes, and one that fails no others`(kind: RealServer.Kind) async throws {
        try await withEachFault(kind) { bench in
            let fault = bench.fault
            try await bench.atEachRequest { store, index in
                let key = try S3TestStore.key("ab/p\(index).pack")
                var isStored = true
                do throws(BlobStoreError) {
                    try await store.put(key, BlobSource(Self.bytes))
                } catch {
                    isStored = false
                    #expect(Self.isClear(error), "\(fault): \(error.code): \(error)")
                }

                let status = try await bench.direct.status(key)
                #expect(!isStored || status != nil, "\(fault) of request \(index): false success")
                guard status != nil else {
                    // Nothing is lost: it can be stored now.
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

    @Test(arguments: kinds)
    func `what is read is what was stored, or an error`(kind: RealServer.Kind) async throws {
        try await withEachFault(kind) { bench in
            let fault = bench.fault
            let key = try S3TestStore.key("ab/one.pack")
            try await bench.direct.put(key, BlobSource(Self.bytes))
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    let part = try await store.get(key, range: 3_000..<5_000)
                    // A range has no checksum of its own: what is sealed is proved by its seal.
                    if fault != .wrongBody {
                        #expect(part == Self.bytes.getSlice(at: 3_000, length: 2_000), "\(fault) of request \(index)")
                    }
                } catch {
                    #expect(Self.isClear(error), "\(fault): \(error.code): \(error)")
                }
            }
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    #expect(try await store.status(key)?.size == 10_000, "\(fault) of request \(index)")
                } catch {
                    #expect(Self.isClear(error), "\(fault): \(error.code): \(error)")
                }
            }
        }
    }

    @Test(arguments: kinds)
    func `a list shows what is there, or is an error, but for stale ones`(kind: RealServer.Kind) async throws {
        try await withEachFault(kind) { bench in
            let fault = bench.fault
            let keys = try (0..<3).map { try S3TestStore.key("ab/\($0).pack") }
            for key in keys { try await bench.direct.put(key, BlobSource(Self.bytes)) }
            try await bench.atEachRequest { store, index in
                do throws(BlobStoreError) {
                    let found = try await store.list(prefix: "ab/", after: nil, limit: 2).map(\.key)
                    switch fault {
                    case .emptyList: #expect(found == [] || found == Array(keys.prefix(2)))
                    // Without TLS nobody can tell a changed name from a true one.
                    case .wrongBody: break
                    default: #expect(found == Array(keys.prefix(2)), "\(fault) of request \(index)")
                    }
                } catch {
                    #expect(Self.isClear(error), "\(fault): \(error.code): \(error)")
                }
            }
        }
    }

    @Test(arguments: kinds)
    func `a blob that is said to be removed is gone`(kind: RealServer.Kind) async throws {
        try await withEachFault(kind) { bench in
            let fault = bench.fault
            try await bench.atEachRequest { store, index in
                let key = try S3TestStore.key("ab/d\(index).pack")
                try await bench.direct.put(key, BlobSource(Self.bytes))
                do throws(BlobStoreError) {
                    try await store.delete(key)
                    #expect(try await bench.direct.status(key) == nil, "\(fault) of request \(index)")
                } catch {
                    #expect(Self.isClear(error), "\(fault): \(error.code): \(error)")
                }
            }
        }
    }

    @Test func `a fault that does not go away is an error within the limits, never a false success`() async throws {
        // One that changes the same byte of every body, out and back, cannot be seen without TLS.
        try await withEachFault(.rcloneS3) { bench in
            let fault = bench.fault
            guard fault != .wrongBody else { return }
            let key = try S3TestStore.key("ab/one.pack")
            bench.proxy.plan { _ in fault }
            defer { bench.proxy.heal() }
            var isStored = true
            do {
                try await bench.with { try await $0.put(key, BlobSource(Self.bytes)) }
            } catch {
                isStored = false
                #expect(error is BlobStoreError)
            }
            guard isStored else { return }
            #expect(try await bench.direct.get(key, range: 0..<20_000) == Self.bytes, "\(fault)")
        }
    }
}
