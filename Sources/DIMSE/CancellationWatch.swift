import DICOMUpperLayer
import Synchronization

/// Looks at what comes from the peer while a query runs: C-CANCEL, or the end of the association.
///
/// Nothing waits here: whoever runs the query asks from time to time, and so no second task is needed for it.
final class CancellationWatch: Sendable {
    private struct State {
        var collector: CommandCollector
        var isCancelled = false
        var failure: DIMSEError?
    }

    private let association: Association
    private let messageID: UInt16
    private let state: Mutex<State>

    /// A flood of C-CANCEL is looked through in portions.
    private static let portion = 64

    init(association: Association, messageID: UInt16, limits: DIMSELimits) {
        self.association = association
        self.messageID = messageID
        state = Mutex(State(collector: CommandCollector(lengthLimit: limits.commandLength)))
    }

    func isCancelled() -> Bool {
        state.withLock { state in
            look(&state)
            return state.isCancelled || state.failure != nil
        }
    }

    /// Throws when there is no sense in another match.
    func check() throws(DIMSEError) {
        let (isCancelled, failure) = state.withLock { state in
            look(&state)
            return (state.isCancelled, state.failure)
        }
        if let failure { throw failure }
        if isCancelled { throw DIMSEError(.cancelled) }
    }

    /// What there is to know when the query is over; the collector may be in the middle of the next command.
    func finish() -> (collector: CommandCollector, isCancelled: Bool, failure: DIMSEError?) {
        state.withLock { ($0.collector, $0.isCancelled, $0.failure) }
    }

    private func look(_ state: inout State) {
        for _ in 0..<Self.portion {
            guard state.failure == nil, let indication = association.poll() else { return }
            switch indication {
            case .ended(let end): state.failure = DIMSEError(.associationEnded(end))
            case .releaseRequested: state.failure = DIMSEError(.releasedMidMessage)
            case .value(let value):
                do throws(DIMSEError) {
                    guard let command = try state.collector.take(value) else { continue }
                    // One operation at a time was negotiated: nothing but C-CANCEL may come now.
                    guard command.commandField == CommandField.cCancelRQ, !command.hasDataSet else {
                        throw DIMSEError(.fragmentUnexpected)
                    }
                    // "Message ID Being Responded To" tells which one; for any other the C-CANCEL is ignored.
                    if command.commandSet.unsignedShort(.messageIDBeingRespondedTo) == messageID {
                        state.isCancelled = true
                    }
                } catch {
                    state.failure = error
                }
            }
        }
    }
}
