import ArchiveCatalog
import ArchiveServices
import DICOMCore

/// One picture that is to be made.
struct RenderedPicture: Sendable {
    let instance: ArchivedInstance
    /// `nil`: the frame that stands for all.
    let frameNumber: Int?
    var presentationState: ArchivedInstance?
    /// Where it can be had alone.
    let location: String
}

/// The pictures of an answer one by one: those of a list, or one of each image of a study or series.
///
/// A value: a copy goes on from the same place.
struct RenderedPictures: Sendable {
    private var waiting: ArraySlice<RenderedPicture>
    private var instances: InstanceCursor?
    private let links: Links

    /// Takes a list.
    init(_ pictures: [RenderedPicture], _ links: Links) {
        waiting = pictures[...]
        self.links = links
    }

    /// Takes the images of a scope, read with their headers; documents, Presentation States and video are not shown.
    init(_ pages: InstancePages, _ links: Links) {
        waiting = []
        instances = InstanceCursor(pages)
        self.links = links
    }

    /// The next picture; `nil` at the end.
    mutating func next() async throws(ArchiveError) -> RenderedPicture? {
        if let picture = waiting.popFirst() { return picture }
        while let instance = try await instances?.next() {
            guard instance.record.frameIndex != nil, !instance.transferSyntax.isVideo else { continue }
            return RenderedPicture(
                instance: instance,
                frameNumber: nil,
                location: links.instance(instance.path) + "/rendered"
            )
        }
        return nil
    }
}
