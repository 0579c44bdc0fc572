import ArchiveCatalog
import DICOMCore
import Platform
import Synchronization

/// Remembers which patient each study belongs to, so that no object moves a study to another one.
final class StudyOwners: Sendable {
    /// Studies remembered at most; beyond it all are forgotten and read from the catalog again.
    private static let limit = 100_000

    private let catalog: any Catalog
    private let index: IndexWriter
    private let gate = KeyGate<UID>()
    private let known = Mutex<[UID: PatientIdentity]>([:])

    init(catalog: any Catalog, index: IndexWriter) {
        self.catalog = catalog
        self.index = index
    }

    /// Whether an instance of `patient` may join the study, and whether the study's owner changes with it.
    ///
    /// While an owner changes, the study stays closed to others that would change it, until ``settle(_:belongsTo:)``.
    func claim(_ study: UID, for patient: PatientIdentity) async throws(CatalogError) -> Claim {
        if let owner = remembered(study), let claim = Self.claim(of: patient, on: owner) { return claim }
        await gate.enter(study)
        do throws(CatalogError) {
            guard let owner = try await owner(of: study) else { return .toSettle(patient) }
            if let claim = Self.claim(of: patient, on: owner) {
                gate.leave(study)
                return claim
            }
            // What contradicts the owner was refused, so this is the fuller identity, which the catalog takes, too.
            return .toSettle(owner.merged(with: patient) ?? owner)
        } catch {
            gate.leave(study)
            throw error
        }
    }

    /// Ends a claim: the study belongs to `owner` from now on, or to whom it did before (`nil`).
    func settle(_ study: UID, belongsTo owner: PatientIdentity?) {
        if let owner { remember(study, owner) }
        gate.leave(study)
    }

    /// Closes a study to all that would change its owner, for instances that come back out of the bin.
    ///
    /// - Returns: Whose the study will be, to be settled with ``settle(_:belongsTo:)``; `nil` when it is another patient's:
    ///   then nothing is closed.
    func hold(_ study: UID, for patient: PatientIdentity) async throws(CatalogError) -> PatientIdentity? {
        await gate.enter(study)
        do throws(CatalogError) {
            guard let owner = try await owner(of: study) else { return patient }
            if let merged = owner.merged(with: patient) { return merged }
            gate.leave(study)
            return nil
        } catch {
            gate.leave(study)
            throw error
        }
    }

    /// Forgets whose a study is, because instances of it went.
    func forget(_ study: UID) {
        known.withLock { $0[study] = nil }
    }

    /// What ``claim(_:for:)`` answers.
    enum Claim: Sendable, Hashable {
        /// The study is the patient's.
        case member
        /// The study is new, or its owner is known better with this instance; to be settled with this owner once the
        /// instance is stored.
        case toSettle(PatientIdentity)
        /// The study belongs to another patient.
        case refused
    }

    /// The claim of a patient on the study of an owner; `nil` where the owner would change.
    private static func claim(of patient: PatientIdentity, on owner: PatientIdentity) -> Claim? {
        guard let merged = owner.merged(with: patient) else { return .refused }
        return merged == owner ? .member : nil
    }

    private func owner(of study: UID) async throws(CatalogError) -> PatientIdentity? {
        if let owner = remembered(study) { return owner }
        guard let owner = try await ownerInCatalog(of: study) else { return nil }
        remember(study, owner)
        return owner
    }

    private func remembered(_ study: UID) -> PatientIdentity? {
        known.withLock { $0[study] }
    }

    private func remember(_ study: UID, _ patient: PatientIdentity) {
        known.withLock { known in
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[study] = patient
        }
    }

    private func ownerInCatalog(of study: UID) async throws(CatalogError) -> PatientIdentity? {
        // Only a study that was forgotten here can be neither known nor in the catalog.
        if index.isPending(study: study) { try await index.catchUp() }
        return try await catalog.owner(ofStudy: study)
    }
}

extension Catalog {
    /// Whose a study is; `nil` for one that is not there.
    func owner(ofStudy study: UID) async throws(CatalogError) -> PatientIdentity? {
        guard let attribute = CatalogAttribute.forTag(.studyInstanceUID) else { return nil }
        let condition = MatchingCondition(.attribute(attribute), .values([study.string]))
        let rows = try await find(CatalogQuery(level: .study, conditions: [condition], limit: 1))
        return rows.first.map { PatientIdentity($0.values) }
    }
}
