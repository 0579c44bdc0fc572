public import AccessControl
public import ArchiveCatalog
public import DICOMCore
import Platform

/// Words that people put on studies, for rules and for finding them.
public final class LabelService: Sendable {
    private let policy: AccessPolicy
    private let catalog: CurrentCatalog
    private let notes: any StudyNoteRegistry
    private let clock: any WallClock

    init(policy: AccessPolicy, catalog: CurrentCatalog, notes: any StudyNoteRegistry, clock: any WallClock) {
        self.policy = policy
        self.catalog = catalog
        self.notes = notes
        self.clock = clock
    }

    /// Puts a label on a study; whether it was not there.
    ///
    /// - Throws: `.denied`; `.notFound` for a study that the archive has not.
    public func add(
        _ label: StudyLabel,
        to study: UID,
        as principal: Principal
    ) async throws(ArchiveError) -> Bool {
        try authorize(principal)
        let holding: StudyHolding?
        do throws(CatalogError) {
            holding = try await catalog.studyHolding(study)
        } catch {
            throw ArchiveError(error)
        }
        guard holding != nil else { throw ArchiveError(.notFound, "The archive has no such study") }
        return try await asked { () async throws(RegistryError) in
            try await notes.addLabel(label, to: study, at: clock.now())
        }
    }

    /// Takes a label from a study; whether it was there.
    public func remove(
        _ label: StudyLabel,
        from study: UID,
        as principal: Principal
    ) async throws(ArchiveError) -> Bool {
        try authorize(principal)
        return try await asked { () async throws(RegistryError) in try await notes.removeLabel(label, from: study) }
    }

    /// The labels of one study.
    public func labels(of study: UID, as principal: Principal) async throws(ArchiveError) -> Set<StudyLabel> {
        try authorize(principal)
        return try await asked { () async throws(RegistryError) in try await notes.labels(of: [study])[study] ?? [] }
    }

    /// Labelled studies in the order of their UID, after the given one.
    public func labelledStudies(
        after study: UID?,
        limit: Int,
        as principal: Principal
    ) async throws(ArchiveError) -> [LabelledStudy] {
        try authorize(principal)
        return try await asked { () async throws(RegistryError) in
            try await notes.labelledStudies(after: study, limit: limit)
        }
    }

    private func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not see or change labels")
        }
    }

    private func asked<Answer>(
        _ question: () async throws(RegistryError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(RegistryError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }
}
