public import AccessControl
import NIOCore
import PackStorage
import Platform

/// Tries a store out: writes a small blob, reads it back and removes it.
public final class StoreCheckService: Sendable {
    private let policy: AccessPolicy
    private let stores: [NamedBlobStore]
    private let random: any RandomSource

    init(policy: AccessPolicy, stores: [NamedBlobStore], random: any RandomSource) {
        self.policy = policy
        self.stores = stores
        self.random = random
    }

    /// Tries the store of that name out.
    ///
    /// - Throws: `.denied`; `.notFound` for a name that is not configured. What the store does wrong is no error here.
    public func check(_ name: String, as principal: Principal) async throws(ArchiveError) -> StoreCheck {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not check stores")
        }
        guard let store = stores.first(where: { $0.name.text == name })?.store else {
            throw ArchiveError(.notFound, "No store of this name is configured: see `cassette store list`")
        }
        guard let key = BlobKey("checks/" + RandomID(random: random).hex) else {
            throw ArchiveError(.unavailable, "No key could be made for the check")
        }
        var check = StoreCheck()
        let bytes = ByteBuffer(bytes: random.bytes(4_096))
        do throws(BlobStoreError) {
            try await store.put(key, BlobSource(bytes))
            check.steps.append(.init(name: "write", failure: nil))
        } catch {
            check.steps.append(.init(name: "write", failure: error.description))
            return check
        }
        do throws(BlobStoreError) {
            let read = try await store.get(key, range: 0..<4_096)
            check.steps.append(.init(name: "read", failure: read == bytes ? nil : "other bytes came back"))
        } catch  where error.code == .frozen {
            check.steps.append(.init(name: "read", failure: nil))
        } catch {
            check.steps.append(.init(name: "read", failure: error.description))
        }
        do throws(BlobStoreError) {
            let page = try await store.list(prefix: "checks/", after: nil, limit: 1)
            check.steps.append(.init(name: "list", failure: page.isEmpty ? "the new blob is not listed" : nil))
        } catch {
            check.steps.append(.init(name: "list", failure: error.description))
        }
        do throws(BlobStoreError) {
            try await store.delete(key)
            check.steps.append(.init(name: "delete", failure: nil))
        } catch {
            check.steps.append(.init(name: "delete", failure: error.description))
        }
        return check
    }
}

/// How a store did when it was tried out.
public struct StoreCheck: Sendable, Hashable {
    /// One thing that was tried.
    public struct Step: Sendable, Hashable {
        /// What.
        public let name: String
        /// What went wrong; `nil` for nothing.
        public let failure: String?
    }

    /// What was tried, in order.
    public internal(set) var steps: [Step] = []

    /// Whether the store did all of it.
    public var isSound: Bool { steps.allSatisfy { $0.failure == nil } }
}
