import ArchiveCatalog
import Deidentification
import Platform
import Synchronization

/// Keeps the new objects that were made last, so that a viewer that fetches frame after frame has each made once.
///
/// In memory only, and only as long as all that it was made by is the same: another identifier of the patient that came
/// meanwhile, or another option of the project, is another key.
final class ViewedImageCache: Sendable {
    struct Key: Sendable, Hashable {
        let recordID: RandomID
        let project: Project
        let identifiers: SubjectIdentifiers
    }

    private struct Kept: Sendable {
        let key: Key
        let image: ViewedImage
        let length: Int
    }

    /// Bytes of all that is kept.
    private static let limit = 64 << 20

    /// The one that was asked for last at the end.
    private let kept = Mutex<[Kept]>([])
    private let gate = KeyGate<Key>()

    /// The image of a key: kept, or made now, once for all who ask meanwhile; `nil` is not kept.
    func image(
        for key: Key,
        make: () async throws -> ViewedImage?
    ) async throws -> ViewedImage? {
        await gate.enter(key)
        defer { gate.leave(key) }
        if let image = find(key) { return image }
        guard let image = try await make() else { return nil }
        keep(image, key)
        return image
    }

    private func find(_ key: Key) -> ViewedImage? {
        kept.withLock { kept in
            guard let position = kept.firstIndex(where: { $0.key == key }) else { return nil }
            let found = kept.remove(at: position)
            kept.append(found)
            return found.image
        }
    }

    private func keep(_ image: ViewedImage, _ key: Key) {
        guard let length = image.keptLength, length <= Self.limit else { return }
        kept.withLock { kept in
            kept.append(Kept(key: key, image: image, length: length))
            var total = kept.reduce(0) { $0 + $1.length }
            while total > Self.limit {
                total -= kept.removeFirst().length
            }
        }
    }
}
