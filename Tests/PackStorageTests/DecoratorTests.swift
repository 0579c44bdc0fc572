import NIOCore
import PackStorage
import Platform
import StoreTestKit
import TestKit
import Testing

@Suite struct `Trying again` {
    private let inner = MemoryBlobStore()
    private let clock = SteppingClock()
    private let source = BlobSource(ByteBuffer(string: "bytes"))

    private func store(_ policy: RetryPolicy = RetryPolicy()) -> RetryingBlobStore {
        RetryingBlobStore(inner, policy: policy, clock: clock, random: SeededRandomSource(seed: 1))
    }

    private func key() throws -> BlobKey { try #require(BlobKey("ab/c")) }

    @Test func `keeps the contract`() async throws {
        try await BlobStoreContract(store()).run()
    }

    @Test func `what is unavailable for a while is there afterwards`() async throws {
        inner.setFaults([.fails(.unavailable), .fails(.unavailable)])

        try await store().put(key(), source)

        #expect(try inner.content(key()) == ByteBuffer(string: "bytes"))
        #expect(clock.naps.count == 2)
    }

    @Test(arguments: [
        BlobStoreError.Code.notFound, .exists, .rangeTooLong, .bodyFailed, .frozen, .denied, .refused, .cancelled,
        .disk(.noSpace),
    ])
    func `what does not pass by waiting is told at once`(code: BlobStoreError.Code) async throws {
        inner.setFaults([.fails(code)])

        let error = await #expect(throws: BlobStoreError.self) { try await store().get(key(), range: 0..<1) }

        #expect(error?.code == code)
        #expect(inner.calls == [.get])
        #expect(clock.naps == [])
    }

    @Test func `a success whose answer was lost is a success`() async throws {
        inner.setFaults([.failsAfterwards(.unavailable)])

        try await store().put(key(), source)

        #expect(inner.calls == [.put, .put, .status, .get])
    }

    @Test func `other bytes under the key are not taken for ours`() async throws {
        inner.setFaults([.fails(.unavailable)])
        try inner.setContent(key(), ByteBuffer(string: "other"))

        let error = await #expect(throws: BlobStoreError.self) { try await store().put(key(), source) }

        #expect(error?.code == .exists)
        #expect(try inner.content(key()) == ByteBuffer(string: "other"))
    }

    @Test func `a key that was taken before the first attempt is taken, even by the same bytes`() async throws {
        try inner.setContent(key(), ByteBuffer(string: "bytes"))

        let error = await #expect(throws: BlobStoreError.self) { try await store().put(key(), source) }

        #expect(error?.code == .exists)
    }

    @Test func `attempts end with their number`() async throws {
        inner.setFaults(Array(repeating: .fails(.unavailable), count: 9))

        let error = await #expect(throws: BlobStoreError.self) {
            try await store(RetryPolicy(attemptLimit: 3)).status(key())
        }

        #expect(error?.code == .unavailable)
        #expect(inner.calls.count == 3)
    }

    @Test func `the wait doubles up to its limit, by chance at most by half less`() {
        let policy = RetryPolicy(attemptLimit: 100, firstDelay: .seconds(1), longestDelay: .seconds(8))
        let error = BlobStoreError(.unavailable, "")
        let longest = (1...6).map { policy.delay(after: error, attempt: $0, elapsed: .zero, jitter: 1) }
        let shortest = (1...6).map { policy.delay(after: error, attempt: $0, elapsed: .zero, jitter: 0) }

        #expect(longest == [1, 2, 4, 8, 8, 8].map { .seconds($0) })
        #expect(shortest == [500, 1_000, 2_000, 4_000, 4_000, 4_000].map { .milliseconds($0) })
    }

    @Test func `the store's own wish counts, but not beyond the deadline`() {
        let policy = RetryPolicy(deadline: .seconds(60))
        let patient = BlobStoreError(.unavailable, "", retryAfter: .seconds(60))
        let late = BlobStoreError(.unavailable, "", retryAfter: .seconds(61))

        #expect(policy.delay(after: patient, attempt: 1, elapsed: .zero, jitter: 0) == .seconds(60))
        #expect(policy.delay(after: late, attempt: 1, elapsed: .zero, jitter: 0) == nil)
        #expect(policy.delay(after: patient, attempt: 1, elapsed: .milliseconds(1), jitter: 0) == nil)
    }
}

@Suite struct `A circuit breaker` {
    private let wait = Duration.seconds(30)

    @Test func `opens after so many failures in a row, and tries one operation after a while`() {
        var breaker = CircuitBreaker(failureLimit: 2, openTime: wait)
        #expect(breaker.admit(now: .zero) == nil)
        breaker.record(.unavailable, now: .zero)
        breaker.record(.answered, now: .zero)
        breaker.record(.unavailable, now: .zero)
        #expect(breaker.isClosed)
        breaker.record(.unavailable, now: .zero)

        #expect(!breaker.isClosed)
        #expect(breaker.admit(now: .seconds(10)) == .seconds(20))
        #expect(breaker.admit(now: .seconds(30)) == nil)
        #expect(breaker.admit(now: .seconds(30)) == wait)
    }

    @Test(arguments: [
        (CircuitBreaker.Outcome.answered, nil), (.unavailable, Duration.seconds(30)), (.unknown, nil),
    ])
    func `what becomes of the trial decides`(outcome: CircuitBreaker.Outcome, wait: Duration?) {
        var breaker = CircuitBreaker(failureLimit: 1, openTime: .seconds(30))
        breaker.record(.unavailable, now: .zero)
        _ = breaker.admit(now: .seconds(30))

        breaker.record(outcome, now: .seconds(40))

        #expect(breaker.admit(now: .seconds(40)) == wait)
        #expect(breaker.isClosed == (outcome == .answered))
    }

    @Test func `the store is not asked while it is open`() async throws {
        let inner = MemoryBlobStore()
        let clock = SteppingClock()
        let store = CircuitBreakerBlobStore(inner, breaker: CircuitBreaker(failureLimit: 2), clock: clock)
        let key = try #require(BlobKey("ab/c"))
        inner.setFaults([.fails(.unavailable), .fails(.unavailable)])
        for _ in 0..<3 { _ = await #expect(throws: BlobStoreError.self) { try await store.status(key) } }
        #expect(inner.calls.count == 2)

        clock.advance(by: .seconds(30))

        #expect(try await store.status(key) == nil)
        #expect(store.isClosed)
    }

    @Test func `keeps the contract`() async throws {
        try await BlobStoreContract(CircuitBreakerBlobStore(MemoryBlobStore(), clock: SteppingClock())).run()
    }

    @Test func `a retrying store waits until it closes`() async throws {
        let inner = MemoryBlobStore()
        let clock = SteppingClock()
        let breaking = CircuitBreakerBlobStore(inner, breaker: CircuitBreaker(failureLimit: 1), clock: clock)
        let store = RetryingBlobStore(breaking, clock: clock, random: SeededRandomSource(seed: 1))
        inner.setFaults([.fails(.unavailable)])

        #expect(try await store.status(try #require(BlobKey("ab/c"))) == nil)

        #expect(inner.calls.count == 2)
        #expect(clock.now() >= .seconds(30))
    }
}

@Suite struct `A limit of bandwidth` {
    @Test func `lets a burst pass and then so many bytes a second`() {
        var bucket = TokenBucket(bytesPerSecond: 100, burst: 50, now: .zero)

        #expect(bucket.take(50, now: .zero) == .zero)
        #expect(bucket.take(100, now: .zero) == .seconds(1))
        #expect(bucket.take(100, now: .zero) == .seconds(2))
        #expect(bucket.take(100, now: .seconds(3)) == .milliseconds(500))
        #expect(bucket.take(50, now: .seconds(1_000)) == .zero)
        #expect(bucket.take(1, now: .seconds(1_000)) == .milliseconds(10))
    }

    @Test func `holds in each direction`() async throws {
        let clock = SteppingClock()
        let store = BandwidthLimitedBlobStore(
            MemoryBlobStore(),
            uploadBytesPerSecond: 1_000_000,
            downloadBytesPerSecond: 500_000,
            clock: clock
        )
        let key = try #require(BlobKey("ab/c"))

        try await store.put(key, BlobSource(ByteBuffer(repeating: 1, count: 5_000_000)))
        #expect(clock.now() >= .seconds(4) && clock.now() < .seconds(5))
        let middle = clock.now()
        for _ in 0..<5 { _ = try await store.get(key, range: 0..<500_000) }

        #expect(clock.now() - middle == .seconds(4))
    }

    @Test func `none is none, and the contract is kept`() async throws {
        let clock = SteppingClock()
        let store = BandwidthLimitedBlobStore(
            MemoryBlobStore(),
            uploadBytesPerSecond: nil,
            downloadBytesPerSecond: nil,
            clock: clock
        )

        try await BlobStoreContract(store).run()

        #expect(clock.naps == [])
    }
}

@Suite struct `A store with meters, and one that tests itself` {
    @Test func `keeps the contract`() async throws {
        try await BlobStoreContract(MeteredBlobStore(MemoryBlobStore(), name: "warm")).run()
    }

    @Test func `a store that works passes all trials and keeps nothing of them`() async throws {
        let store = MemoryBlobStore()

        let trials = await store.selfTest(random: SeededRandomSource(seed: 1))

        #expect(trials.count == 6)
        #expect(trials.compactMap(\.failure) == [])
        #expect(try await store.listAll() == [])
    }

    @Test func `a store that takes nothing fails in the first trial`() async {
        let store = MemoryBlobStore()
        store.setFaults([.fails(.denied)])

        let trials = await store.selfTest(random: SeededRandomSource(seed: 1))

        #expect(trials == [BlobStoreTrial(name: "store a blob", failure: "denied: a fault of the test")])
    }
}
