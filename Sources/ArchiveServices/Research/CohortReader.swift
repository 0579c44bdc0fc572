import ArchiveCatalog
import DICOMCore
import Deidentification

/// Reads the studies of a cohort out of the catalog, page by page.
struct CohortReader: Sendable {
    private static let pageLength = 1_000

    let catalog: CurrentCatalog

    /// The studies that meet all conditions and may leave.
    ///
    /// - Parameter withSites: Whether the institutions are gathered, too, which takes another look at all series.
    func survey(
        _ conditions: [MatchingCondition],
        of project: OpenProject,
        withSites: Bool = false
    ) async throws(ArchiveError) -> CohortSurvey {
        var studies: [CohortStudy] = []
        var leftOut = 0
        try await forEachRow(.study, conditions) { row throws(ArchiveError) in
            guard let study = row.values[.studyInstanceUID].flatMap({ UID($0) }) else { return }
            let patient = CohortPatient(
                patientID: row.values[.patientID] ?? "",
                issuer: row.values[.issuerOfPatientID] ?? "",
                name: row.values[.patientName] ?? "",
                studyInstanceUID: study.string
            )
            guard project.mayLeave(patient.key) else {
                leftOut += 1
                return
            }
            studies.append(
                CohortStudy(
                    studyInstanceUID: study,
                    patient: patient,
                    seriesCount: Self.count(.numberOfStudyRelatedSeries, row),
                    instanceCount: Self.count(.numberOfStudyRelatedInstances, row),
                    traits: PatientTraits(row.values)
                )
            )
        }
        if withSites {
            let sites = try await sites(conditions)
            studies = studies.map { study in
                var traits = study.traits
                traits.site = sites[study.studyInstanceUID.string] ?? traits.site
                return CohortStudy(
                    studyInstanceUID: study.studyInstanceUID,
                    patient: study.patient,
                    seriesCount: study.seriesCount,
                    instanceCount: study.instanceCount,
                    traits: traits
                )
            }
        }
        return CohortSurvey(studies: studies.sorted(by: Self.isBefore), leftOutByConsent: leftOut)
    }

    /// The institution of each study; of several the first by its letters.
    private func sites(_ conditions: [MatchingCondition]) async throws(ArchiveError) -> [String: String] {
        var sites: [String: String] = [:]
        try await forEachRow(.series, conditions) { row throws(ArchiveError) in
            guard let study = row.values[.studyInstanceUID], let site = row.values[.institutionName] else { return }
            if let known = sites[study], known <= site { return }
            sites[study] = site
        }
        return sites
    }

    private func forEachRow(
        _ level: QueryLevel,
        _ conditions: [MatchingCondition],
        _ body: (CatalogRow) throws(ArchiveError) -> Void
    ) async throws(ArchiveError) {
        var query = CatalogQuery(level: level, conditions: conditions, limit: Self.pageLength)
        while true {
            let rows: [CatalogRow]
            do throws(CatalogError) {
                rows = try await catalog.find(query)
            } catch {
                throw ArchiveError(error)
            }
            for row in rows { try body(row) }
            guard rows.count == Self.pageLength, let end = rows.last?.position else { return }
            query.after = end
        }
    }

    private static func count(_ attribute: DerivedAttribute, _ row: CatalogRow) -> Int {
        row.derived[attribute].flatMap { Int($0) } ?? 0
    }

    /// By what the texts are, not by any language.
    private static func isBefore(_ one: CohortStudy, _ other: CohortStudy) -> Bool {
        let (left, right) = (one.patient.key, other.patient.key)
        if left.patientID != right.patientID { return left.patientID < right.patientID }
        if left.issuer != right.issuer { return left.issuer < right.issuer }
        return one.studyInstanceUID.string < other.studyInstanceUID.string
    }
}
