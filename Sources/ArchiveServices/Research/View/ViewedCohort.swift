import ArchiveCatalog
import DICOMCore
import Deidentification
import Platform
import Synchronization

/// A cohort as it was a moment ago, with what was found out about its patients: for the requests of a viewer, of which many
/// belong together.
final class ViewedCohort: Sendable {
    /// Patients of whom is remembered what makes their objects.
    private static let workLimit = 16

    /// Original studies with their new UIDs, those of one patient behind each other.
    let studies: [(new: UID, study: CohortStudy)]
    private let byUID: [UID: CohortStudy]
    private let byPatient: [PatientKey: [CohortStudy]]
    /// The one that was asked for last at the end.
    private let works = Mutex<[(patient: PatientKey, work: ProjectView.Work)]>([])
    private let gate = KeyGate<PatientKey>()

    init(_ survey: CohortSurvey, _ uids: Pseudonyms) {
        studies = survey.studies.map { (uids.uid($0.studyInstanceUID), $0) }
        byUID = Dictionary(studies.map { ($0.new, $0.study) }, uniquingKeysWith: { first, _ in first })
        byPatient = Dictionary(grouping: survey.studies, by: \.patient.key)
    }

    /// The original study of a new UID.
    func study(_ new: UID) -> CohortStudy? { byUID[new] }

    /// The original studies of a patient.
    func studies(of patient: PatientKey) -> [CohortStudy] { byPatient[patient] ?? [] }

    /// What makes the objects of a patient: remembered, or found out now, once for all who ask meanwhile.
    func work(
        for patient: PatientKey,
        make: () async throws(ArchiveError) -> ProjectView.Work
    ) async throws(ArchiveError) -> ProjectView.Work {
        await gate.enter(patient)
        defer { gate.leave(patient) }
        let known = works.withLock { works -> ProjectView.Work? in
            guard let position = works.firstIndex(where: { $0.patient == patient }) else { return nil }
            works.append(works.remove(at: position))
            return works.last?.work
        }
        if let known { return known }
        let work = try await make()
        works.withLock { works in
            works.append((patient, work))
            if works.count > Self.workLimit { works.removeFirst() }
        }
        return work
    }
}

/// Remembers cohorts for a few seconds.
///
/// Only what is stored meanwhile shows later; another word of a patient, or another setting of the project, is another key,
/// and what is deleted is not found among the originals.
final class ViewedCohorts: Sendable {
    struct Key: Sendable, Hashable {
        let project: Project
        let consents: ConsentBook
    }

    private struct Remembered: Sendable {
        let key: Key
        let cohort: ViewedCohort
        let since: ContinuousClock.Instant
    }

    private static let lifetime: Duration = .seconds(10)
    private static let limit = 8

    private let remembered = Mutex<[Remembered]>([])
    private let gate = KeyGate<Key>()

    /// The cohort of a key: remembered, or read now, once for all who ask meanwhile.
    func cohort(
        for key: Key,
        read: () async throws(ArchiveError) -> ViewedCohort
    ) async throws(ArchiveError) -> ViewedCohort {
        await gate.enter(key)
        defer { gate.leave(key) }
        let now = ContinuousClock.now
        let known = remembered.withLock { remembered in
            remembered.removeAll { $0.since.advanced(by: Self.lifetime) <= now }
            return remembered.first { $0.key == key }?.cohort
        }
        if let known { return known }
        let cohort = try await read()
        remembered.withLock { remembered in
            remembered.append(Remembered(key: key, cohort: cohort, since: now))
            if remembered.count > Self.limit { remembered.removeFirst() }
        }
        return cohort
    }
}
