import AccessControl
import ArchiveServices
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Platform

/// Answers each request: who asks, what for, and nothing without both.
struct GatewayResponder: HTTPResponder {
    let gate: RequestGate
    let health: @Sendable () async -> Readiness
    let store: StoreRoutes
    let search: SearchRoutes
    let objects: ObjectRoutes
    let metadata: MetadataRoutes
    let frames: FrameRoutes
    let rendered: RenderedRoutes
    let verification: VerificationRoutes
    let lifecycle: LifecycleRoutes
    let removal: RemovalRoutes
    let projects: ProjectRoutes
    let keys: KeyRoutes
    let backups: BackupRoutes
    let exports: ExportRoutes
    let projectViews: ProjectViewRoutes
    let metrics: MetricsDoor?
    let links: Links
    let limits: HTTPLimits
    let logger: Logger
    private let figures = RequestFigures()

    func respond(to request: Request, context: GatewayContext) async throws -> Response {
        let begin = ContinuousClock.now
        var response: Response
        var route: Route?
        do {
            response = try await answer(request, context, &route)
        } catch let error as HTTPParserError {
            // The server closes the connection then; nothing of it can be trusted any more.
            throw error
        } catch {
            response = refuse(error)
        }
        for field in Self.securityFields {
            response.headers[field.name] = field.value
        }
        // Objects are to be kept or read by programs, never shown by a browser: they may hold pages and programs.
        if response.headers[.contentType]?.hasPrefix("multipart/") == true {
            response.headers[.contentDisposition] = "attachment; filename=\"objects\""
        }
        logger.debug(
            "Answered a request",
            metadata: [
                LogKeys.httpMethod: "\(request.method.rawValue)", LogKeys.status: "\(response.status.code)",
            ]
        )
        figures.note(route, request.method.rawValue, status: response.status.code, after: .now - begin)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request,
        _ context: GatewayContext,
        _ found: inout Route?
    ) async throws -> Response {
        let admission = try gate.admit(
            request.method,
            path: request.uri.path,
            query: request.uri.query,
            headers: request.headers
        )
        switch admission {
        case .anyone(.live): return Readiness.live
        case .anyone(.ready): return await health().response
        case .caller(let principal, let route):
            found = route
            return try await answer(route, request, context, principal)
        }
    }

    private func answer(
        _ route: Route,
        _ request: Request,
        _ context: GatewayContext,
        _ principal: Principal
    ) async throws -> Response {
        let items = try QueryItems(request.uri.query)
        let accept = accept(request.headers, items)
        switch route {
        case .capabilities: return Capabilities.response(links: links, limits: limits)
        case .verification: return try await verification.verify(items, as: principal)
        case .lifecycle(let route): return try await lifecycle.answer(route, request, items, as: principal)
        case .removal(let route): return try await removal.answer(route, items, as: principal)
        case .projects(let route): return try await projects.answer(route, request, as: principal)
        case .keys(let resource): return try await keys.answer(resource, request, as: principal)
        case .metrics:
            guard let metrics else { throw RequestError(.notFound, "There are no metrics") }
            return try await metrics.response(as: principal)
        case .backup: return try await backups.backUp(items, as: principal)
        case .export(let route): return try await exports.answer(route, items, as: principal)
        case .projectView(let route):
            return try await projectViews.answer(route, items, accept: accept, as: principal)
        case .store(let study):
            let invitation = BodyInvitation(request.headers, on: context.channel)
            return try await store.store(request, invitation, accept: accept, study: study, as: principal)
        case .search(let resource):
            return try await search.search(resource, items, accept: accept, as: principal)
        case .retrieve(let scope): return try await objects.objects(in: scope, accept: accept, as: principal)
        case .metadata(let scope): return try await metadata.metadata(of: scope, accept: accept, as: principal)
        case .frames(let resource, let list):
            return try await frames.frames(list, of: resource, accept: accept, as: principal)
        case .bulkData(let resource, let path):
            return try await frames.bulkData(at: path, of: resource, accept: accept, as: principal)
        case .rendered(let scope): return try await rendered.rendered(scope, items, accept: accept, as: principal)
        case .renderedFrames(let resource, let list):
            return try await rendered.frames(list, of: resource, items, accept: accept, as: principal)
        case .thumbnail(let scope, let frame):
            return try await rendered.thumbnail(scope, frame: frame, items, accept: accept, as: principal)
        }
    }

    // The query parameter counts before the header (PS3.18 8.3.3.1).
    private func accept(_ headers: HTTPFields, _ items: QueryItems) -> AcceptHeader {
        let parameter = items.values(of: "accept")
        return AcceptHeader(parameter.isEmpty ? headers[values: .accept] : parameter, limit: limits.acceptCount)
    }

    private func refuse(_ error: any Error) -> Response {
        let problem = Problem(error)
        if problem.status.kind == .serverError {
            logger.error("A request failed", metadata: [LogKeys.errorCode: "\(problem.code)"])
        }
        return problem.response()
    }

    private static let securityFields: [HTTPField] = [
        HTTPField(name: .xContentTypeOptions, value: "nosniff"),
        HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; sandbox"),
        HTTPField(name: .cacheControl, value: "no-store"),
    ]
}

/// What the server hands over with each request.
struct GatewayContext: InitializableFromSource {
    /// The connection that the request came on.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}
