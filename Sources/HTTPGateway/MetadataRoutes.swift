import AccessControl
import ArchiveServices
import DICOMCoding
import DICOMCore
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
    /// From how many instances on a second thread is worth its start.
    private static let dividedLength = 16
    /// Bytes of sealed headers up to which a page is made as a whole before it is sent.
    private static let wholeLength = 256 << 10

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
        var opened = try text(of: first.prefix(1), as: principal)
        // Each object has a comma in front; the first must not.
        opened.moveReaderIndex(forwardBy: min(1, opened.readableBytes))
        let begun = opened
        let rest = pages

        return Response(
            status: .ok,
            headers: [.contentType: mediaType],
            body: StreamedResponse.body(logger: logger) { writer in
                try await writer.write(ByteBuffer(string: "["))
                try await writer.write(begun)
                var pages = rest
                var next: ArraySlice<ArchivedInstance>? = first.dropFirst()
                while let page = next {
                    // The next page is read while this one is written.
                    let place = pages
                    async let following = Self.next(place)
                    if Self.isSmall(page) {
                        for piece in try await pieces(of: page, as: principal) { try await writer.write(piece) }
                    } else {
                        for index in page.indices {
                            try await writer.write(text(of: page[index...index], as: principal))
                        }
                    }
                    (next, pages) = try await following
                }
                try await writer.write(ByteBuffer(string: "]"))
            }
        )
    }

    private static func next(
        _ pages: InstancePages
    ) async throws(ArchiveError) -> (page: ArraySlice<ArchivedInstance>?, rest: InstancePages) {
        var pages = pages
        let page = try await pages.next()
        return (page.map { $0[...] }, pages)
    }

    /// Whether the text of a page may lie in memory as a whole.
    private static func isSmall(_ page: ArraySlice<ArchivedInstance>) -> Bool {
        page.reduce(0) { $0 + $1.sealedHeaderLength } <= wholeLength
    }

    /// The objects of a page as text, in order; a long page on two threads.
    private func pieces(
        of page: ArraySlice<ArchivedInstance>,
        as principal: Principal
    ) async throws -> [ByteBuffer] {
        guard page.count >= Self.dividedLength else { return [try text(of: page, as: principal)] }
        let middle = page.startIndex + page.count / 2
        async let second = text(of: page[middle...], as: principal)
        let first = try text(of: page[..<middle], as: principal)
        return [first, try await second]
    }

    /// The objects as text, each with a comma in front.
    private func text(
        of instances: ArraySlice<ArchivedInstance>,
        as principal: Principal
    ) throws(ArchiveError) -> ByteBuffer {
        var bytes = ByteBuffer()
        for instance in instances {
            let header = try retrieve.archivedHeader(of: instance, as: principal)
            let base = links.instance(instance.path) + "/bulkdata/"
            bytes.writeInteger(UInt8(ascii: ","))
            do throws(DataSetError) {
                try DICOMJSONWriter.write(header, into: &bytes) { path, _ in base + path.description }
            } catch {
                throw ArchiveError(unreadable: error)
            }
        }
        return bytes
    }
}
