import ArchiveCatalog
import Synchronization

/// Carries the outcomes of a restoration out of the transaction that it gave up.
final class RestoreRefusal: Sendable {
    private struct GivenUp: Error {}

    private let noted = Mutex<[InsertOutcome]?>(nil)

    /// The outcomes; `nil` when something else ended the transaction.
    var outcomes: [InsertOutcome]? { noted.withLock { $0 } }

    /// The error that ends the transaction without effect.
    func noting(_ outcomes: [InsertOutcome]) -> any Error {
        noted.withLock { $0 = outcomes }
        return GivenUp()
    }
}
