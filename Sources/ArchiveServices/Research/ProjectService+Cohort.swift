public import AccessControl
import ArchiveCatalog

extension ProjectService {
    /// The studies of a project that may leave: those that its query and the caller's both choose, but for what consent
    /// keeps back.
    ///
    /// - Parameter query: Parameters of a QIDO-RS search; `nil`: all of the project. Researchers may ask only with keys that
    ///   say nothing of a single patient.
    /// - Throws: `.denied`, `.badRequest`, `.unavailable`.
    public func cohort(
        of open: OpenProject,
        query: String? = nil,
        as principal: Principal
    ) async throws(ArchiveError) -> CohortSurvey {
        try await cohorts.survey(try conditions(open, query, principal), of: open)
    }

    /// Gives pseudonyms to all patients of a project that may leave, as its exports would.
    ///
    /// - Returns: How many patients those are.
    public func givePseudonyms(in name: String, as principal: Principal) async throws(ArchiveError) -> Int {
        try authorize(.manageProjects, principal)
        let open = try await open(name, as: principal)
        let patients = try await cohort(of: open, as: principal).patients
        _ = try await open.pseudonyms(for: patients)
        return patients.count
    }

    /// How much a project holds; researchers are told nothing of fewer patients than the minimum cell size.
    public func counts(
        of name: String,
        query: String? = nil,
        as principal: Principal
    ) async throws(ArchiveError) -> CohortCounts {
        let open = try await open(name, as: principal)
        return CohortCounts(
            try await cohort(of: open, query: query, as: principal),
            minimumCellSize: open.project.minimumCellSize,
            isSuppressing: isSuppressing(principal)
        )
    }

    /// How well the patients of a project hide among others.
    public func summary(
        of name: String,
        query: String? = nil,
        as principal: Principal
    ) async throws(ArchiveError) -> AnonymitySummary {
        let open = try await open(name, as: principal)
        let conditions = try conditions(open, query, principal)
        return AnonymitySummary(
            try await cohorts.survey(conditions, of: open, withSites: true),
            minimumCellSize: open.project.minimumCellSize,
            isSuppressing: isSuppressing(principal)
        )
    }

    /// Small figures are for those only who may see the patients themselves.
    private func isSuppressing(_ principal: Principal) -> Bool { !policy.allows(.manageProjects, for: principal) }

    private func conditions(
        _ open: OpenProject,
        _ query: String?,
        _ principal: Principal
    ) throws(ArchiveError) -> [MatchingCondition] {
        let own = try CohortQuery(open.project.query).conditions
        guard let query, !query.isEmpty else { return own }
        return own + (try CohortQuery(query, isResearchers: isSuppressing(principal)).conditions)
    }
}
