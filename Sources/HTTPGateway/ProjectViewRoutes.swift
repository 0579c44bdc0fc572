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
            return try await ProjectViewObjects(view: view, base: base, logger: logger).answer(
                try await view.objects(in: scope),
                accept,
                isSingle: scope.sopInstanceUID != nil
            )
        case .frames(let scope, let list):
            return try await pixels(base).frames(list, of: view, scope, accept: accept)
        case .rendered(let scope, let list):
            return try await pixels(base).rendered(list, of: view, scope, items, accept: accept)
        case .thumbnail(let scope, let list):
            return try await pixels(base).thumbnail(list, of: view, scope, items, accept: accept)
        }
    }

    private func pixels(_ base: String) -> ProjectViewPixels {
        ProjectViewPixels(base: base, limits: limits, logger: logger)
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
        guard let first = try await objects.nextHeader() else { throw ProjectView.nothing }
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
