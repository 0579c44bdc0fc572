import AccessControl
import ArchiveServices
import HTTPTypes
import Hummingbird
import NIOCore

/// The Search transaction (PS3.18 10.6).
struct SearchRoutes: Sendable {
    let queries: QueryService
    let links: Links
    let limits: HTTPLimits

    /// Answers with a JSON array, an empty one when nothing matches; or with parts in XML, without content then.
    func search(
        _ resource: SearchResource,
        _ items: QueryItems,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let form = try AnswerForm(accept, isSingle: false)
        var request = try SearchRequest(resource, items, limits: limits)
        if QueryService.needsHeaders(request.query) { request.lowerLimit(to: limits.headerResultCount) }

        let found = try await queries.page(request.query, as: principal)

        var warnings = request.warnings
        if found.isCut || found.answers.count > request.limit {
            warnings.append("There are additional results that can be requested: use offset and limit")
        }
        var headers = HTTPFields()
        if let name = HTTPField.Name("Warning") {
            // 299 is the code that PS3.18 8.3.4.4 and 10.6.3 name.
            headers[values: name] = warnings.map { "299 cassette \"\($0)\"" }
        }
        let answers = try await queries.withAvailability(
            Array(found.answers.prefix(request.limit)),
            level: request.query.level,
            as: principal
        )[...]
        let answer = SearchAnswer(
            level: request.query.level,
            requiredAttributes: request.requiredAttributes,
            base: links.service
        )
        guard case .json(let mediaType) = form else {
            return XMLParts.response(status: .ok, headers: headers, dataSets: answers, finishing: answer.dataSet)
        }
        headers[.contentType] = mediaType
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                var array = DataSetArrayWriter()
                for found in answers {
                    array.append(answer.dataSet(found))
                    if let bytes = array.takeIfLarge() { try await writer.write(bytes) }
                }
                try await writer.write(array.finish())
                try await writer.finish(nil)
            }
        )
    }
}
