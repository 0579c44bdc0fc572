import ArchiveCatalog
import DICOMCore
import Synchronization

/// Remembers which patient each study belongs to, so that no object moves a study to another one.
final class StudyOwners: Sendable {
    /// Studies remembered at most; beyond it all are forgotten and read from the catalog again.
    private static let limit = 100_000

    private let catalog: any Catalog
    private let index: IndexWriter
    private let gate = InstanceGate<UID>()
    private let known = Mutex<[UID: PatientIdentity]>([:])

    init(catalog: any Catalog, index: IndexWriter) {
        self.catalog = catalog
        self.index = index
    }

    /// Whether an instance of `patient` may join the study, and whether it is the study's first.
    ///
    /// For a first instance the study stays closed to others until ``settle(_:belongsTo:)``.
    func claim(_ study: UID, for patient: PatientIdentity) async throws(CatalogError) -> Claim {
        if let claim = claimKnown(study, for: patient) { return claim }
        await gate.enter(study)
        if let claim = claimKnown(study, for: patient) {
            gate.leave(study)
            return claim
        }
        do throws(CatalogError) {
            guard let owner = try await ownerInCatalog(of: study) else { return .first }
            remember(study, owner)
        } catch {
            gate.leave(study)
            throw error
        }
        gate.leave(study)
        // Forgotten at once only when a hundred thousand others came in between: then it is asked again.
        if let claim = claimKnown(study, for: patient) { return claim }
        return try await claim(study, for: patient)
    }

    /// Opens the study after its first instance was stored (`patient`) or not (`nil`).
    func settle(_ study: UID, belongsTo patient: PatientIdentity?) {
        if let patient { remember(study, patient) }
        gate.leave(study)
    }

    /// What ``claim(_:for:)`` answers.
    enum Claim: Sendable {
        /// The study is the patient's.
        case member
        /// The study is new; the claim must be settled.
        case first
        /// The study belongs to another patient.
        case refused
    }

    /// The claim on a study whose owner is remembered; `nil` for others.
    private func claimKnown(_ study: UID, for patient: PatientIdentity) -> Claim? {
        known.withLock { known in
            guard let owner = known[study] else { return nil }
            guard let merged = owner.merged(with: patient) else { return .refused }
            // A fuller identity becomes the study's with this instance, as in the catalog.
            if merged != owner { known[study] = merged }
            return .member
        }
    }

    private func remember(_ study: UID, _ patient: PatientIdentity) {
        known.withLock { known in
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[study] = patient
        }
    }

    private func ownerInCatalog(of study: UID) async throws(CatalogError) -> PatientIdentity? {
        guard let attribute = CatalogAttribute.forTag(.studyInstanceUID) else { return nil }
        // Only a study that was forgotten here can be neither known nor in the catalog.
        if index.isPending(study: study) { try await index.catchUp() }
        let condition = MatchingCondition(.attribute(attribute), .values([study.string]))
        let rows = try await catalog.find(CatalogQuery(level: .study, conditions: [condition], limit: 1))
        return rows.first.map { PatientIdentity($0.values) }
    }
}
