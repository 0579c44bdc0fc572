import AccessControl
import ArchiveCatalog
import Platform
import Synchronization

/// The researchers whose tokens open something, in memory: each request asks.
final class ResearcherDirectory: Sendable {
    private struct Content: Sendable {
        var researchers: [RandomID: Researcher] = [:]
        /// Open projects, with when they end.
        var projects: [RandomID: Timestamp?] = [:]
    }

    private let content = Mutex(Content())

    /// Takes what the registry holds.
    func fill(_ researchers: [Researcher], _ projects: [Project]) {
        content.withLock { content in
            content.researchers = Dictionary(researchers.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
            content.projects = Dictionary(
                projects.filter { $0.state == .open }.map { ($0.id, $0.expiresAt) },
                uniquingKeysWith: { $1 }
            )
        }
    }

    func note(_ project: Project) {
        content.withLock { content in
            guard project.state == .open else {
                content.projects.removeValue(forKey: project.id)
                return
            }
            content.projects.updateValue(project.expiresAt, forKey: project.id)
        }
    }

    func add(_ researcher: Researcher) {
        content.withLock { $0.researchers[researcher.id] = researcher }
    }

    func remove(_ name: String, from project: RandomID) {
        content.withLock { content in
            content.researchers = content.researchers.filter {
                $0.value.projectID != project || $0.value.name.lowercased() != name.lowercased()
            }
        }
    }

    /// Who holds that token now; `nil` for one that is unknown or over, and for those of projects that are.
    func principal(presenting token: ResearchToken, at now: Timestamp) -> Principal? {
        let found = content.withLock { content -> Researcher? in
            guard let researcher = content.researchers[token.id], let end = content.projects[researcher.projectID],
                end.map({ now < $0 }) ?? true
            else { return nil }
            return researcher
        }
        guard let found, token.matches(found.tokenDigest), now < found.expiresAt else { return nil }
        return Principal(.researcher(name: found.name, project: found.projectID))
    }
}
