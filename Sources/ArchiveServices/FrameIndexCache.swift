import DICOMCoding
import Platform
import Synchronization

/// Keeps the decoded frame indexes of the instances that were read last, so that paging through frames decodes once.
final class FrameIndexCache: Sendable {
    /// Bytes of all kept indexes together, as they are encoded.
    private static let lengthLimit = 16 << 20

    private let state = Mutex(State())

    private struct State {
        var indexes: [RandomID: (index: FrameIndex, length: Int)] = [:]
        var order: [RandomID] = []
        var length = 0
    }

    /// The index of that record; `nil` when it is not kept.
    subscript(recordID: RandomID) -> FrameIndex? {
        state.withLock { $0.indexes[recordID]?.index }
    }

    /// Keeps an index, and forgets the oldest ones beyond the limit.
    func keep(_ index: FrameIndex, length: Int, of recordID: RandomID) {
        guard length <= Self.lengthLimit else { return }
        state.withLock { state in
            guard state.indexes.updateValue((index, length), forKey: recordID) == nil else { return }
            state.order.append(recordID)
            state.length += length
            while state.length > Self.lengthLimit, !state.order.isEmpty {
                let oldest = state.order.removeFirst()
                state.length -= state.indexes.removeValue(forKey: oldest)?.length ?? 0
            }
        }
    }
}
