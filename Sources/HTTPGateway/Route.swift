import ArchiveCatalog
package import ArchiveServices
package import DICOMCore
package import HTTPTypes

/// What a request is about: the table of all resources (PS3.18 10.1).
package enum Route: Sendable, Hashable {
    case capabilities
    case verification
    case lifecycle(LifecycleRoute)
    case removal(RemovalRoute)
    case projects(ProjectRoute)
    case keys(KeysResource)
    case backup
    case export(ExportRoute)
    case projectView(ProjectViewRoute)
    case metrics
    case store(study: UID?)
    case search(SearchResource)
    case retrieve(RetrieveScope)
    case metadata(RetrieveScope)
    case frames(InstanceResource, list: String)
    case bulkData(InstanceResource, path: String)
    case rendered(RetrieveScope)
    case renderedFrames(InstanceResource, list: String)
    case thumbnail(RetrieveScope, frame: String?)

    /// One instance by its three UIDs.
    package struct InstanceResource: Sendable, Hashable {
        let study: UID
        let series: UID
        let instance: UID

        var scope: RetrieveScope {
            RetrieveScope(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance)
        }
    }

    /// Finds the route of a method and path.
    ///
    /// - Throws: `.notFound`, `.methodNotAllowed` with the methods there are, `.badRequest` for segments that are no UID.
    package init(_ method: HTTPRequest.Method, _ path: RequestPath) throws(RequestError) {
        let candidates = try Self.routes(path.segments)
        guard !candidates.isEmpty else { throw RequestError(.notFound, "There is no such resource") }
        // HEAD is GET without the body (RFC 9110 9.3.2).
        let wanted = method == .head ? .get : method
        guard let match = candidates.first(where: { $0.method == wanted }) else {
            throw RequestError(
                .methodNotAllowed,
                "The resource does not have this method",
                available: candidates.map(\.method.rawValue)
            )
        }
        self = match.route
    }

    private typealias Candidate = (method: HTTPRequest.Method, route: Route)

    private static func routes(_ segments: [String]) throws(RequestError) -> [Candidate] {
        switch segments {
        case ["api", "verification"]: return [(.post, .verification), (.get, .lifecycle(.scrubbing))]
        case let path where path.starts(with: ["api", "keys"]):
            return KeysResource.routes(Array(path.dropFirst(2))).map { ($0.method, .keys($0.resource)) }
        case ["metrics"]: return [(.get, .metrics)]
        case ["api", "backups"]: return [(.post, .backup)]
        case let path where path.starts(with: ["api", "projects"]):
            return ProjectRoute.candidates(path).map { ($0.method, .projects($0.route)) }
        case let path where path.first == "projects":
            return try ProjectViewRoute.candidates(path).map { ($0.method, .projectView($0.route)) }
        case ["dicomweb"]: return [(.get, .capabilities), (.options, .capabilities)]
        case ["dicomweb", "studies"]: return [(.get, .search(.studies)), (.post, .store(study: nil))]
        case ["dicomweb", "series"]: return [(.get, .search(.series(study: nil)))]
        case ["dicomweb", "instances"]: return [(.get, .search(.instances(study: nil, series: nil)))]
        case let segments where segments.first == "api":
            return try LifecycleRoute.candidates(segments).map { ($0.method, .lifecycle($0.route)) }
                + RemovalRoute.candidates(segments).map { ($0.method, .removal($0.route)) }
                + ExportRoute.candidates(segments).map { ($0.method, .export($0.route)) }
        default:
            guard segments.count >= 3, segments.starts(with: ["dicomweb", "studies"]) else { return [] }
            return try studyRoutes(study: try uid(segments[2]), Array(segments.dropFirst(3)))
        }
    }

    private static func studyRoutes(study: UID, _ rest: [String]) throws(RequestError) -> [Candidate] {
        switch rest {
        case []:
            return [
                (.get, .retrieve(RetrieveScope(studyInstanceUID: study))), (.post, .store(study: study)),
                removal(study),
            ]
        case ["metadata"]: return [(.get, .metadata(RetrieveScope(studyInstanceUID: study)))]
        case ["rendered"]: return [(.get, .rendered(RetrieveScope(studyInstanceUID: study)))]
        case ["thumbnail"]: return [(.get, .thumbnail(RetrieveScope(studyInstanceUID: study), frame: nil))]
        case ["series"]: return [(.get, .search(.series(study: study)))]
        case ["instances"]: return [(.get, .search(.instances(study: study, series: nil)))]
        default:
            guard rest.count >= 2, rest[0] == "series" else { return [] }
            return try seriesRoutes(study: study, series: try uid(rest[1]), Array(rest.dropFirst(2)))
        }
    }

    private static func seriesRoutes(study: UID, series: UID, _ rest: [String]) throws(RequestError) -> [Candidate] {
        let scope = RetrieveScope(studyInstanceUID: study, seriesInstanceUID: series)
        switch rest {
        case []: return [(.get, .retrieve(scope)), removal(study, series)]
        case ["metadata"]: return [(.get, .metadata(scope))]
        case ["rendered"]: return [(.get, .rendered(scope))]
        case ["thumbnail"]: return [(.get, .thumbnail(scope, frame: nil))]
        case ["instances"]: return [(.get, .search(.instances(study: study, series: series)))]
        default:
            guard rest.count >= 2, rest[0] == "instances" else { return [] }
            let resource = InstanceResource(study: study, series: series, instance: try uid(rest[1]))
            return instanceRoutes(resource, Array(rest.dropFirst(2)))
        }
    }

    private static func instanceRoutes(_ resource: InstanceResource, _ rest: [String]) -> [Candidate] {
        switch (rest.first, rest.count) {
        case (nil, _):
            [(.get, .retrieve(resource.scope)), removal(resource.study, resource.series, resource.instance)]
        case ("metadata", 1): [(.get, .metadata(resource.scope))]
        case ("rendered", 1): [(.get, .rendered(resource.scope))]
        case ("thumbnail", 1): [(.get, .thumbnail(resource.scope, frame: nil))]
        case ("frames", 2): [(.get, .frames(resource, list: rest[1]))]
        case ("frames", 3) where rest[2] == "rendered": [(.get, .renderedFrames(resource, list: rest[1]))]
        case ("frames", 3) where rest[2] == "thumbnail": [(.get, .thumbnail(resource.scope, frame: rest[1]))]
        case ("bulkdata", 2...): [(.get, .bulkData(resource, path: rest.dropFirst().joined(separator: "/")))]
        default: []
        }
    }

    /// DELETE is no transaction of PS3.18, but what other archives offer on these resources.
    private static func removal(_ study: UID, _ series: UID? = nil, _ instance: UID? = nil) -> Candidate {
        let scope = ArchiveScope(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance)
        return (.delete, .removal(.deletePlainly(scope)))
    }

    private static func uid(_ text: String) throws(RequestError) -> UID {
        guard let uid = UID(text) else { throw RequestError(.badRequest, "A segment of the path is no UID") }
        return uid
    }
}

/// What a search asks for, and within what (PS3.18 table 10.6.1-5).
package enum SearchResource: Sendable, Hashable {
    case studies
    case series(study: UID?)
    case instances(study: UID?, series: UID?)
}
