public import AccessControl
public import ArchiveCatalog
import Logging
import Platform

/// A researcher who was let in just now, with the token.
public struct AdmittedResearcher: Sendable {
    /// Who it is.
    public let researcher: Researcher
    /// The token, which is nowhere else.
    public let token: String
}

extension ProjectService {
    /// Days for which a token may open something at most.
    public static let longestAdmission = 365

    /// Lets a researcher see a project, and nothing else, for some days.
    ///
    /// - Parameter days: 1 to 365.
    /// - Returns: The token, which is kept as a digest only: show it once.
    /// - Throws: `.denied`, `.notFound`; `.badRequest` for a name or number that is none; `.conflict` for a name that is
    ///   there, and for a closed project.
    public func addResearcher(
        _ researcherName: String,
        to name: String,
        days: Int,
        as principal: Principal
    ) async throws(ArchiveError) -> AdmittedResearcher {
        try authorize(.manageProjects, principal)
        guard StudyLabel(researcherName) != nil else {
            throw ArchiveError(.badRequest, "A name of a researcher has 1 to 64 letters, digits, '-', '_' and '.'")
        }
        guard (1...Self.longestAdmission).contains(days) else {
            throw ArchiveError(.badRequest, "A token is good for 1 to \(Self.longestAdmission) days")
        }
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        let project = try await existing(name)
        try requireOpen(project)
        guard let (text, token) = ResearchToken.make(random: random) else {
            throw ArchiveError(.unavailable, "No token could be made")
        }
        let now = clock.now()
        let researcher = Researcher(
            id: token.id,
            projectID: project.id,
            name: researcherName,
            tokenDigest: token.digest,
            createdAt: now,
            createdBy: principal.name,
            expiresAt: now.advanced(by: .seconds(86_400 * Int64(days)))
        )
        guard try await answer({ () async throws(RegistryError) in try await registry.add(researcher) }) else {
            throw ArchiveError(
                .conflict,
                "The project has a researcher of that name: remove that one first for a new token"
            )
        }
        directory.add(researcher)
        note("a researcher was let in", project)
        return AdmittedResearcher(researcher: researcher, token: text)
    }

    /// Takes a researcher's token away, at once.
    ///
    /// - Throws: `.denied`, `.notFound`.
    public func removeResearcher(
        _ researcherName: String,
        from name: String,
        as principal: Principal
    ) async throws(ArchiveError) {
        try authorize(.manageProjects, principal)
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        let project = try await existing(name)
        // Out of memory first: whatever the registry does, the token opens nothing from now on.
        directory.remove(researcherName, from: project.id)
        guard
            try await answer({ () async throws(RegistryError) in
                try await registry.removeResearcher(named: researcherName, from: project.id)
            })
        else { throw ArchiveError(.notFound, "The project has no researcher of that name") }
        note("a researcher's token was taken away", project)
    }

    /// The researchers of a project in the order of their names.
    public func researchers(of name: String, as principal: Principal) async throws(ArchiveError) -> [Researcher] {
        try authorize(.manageProjects, principal)
        let project = try await existing(name)
        return try await answer { () async throws(RegistryError) in try await registry.researchers() }
            .filter { $0.projectID == project.id }
    }

    /// Who holds a token of a project now; `nil` for one that opens nothing, or nothing any more.
    public func principal(presenting token: ResearchToken) -> Principal? {
        directory.principal(presenting: token, at: clock.now())
    }
}
