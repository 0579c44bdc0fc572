import Synchronization

/// The keys that tasks of this process are writing: of two writers of one key, the second is refused.
public final class KeysInWork: Sendable {
    private let keys = Mutex<Set<BlobKey>>([])

    /// None at first.
    public init() {}

    /// Runs `body` while no other task of this process writes the key.
    ///
    /// - Throws: `.exists` at once when another one does; what `body` throws.
    public func run(
        _ key: BlobKey,
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(BlobStoreError) -> Void
    ) async throws(BlobStoreError) {
        guard keys.withLock({ $0.insert(key).inserted }) else {
            throw BlobStoreError(.exists, "the key is being written by another task")
        }
        defer { _ = keys.withLock { $0.remove(key) } }
        try await body()
    }
}
