import HTTPTypes

/// What a request about research projects is about.
package enum ProjectRoute: Sendable, Hashable {
    case list
    case create
    case project(String)
    case update(String)
    case close(String)
    case consents(String)
    case setConsents(String)
    case researchers(String)
    case addResearcher(String)
    case removeResearcher(String, from: String)
    case counts(String)
    case summary(String)
    case givePseudonyms(String)
    case lookUp(String)

    typealias Candidate = (method: HTTPRequest.Method, route: ProjectRoute)

    /// The routes below `/api/projects`; none for other paths.
    static func candidates(_ segments: [String]) -> [Candidate] {
        guard segments.starts(with: ["api", "projects"]) else { return [] }
        let rest = Array(segments.dropFirst(2))
        guard let name = rest.first else { return [(.get, .list), (.post, .create)] }
        switch Array(rest.dropFirst()) {
        case []: return [(.get, .project(name)), (.patch, .update(name))]
        case ["close"]: return [(.post, .close(name))]
        case ["consents"]: return [(.get, .consents(name)), (.post, .setConsents(name))]
        case ["researchers"]: return [(.get, .researchers(name)), (.post, .addResearcher(name))]
        case ["counts"]: return [(.get, .counts(name))]
        case ["summary"]: return [(.get, .summary(name))]
        case ["pseudonyms"]: return [(.post, .givePseudonyms(name))]
        case ["lookup"]: return [(.post, .lookUp(name))]
        case let rest where rest.count == 2 && rest[0] == "researchers":
            return [(.delete, .removeResearcher(rest[1], from: name))]
        default: return []
        }
    }

    /// Whether a researcher may ask that, of the project that is the researcher's.
    var isForResearchers: Bool {
        switch self {
        case .list, .project, .counts, .summary: true
        case .create, .update, .close, .consents, .setConsents, .researchers, .addResearcher, .removeResearcher,
            .givePseudonyms, .lookUp:
            false
        }
    }
}

extension Route {
    /// Whether the route is open to researchers at all; whatever is not named here is closed to them.
    var isForResearchers: Bool {
        switch self {
        case .projects(let route): route.isForResearchers
        // Made as it is asked for, of the researcher's project, without what identifies patients.
        case .projectView: true
        default: false
        }
    }
}
