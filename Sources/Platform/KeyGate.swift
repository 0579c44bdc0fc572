import Synchronization

/// Lets one task at a time through for each key.
///
/// Whoever looks first and acts then on what a key names would otherwise act twice: two senders of one object both find it
/// missing, two tasks both move one pack.
public final class KeyGate<Key: Hashable & Sendable>: Sendable {
    private let waiting = Mutex<[Key: [CheckedContinuation<Void, Never>]]>([:])

    /// Makes a gate that nobody waits at.
    public init() {}

    /// Waits until no other task is inside for that key.
    ///
    /// Call ``leave(_:)`` on every way out.
    public func enter(_ key: Key) async {
        let isFree = waiting.withLock { Self.enter(key, &$0) }
        guard !isFree else { return }
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                guard !Self.enter(key, &waiting) else { return true }
                waiting[key, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Lets the next task in.
    public func leave(_ key: Key) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard var queue = waiting[key], !queue.isEmpty else {
                waiting[key] = nil
                return nil
            }
            let next = queue.removeFirst()
            waiting[key] = queue
            return next
        }
        next?.resume()
    }

    private static func enter(_ key: Key, _ waiting: inout [Key: [CheckedContinuation<Void, Never>]]) -> Bool {
        guard waiting[key] == nil else { return false }
        waiting[key] = []
        return true
    }
}
