package import ArchiveCatalog
package import DICOMCore
import HTTPTypes
package import Platform

/// What a request about long work and the places of studies is about.
package enum LifecycleRoute: Sendable, Hashable {
    case jobs
    case job(RandomID)
    case changeJob(RandomID, JobChange)
    case tiers
    case planMoves
    case runMoves
    case stores
    case checkStore(String)
    case scrubbing
    case startScrubbing
    case recall(RandomID)
    case prefetch
    case labelledStudies
    case labels(UID)
    case addLabel(UID, StudyLabel)
    case removeLabel(UID, StudyLabel)
    case holds
    case hold(UID, Hold.Kind)
    case release(UID, Hold.Kind)

    /// What is to become of a job.
    package enum JobChange: String, Sendable, Hashable {
        case pause
        case resume
        case cancel
    }

    typealias Candidate = (method: HTTPRequest.Method, route: LifecycleRoute)

    /// The routes below `/api`; none for other paths.
    static func candidates(_ segments: [String]) throws(RequestError) -> [Candidate] {
        guard segments.first == "api" else { return [] }
        let rest = Array(segments.dropFirst())
        switch rest {
        case ["jobs"]: return [(.get, .jobs)]
        case ["tiers"]: return [(.get, .tiers)]
        case ["tiers", "plan"]: return [(.post, .planMoves)]
        case ["tiers", "run"]: return [(.post, .runMoves)]
        case ["stores"]: return [(.get, .stores)]
        case ["verification", "scrub"]: return [(.post, .startScrubbing)]
        case ["prefetch"]: return [(.post, .prefetch)]
        case ["labels"]: return [(.get, .labelledStudies)]
        case ["holds"]: return [(.get, .holds)]
        default: break
        }
        switch (rest.first, rest.count) {
        case ("jobs", 2): return [(.get, .job(try id(rest[1])))]
        case ("jobs", 3):
            guard let change = JobChange(rawValue: rest[2]) else { return [] }
            return [(.post, .changeJob(try id(rest[1]), change))]
        case ("recalls", 2): return [(.get, .recall(try id(rest[1])))]
        case ("stores", 3) where rest[2] == "check": return [(.post, .checkStore(rest[1]))]
        case ("studies", 3) where rest[2] == "labels": return [(.get, .labels(try uid(rest[1])))]
        case ("studies", 4) where rest[2] == "labels":
            guard let label = StudyLabel(rest[3]) else {
                throw RequestError(.badRequest, "A label has 1 to 64 letters, digits, '-', '_' and '.'")
            }
            let study = try uid(rest[1])
            return [(.put, .addLabel(study, label)), (.delete, .removeLabel(study, label))]
        case ("studies", 4) where rest[2] == "holds":
            guard let kind = Hold.Kind(rawValue: rest[3]) else {
                throw RequestError(.badRequest, "A hold is legal or retention")
            }
            let study = try uid(rest[1])
            return [(.put, .hold(study, kind)), (.delete, .release(study, kind))]
        default: return []
        }
    }

    private static func id(_ text: String) throws(RequestError) -> RandomID {
        guard let id = RandomID(hex: text) else { throw RequestError(.badRequest, "A job has 32 hexadecimal digits") }
        return id
    }

    private static func uid(_ text: String) throws(RequestError) -> UID {
        guard let uid = UID(text) else { throw RequestError(.badRequest, "A segment of the path is no UID") }
        return uid
    }
}
