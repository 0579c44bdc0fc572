/// Lets one task at a time through for each key.
///
/// Two senders of one SOP Instance UID would otherwise both find it missing and both make it durable; after a crash the
/// one that was refused could come back in the place of the one that was acknowledged.
actor InstanceGate<Key: Hashable & Sendable> {
    private var waiting: [Key: [CheckedContinuation<Void, Never>]] = [:]

    /// Waits until no other task is inside for that key.
    ///
    /// Call ``leave(_:)`` on every way out.
    func enter(_ key: Key) async {
        guard waiting[key] != nil else {
            waiting[key] = []
            return
        }
        await withCheckedContinuation { continuation in
            waiting[key, default: []].append(continuation)
        }
    }

    /// Lets the next task in.
    func leave(_ key: Key) {
        guard var queue = waiting[key], !queue.isEmpty else {
            waiting[key] = nil
            return
        }
        let next = queue.removeFirst()
        waiting[key] = queue
        next.resume()
    }
}
