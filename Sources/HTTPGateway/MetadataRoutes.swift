import AccessControl
import ArchiveServices
import DICOMCoding
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Retrieves metadata: everything of the objects but their bulk, and where that is (PS3.18 10.4.1.1.4).
struct MetadataRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let logger: Logger

    private static let pageLength = 100

    /// Answers with a JSON array of the headers, page by page.
    func metadata(of scope: RetrieveScope, accept: AcceptHeader, as principal: Principal) async throws -> Response {
        guard let mediaType = accept.best(of: DataSetJSON.mediaTypes) else { throw DataSetJSON.notAcceptable }
        var pages = InstancePages(
            of: scope,
            from: retrieve,
            length: Self.pageLength,
            includesHeader: true,
            as: principal
        )
        let first = try await pages.next() ?? []
        // What fails with the first header can still be told.
        var opened = DataSetArrayWriter()
        if let instance = first.first { try await append(instance, to: &opened, as: principal) }
        let begun = opened
        let rest = pages

        return Response(
            status: .ok,
            headers: [.contentType: mediaType],
            body: StreamedResponse.body(logger: logger) { writer in
                var array = begun
                var pages = rest
                var next: ArraySlice<ArchivedInstance>? = first.dropFirst()
                while let page = next {
                    for instance in page {
                        try await append(instance, to: &array, as: principal)
                        if let bytes = array.takeIfLarge() { try await writer.write(bytes) }
                    }
                    next = try await pages.next()?[...]
                }
                try await writer.write(array.finish())
            }
        )
    }

    private func append(
        _ instance: ArchivedInstance,
        to array: inout DataSetArrayWriter,
        as principal: Principal
    ) async throws {
        let header = try await retrieve.metadata(of: instance, as: principal)
        let base = links.instance(instance.path) + "/bulkdata/"
        array.append(header) { base + $0.description }
    }
}
