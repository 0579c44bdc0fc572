import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// A project's cohort over DICOMweb, without what identifies patients (PS3.18 10.4 and 10.6).
struct ProjectViewRoutes: Sendable {
    let views: ProjectViewService?
    let links: Links
    let limits: HTTPLimits
    let logger: Logger

    /// Studies in one answer: for each, all headers of its patient are looked through.
    private static let studyLimit = 100

    func answer(
        _ route: ProjectViewRoute,
        _ items: QueryItems,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        guard let views else { throw RequestError(.notFound, "There is no such resource") }
        let view = try await views.view(of: route.project, as: principal)
        let base = links.project(route.project)
        switch route.resource {
        case .search(let resource): return try await search(view, resource, items, accept: accept, base)
        case .metadata(let scope):
            return try await metadata(
                try await view.objects(in: scope),
                accept: accept,
                isSingle: scope.sopInstanceUID != nil
            )
        case .retrieve(let scope):
            return try await objects(
                try await view.objects(in: scope),
                accept,
                base,
                isSingle: scope.sopInstanceUID != nil
            )
        }
    }

    // MARK: Search

    private func search(
        _ view: ProjectView,
        _ resource: SearchResource,
        _ items: QueryItems,
        accept: AcceptHeader,
        _ base: String
    ) async throws -> Response {
        guard case .json(let mediaType) = try AnswerForm(accept, isSingle: false) else {
            throw RequestError(
                .notAcceptable,
                "A view of a project answers in JSON",
                available: ["application/dicom+json"]
            )
        }
        let query = try Self.query(resource, items, limits)
        let found = try await view.search(query, attributes: resource.returnedAttributes)
        var headers: HTTPFields = [.contentType: mediaType]
        if found.count == query.limit, let name = HTTPField.Name("Warning") {
            headers[name] =
                "299 cassette \"There may be additional results that can be requested: use offset and limit\""
        }
        let answer = SearchAnswer(
            level: query.level,
            requiredAttributes: resource.requiredAttributes,
            base: base
        )
        var array = DataSetArrayWriter()
        for found in found { array.append(answer.dataSet(found)) }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: array.finish())
        )
    }

    /// The query of a search.
    ///
    /// - Throws: `.badRequest` for a key that a view does not match: to pass over it would show more than was asked for.
    private static func query(
        _ resource: SearchResource,
        _ items: QueryItems,
        _ limits: HTTPLimits
    ) throws(RequestError) -> ProjectViewQuery {
        var query = ProjectViewQuery(
            level: resource.level,
            scope: resource.scope,
            limit: resource == .studies ? studyLimit : limits.resultCount
        )
        for item in items.items {
            switch item.name {
            case "limit": query.limit = min(query.limit, try QueryItems.number(item))
            case "offset": query.offset = try QueryItems.number(item)
            case "includefield", "fuzzymatching", "accept": continue
            default:
                let tag = try QueryItems.tag(item.name[...])
                guard ProjectViewQuery.matchedAttributes.contains(tag) else {
                    let names = ProjectViewQuery.matchedAttributes.sorted().compactMap {
                        DataElementDictionary.entry(for: $0)?.keyword
                    }
                    throw RequestError(
                        .badRequest,
                        "A view of a project is searched by " + names.joined(separator: ", ")
                    )
                }
                query.keys[tag, default: []] += item.value.split { $0 == "," || $0 == "\\" }.map(String.init)
            }
        }
        return query
    }

    // MARK: Objects

    private func metadata(_ found: ViewedObjects, accept: AcceptHeader, isSingle: Bool) async throws -> Response {
        guard case .json(let mediaType) = try AnswerForm(accept, isSingle: isSingle) else {
            throw RequestError(
                .notAcceptable,
                "A view of a project answers in JSON",
                available: ["application/dicom+json"]
            )
        }
        var objects = found
        guard let first = try await objects.nextHeader() else { throw Self.nothing }
        let rest = objects
        return Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: StreamedResponse.body(logger: logger) { writer in
                var objects = rest
                var next: DataSet? = first
                var array = DataSetArrayWriter()
                while let header = next {
                    array.append(header)
                    if let bytes = array.takeIfLarge() { try await writer.write(bytes) }
                    next = try await objects.nextHeader()
                }
                try await writer.write(array.finish())
            }
        )
    }

    private func objects(
        _ found: ViewedObjects,
        _ accept: AcceptHeader,
        _ base: String,
        isSingle: Bool
    ) async throws -> Response {
        let acceptance = RetrieveAcceptance(accept, allowsSingle: isSingle)
        var objects = found
        var refused: TransferSyntax?
        while let object = try await objects.next() {
            guard let choice = Self.choice(acceptance, object, .multipart) else {
                guard let choice = Self.choice(acceptance, object, .single) else {
                    refused = object.transferSyntax
                    continue
                }
                return Self.single(object, choice, logger)
            }
            return multipart(object, choice, objects, acceptance, base)
        }
        if let refused { throw RetrieveAcceptance.refusal(of: refused, .objects) }
        throw Self.nothing
    }

    /// How an object travels as it was made, if the client takes it so.
    private static func choice(
        _ acceptance: RetrieveAcceptance,
        _ object: ViewedObject,
        _ packaging: RetrieveAcceptance.Packaging
    ) -> RetrieveChoice? {
        acceptance.choices(for: object.transferSyntax, .objects)
            .first { $0.request == nil && $0.packaging == packaging }
    }

    private static func single(_ object: ViewedObject, _ choice: RetrieveChoice, _ logger: Logger) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: choice.contentType, .contentDisposition: "attachment; filename=\"object\"",
            ],
            body: StreamedResponse.body(logger: logger) { writer in try await writer.write(contentsOf: object.content) }
        )
    }

    private func multipart(
        _ first: ViewedObject,
        _ choice: RetrieveChoice,
        _ rest: ViewedObjects,
        _ acceptance: RetrieveAcceptance,
        _ base: String
    ) -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        return Response(
            // What was left out before the first object is known; what comes is not.
            status: rest.leftOutCount > 0 ? .partialContent : .ok,
            headers: [.contentType: frame.contentType(type: choice.mediaType)],
            body: StreamedResponse.body(logger: logger) { writer in
                var objects = rest
                var next: (object: ViewedObject, choice: RetrieveChoice)? = (first, choice)
                var isFirst = true
                while let (object, choice) = next {
                    let location = Links.instance(object.path, below: base)
                    try await writer.write(
                        frame.head(contentType: choice.contentType, location: location, isFirst: isFirst)
                    )
                    isFirst = false
                    try await writer.write(contentsOf: object.content)
                    try await writer.flush()
                    next = nil
                    while next == nil, let object = try await objects.next() {
                        next = Self.choice(acceptance, object, .multipart).map { (object, $0) }
                    }
                }
                try await writer.write(frame.tail)
            }
        )
    }

    private static var nothing: ArchiveError {
        ArchiveError(.notFound, "The project has no such object, or none that can be shown without its patient")
    }
}

extension BatchedWriter {
    /// Writes bytes that leave.
    fileprivate mutating func write(contentsOf content: ExportContent) async throws {
        var pieces = self
        try await content.forEachPiece { try await pieces.write($0) }
        self = pieces
    }
}

extension SearchResource {
    /// The new UIDs within which a view looks.
    fileprivate var scope: RetrieveScope? {
        switch self {
        case .studies: nil
        case .series(let study): study.map { RetrieveScope(studyInstanceUID: $0) }
        case .instances(let study, let series):
            study.map { RetrieveScope(studyInstanceUID: $0, seriesInstanceUID: series) }
        }
    }
}
