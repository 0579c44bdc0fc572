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
        let first = try await page(scope, offset: 0, as: principal)
        // What fails with the first header can still be told.
        var opened = DataSetArrayWriter()
        if let instance = first.first { try await append(instance, to: &opened, as: principal) }
        let begun = opened

        return Response(
            status: .ok,
            headers: [.contentType: mediaType],
            body: StreamedResponse.body(logger: logger) { writer in
                var array = begun
                var page = first[...].dropFirst()
                var offset = first.count
                var isLast = first.count < Self.pageLength
                while true {
                    for instance in page {
                        try await append(instance, to: &array, as: principal)
                        if let bytes = array.takeIfLarge() { try await writer.write(bytes) }
                    }
                    guard !isLast else { break }
                    page = try await self.page(scope, offset: offset, as: principal)[...]
                    offset += page.count
                    isLast = page.count < Self.pageLength
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

    private func page(
        _ scope: RetrieveScope,
        offset: Int,
        as principal: Principal
    ) async throws(ArchiveError) -> [ArchivedInstance] {
        do throws(ArchiveError) {
            return try await retrieve.instances(
                in: scope,
                as: principal,
                offset: offset,
                limit: Self.pageLength,
                includesHeader: true
            )
        } catch {
            guard offset > 0, error.code == .notFound else { throw error }
            return []
        }
    }
}
