import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore

/// One picture that is made when it is asked for.
struct RenderedPicture: Sendable {
    /// Where it can be had alone.
    let location: String
    /// Makes it.
    let make: @Sendable (PictureOrder) async throws(ArchiveError) -> ByteStream
}

/// The pictures of an answer one by one.
///
/// A value: a copy goes on from the same place.
protocol PictureList: Sendable {
    /// The next picture; `nil` at the end.
    mutating func next() async throws -> RenderedPicture?
}

/// Pictures of the archive: those of a list, or one of each image of a study or series.
struct RenderedPictures: PictureList {
    private var waiting: ArraySlice<RenderedPicture>
    private var instances: InstanceCursor?
    private var source: (routes: RenderedRoutes, principal: Principal)?

    /// Takes a list.
    init(_ pictures: [RenderedPicture]) {
        waiting = pictures[...]
    }

    /// Takes the images of a scope, read with their headers; documents, Presentation States and video are not shown.
    init(_ pages: InstancePages, in routes: RenderedRoutes, as principal: Principal) {
        waiting = []
        instances = InstanceCursor(pages)
        source = (routes, principal)
    }

    /// The next picture; `nil` at the end.
    mutating func next() async throws -> RenderedPicture? {
        if let picture = waiting.popFirst() { return picture }
        while let source, let instance = try await instances?.next() {
            guard instance.record.frameIndex != nil, !instance.transferSyntax.isVideo else { continue }
            let location = source.routes.links.instance(instance.path) + "/rendered"
            return source.routes.picture(nil, of: instance, at: location, as: source.principal)
        }
        return nil
    }
}
