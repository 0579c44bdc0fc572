import DICOMCoding
import Platform
import Synchronization

/// Keeps the decoded frame indexes of the instances that were read last, so that paging through frames decodes once.
final class FrameIndexCache: Sendable {
    /// Frames of all kept indexes together, about 16 bytes each.
    private static let frameLimit = 1_000_000

    private let state = Mutex(State())

    private struct State {
        var indexes: [RandomID: FrameIndex] = [:]
        var order: [RandomID] = []
        var frames = 0
    }

    subscript(recordID: RandomID) -> FrameIndex? {
        get { state.withLock { $0.indexes[recordID] } }
        set {
            guard let newValue else { return }
            state.withLock { state in
                guard state.indexes.updateValue(newValue, forKey: recordID) == nil else { return }
                state.order.append(recordID)
                state.frames += newValue.frameCount
                while state.frames > Self.frameLimit, state.order.count > 1 {
                    let oldest = state.order.removeFirst()
                    state.frames -= state.indexes.removeValue(forKey: oldest)?.frameCount ?? 0
                }
            }
        }
    }
}
