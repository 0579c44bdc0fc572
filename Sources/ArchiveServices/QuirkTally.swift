public import DICOMCoding
import Synchronization

/// In how many of the objects that came in each kind of oddity was seen.
public final class QuirkTally: Sendable {
    private let counts = Mutex<[Quirk.Kind: Int]>([:])

    init() {}

    /// The number of objects for each kind since the start; kinds that were not seen are absent.
    public var objects: [Quirk.Kind: Int] { counts.withLock { $0 } }

    func count(_ kinds: Set<Quirk.Kind>) {
        counts.withLock { counts in
            for kind in kinds { counts[kind, default: 0] += 1 }
        }
    }
}
