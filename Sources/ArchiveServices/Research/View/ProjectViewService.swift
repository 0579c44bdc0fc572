public import AccessControl
import ArchiveCatalog
import DICOMCore

/// Shows researchers the objects of their project without what identifies patients, made as they are asked for.
///
/// Of an answer only images are kept, in memory, for the next of their frames. Each passes the same gate as an export, with what identifies its patient in any object of the
/// cohort; what does not pass is left out. Originals are read here and go nowhere.
public final class ProjectViewService: Sendable {
    private let setup: ExportSetup
    private let projects: ProjectService
    private let retrieve: RetrieveService
    private let cohorts = ViewedCohorts()
    private let images = ViewedImageCache()

    init(_ setup: ExportSetup, projects: ProjectService, retrieve: RetrieveService) {
        self.setup = setup
        self.projects = projects
        self.retrieve = retrieve
    }

    /// The project as it is now: who has withdrawn is not in it.
    ///
    /// What was stored in the last seconds may not be, either.
    ///
    /// - Throws: `.denied`, `.notFound` for another project than the researcher's, `.conflict` for one that has ended.
    public func view(of name: String, as principal: Principal) async throws(ArchiveError) -> ProjectView {
        let project = try await projects.open(name, as: principal)
        let uids = try await project.pseudonyms(for: [CohortPatient]())
        let key = ViewedCohorts.Key(project: project.project, consents: project.consents)
        let cohort = try await cohorts.cohort(for: key) { () async throws(ArchiveError) in
            ViewedCohort(try await projects.cohort(of: project, as: principal), uids)
        }
        return ProjectView(
            project: project,
            cohort: cohort,
            uids: uids,
            setup: setup,
            retrieve: retrieve,
            images: images
        )
    }
}
