import NIOCore
public import Platform

/// One thing that a store was asked to do in a test of itself.
public struct BlobStoreTrial: Sendable, Hashable {
    /// What was asked for, in plain words.
    public let name: String
    /// Why it failed; `nil` when it was done as it should be.
    public let failure: String?

    /// Makes the result of a trial.
    public init(name: String, failure: String?) {
        self.name = name
        self.failure = failure
    }
}

extension BlobStore {
    /// Tries what the archive needs of a store, with a small blob under a random key that is removed afterwards.
    ///
    /// In a store that freezes at once, reading is left out. Stops at the first trial that makes the next ones senseless.
    ///
    /// - Returns: The trials that were made, in their order.
    public func selfTest(random: any RandomSource) async -> [BlobStoreTrial] {
        let prefix = "self-test-" + RandomID(random: random).hex
        let source = BlobSource(ByteBuffer(bytes: random.bytes(1_000)))
        guard let key = BlobKey(prefix + "/blob") else { return [] }
        var run = BlobStoreSelfTest()
        await run.trial("store a blob") { () throws(BlobStoreError) in try await put(key, source) }
        guard run.isPassed else { return run.trials }
        var isReadable = false
        await run.trial("tell its size and whether it can be read") { () throws(BlobStoreError) in
            let status = try await status(key)
            guard let status, status.size == source.length else {
                throw BlobStoreError(.corrupt, "it tells another size")
            }
            isReadable = status.availability.isReadable
        }
        if isReadable {
            await run.trial("read a range of it") { () throws(BlobStoreError) in
                let (part, expected) = (try await get(key, range: 100..<900), try await source.read(100..<900))
                guard part == expected else { throw BlobStoreError(.corrupt, "it returns other bytes") }
            }
        }
        await run.trial("refuse to replace it") { () throws(BlobStoreError) in
            do throws(BlobStoreError) {
                try await put(key, source)
            } catch {
                if error.code == .exists { return }
                throw error
            }
            throw BlobStoreError(.refused, "it replaces blobs")
        }
        await run.trial("list it") { () throws(BlobStoreError) in
            let found = try await list(prefix: prefix, after: nil, limit: 10)
            guard found == [BlobEntry(key: key, size: source.length)] else {
                throw BlobStoreError(.refused, "its list does not show the blob")
            }
        }
        await run.trial("remove it") { () throws(BlobStoreError) in
            try await delete(key)
            guard try await status(key) == nil else { throw BlobStoreError(.refused, "the blob is still there") }
        }
        return run.trials
    }
}

/// The trials of one test.
private struct BlobStoreSelfTest {
    var trials: [BlobStoreTrial] = []

    var isPassed: Bool { trials.allSatisfy { $0.failure == nil } }

    mutating func trial(_ name: String, _ body: () async throws(BlobStoreError) -> Void) async {
        do throws(BlobStoreError) {
            try await body()
            trials.append(BlobStoreTrial(name: name, failure: nil))
        } catch {
            trials.append(BlobStoreTrial(name: name, failure: error.code.word + ": " + error.description))
        }
    }
}
