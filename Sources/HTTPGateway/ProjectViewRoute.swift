package import ArchiveServices
import DICOMCore
import HTTPTypes

/// What a request below `/projects/NAME/dicomweb` is about: the resources of DICOMweb that a view of a project has.
package struct ProjectViewRoute: Sendable, Hashable {
    /// The part of DICOMweb.
    package enum Resource: Sendable, Hashable {
        case search(SearchResource)
        case retrieve(RetrieveScope)
        case metadata(RetrieveScope)
        case frames(RetrieveScope, list: String)
        case rendered(RetrieveScope, frames: String?)
        case thumbnail(RetrieveScope, frame: String?)
    }

    /// The name of the project.
    package let project: String
    /// What is asked for.
    package let resource: Resource

    typealias Candidate = (method: HTTPRequest.Method, route: ProjectViewRoute)

    /// The routes of a path; none for paths that are no view's.
    static func candidates(_ segments: [String]) throws(RequestError) -> [Candidate] {
        guard segments.count >= 4, segments[0] == "projects", segments[2] == "dicomweb" else { return [] }
        return try resource(Array(segments.dropFirst(3))).map {
            [(.get, ProjectViewRoute(project: segments[1], resource: $0))]
        } ?? []
    }

    private static func resource(_ rest: [String]) throws(RequestError) -> Resource? {
        if rest == ["studies"] { return .search(.studies) }
        guard rest.count >= 2, rest[0] == "studies" else { return nil }
        var scope = RetrieveScope(studyInstanceUID: try uid(rest[1]))
        let study = scope.studyInstanceUID
        switch Array(rest.dropFirst(2)) {
        case []: return .retrieve(scope)
        case ["metadata"]: return .metadata(scope)
        case ["series"]: return .search(.series(study: study))
        case ["instances"]: return .search(.instances(study: study, series: nil))
        case ["rendered"]: return .rendered(scope, frames: nil)
        case ["thumbnail"]: return .thumbnail(scope, frame: nil)
        default: break
        }
        guard rest.count >= 4, rest[2] == "series" else { return nil }
        let series = try uid(rest[3])
        scope.seriesInstanceUID = series
        switch Array(rest.dropFirst(4)) {
        case []: return .retrieve(scope)
        case ["metadata"]: return .metadata(scope)
        case ["instances"]: return .search(.instances(study: study, series: series))
        case ["rendered"]: return .rendered(scope, frames: nil)
        case ["thumbnail"]: return .thumbnail(scope, frame: nil)
        default: break
        }
        guard rest.count >= 6, rest[4] == "instances" else { return nil }
        scope.sopInstanceUID = try uid(rest[5])
        return instanceResource(Array(rest.dropFirst(6)), scope)
    }

    private static func instanceResource(_ rest: [String], _ scope: RetrieveScope) -> Resource? {
        switch rest {
        case []: return .retrieve(scope)
        case ["metadata"]: return .metadata(scope)
        case ["rendered"]: return .rendered(scope, frames: nil)
        case ["thumbnail"]: return .thumbnail(scope, frame: nil)
        default: break
        }
        guard rest.count >= 2, rest[0] == "frames" else { return nil }
        switch Array(rest.dropFirst(2)) {
        case []: return .frames(scope, list: rest[1])
        case ["rendered"]: return .rendered(scope, frames: rest[1])
        case ["thumbnail"]: return .thumbnail(scope, frame: rest[1])
        default: return nil
        }
    }

    private static func uid(_ text: String) throws(RequestError) -> UID {
        guard let uid = UID(text) else { throw RequestError(.badRequest, "A segment of the path is no UID") }
        return uid
    }
}
