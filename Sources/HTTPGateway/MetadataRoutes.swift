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
    /// Bytes of sealed headers up to which the text of objects is made together.
    private static let runLength = 256 << 10

    /// Answers with a JSON array of the headers, or with each as XML, page by page.
    func metadata(of scope: RetrieveScope, accept: AcceptHeader, as principal: Principal) async throws -> Response {
        switch try AnswerForm(accept, isSingle: scope.sopInstanceUID != nil) {
        case .json(let mediaType): try await json(of: scope, mediaType: mediaType, as: principal)
        case .xmlParts: try await xml(of: scope, parts: XMLParts(), as: principal)
        case .xmlAlone: try await xml(of: scope, parts: nil, as: principal)
        }
    }

    /// Answers in XML: each header a part, or the only one alone.
    private func xml(of scope: RetrieveScope, parts: XMLParts?, as principal: Principal) async throws -> Response {
        var pages = InstancePages(
            of: scope,
            from: retrieve,
            length: Self.pageLength,
            includesHeader: true,
            as: principal
        )
        let first = try await pages.next() ?? []
        // What fails with the first header can still be told.
        let begun = try first.first.map { try xml(of: $0, as: principal) } ?? ByteBuffer()
        let rest = pages
        return Response(
            status: .ok,
            headers: [.contentType: parts?.contentType ?? AnswerForm.xmlType],
            body: StreamedResponse.body(logger: logger) { writer in
                if let parts { try await writer.write(parts.head(isFirst: true)) }
                try await writer.write(begun)
                guard let parts else { return }
                var pages = rest
                var next: ArraySlice<ArchivedInstance>? = first.dropFirst()
                while let page = next {
                    for instance in page {
                        try await writer.write(parts.head(isFirst: false))
                        try await writer.write(try xml(of: instance, as: principal))
                    }
                    next = try await pages.next()?[...]
                }
                try await writer.write(parts.tail)
            }
        )
    }

    private func xml(of instance: ArchivedInstance, as principal: Principal) throws(ArchiveError) -> ByteBuffer {
        let header = try retrieve.archivedHeader(of: instance, as: principal)
        let base = links.instance(instance.path) + "/bulkdata/"
        do throws(DataSetError) {
            return ModelWriter.text(of: try header.dataSet(), as: .xml) { path, _ in base + path.description }
        } catch {
            throw ArchiveError(unreadable: error)
        }
    }

    private func json(
        of scope: RetrieveScope,
        mediaType: String,
        as principal: Principal
    ) async throws -> Response {
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
                    var left = page
                    while !left.isEmpty {
                        let run = Self.run(of: left)
                        for piece in try await pieces(of: run, as: principal) { try await writer.write(piece) }
                        left = left.dropFirst(run.count)
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

    /// The first objects of a page whose text may lie in memory together; one at least.
    private static func run(of page: ArraySlice<ArchivedInstance>) -> ArraySlice<ArchivedInstance> {
        var length = 0
        let count = page.prefix { instance in
            length += instance.sealedHeaderLength
            return length <= runLength
        }.count
        return page.prefix(max(1, count))
    }

    /// The objects of a run as text, in order; a long one on two threads.
    private func pieces(
        of run: ArraySlice<ArchivedInstance>,
        as principal: Principal
    ) async throws -> [ByteBuffer] {
        guard run.count >= Self.dividedLength else { return [try text(of: run, as: principal)] }
        let middle = run.startIndex + run.count / 2
        async let second = text(of: run[middle...], as: principal)
        let first = try text(of: run[..<middle], as: principal)
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
