import AccessControl
import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Deidentification
import Platform

/// The cohort of a project as its researchers see it: by new UIDs only.
public struct ProjectView: Sendable {
    /// Instances that are asked of the catalog at a time.
    private static let pageLength = 200
    /// Longer objects are made twice, the second time while they leave.
    private static let keptLength = 32 << 20
    /// Originals are read in the archive's own name, for those who may not.
    private static let reader = Principal(.administrator)

    let project: OpenProject
    let cohort: ViewedCohort
    /// Makes the same UIDs for whatever patient.
    let uids: Pseudonyms
    let setup: ExportSetup
    let retrieve: RetrieveService
    let images: ViewedImageCache

    /// What it takes to make the objects of one patient.
    struct Work: Sendable {
        let deidentification: ObjectDeidentification
        let patient: ObjectDeidentification.Patient
        let project: OpenProject
    }

    /// What makes the objects of a patient of the cohort.
    func work(for patient: CohortPatient) async throws(ArchiveError) -> Work {
        try await cohort.work(for: patient.key) { () async throws(ArchiveError) in try await newWork(for: patient) }
    }

    /// Looks through all headers of a patient's studies in the cohort.
    private func newWork(for patient: CohortPatient) async throws(ArchiveError) -> Work {
        var survey = PatientSurvey()
        var patients = [patient]
        for study in cohort.studies(of: patient.key) {
            var cursor = cursor(of: RetrieveScope(studyInstanceUID: study.studyInstanceUID))
            while let instance = try await cursor.next() {
                let header = try header(of: instance)
                let key = PatientKey(header)
                guard project.mayLeave(key) else { continue }
                survey.add(header)
                if !patients.contains(where: { $0.key == key }) { patients.append(CohortPatient(key)) }
            }
        }
        let pseudonyms = try await project.pseudonyms(for: patients.filter { project.mayLeave($0.key) })
        let deidentification = ObjectDeidentification(
            profile: project.profile,
            pseudonyms: pseudonyms,
            names: setup.names,
            leakPolicy: project.profile.leakPolicy(keepsWeekday: project.project.dates == .shiftedByWeeks),
            cleaner: setup.cleaner,
            frameLengthLimit: setup.frameLengthLimit
        )
        return Work(
            deidentification: deidentification,
            patient: deidentification.patient(survey.identifiers),
            project: project
        )
    }

    // MARK: Originals

    func cursor(of scope: RetrieveScope) -> ViewedOriginals {
        ViewedOriginals(scope: scope, retrieve: retrieve, principal: Self.reader, pageLength: Self.pageLength)
    }

    func header(of instance: ArchivedInstance) throws(ArchiveError) -> DataSet {
        let archived = try retrieve.archivedHeader(of: instance, as: Self.reader)
        do throws(DataSetError) {
            return try archived.dataSet()
        } catch {
            throw ArchiveError(unreadable: error)
        }
    }

    // MARK: New objects

    /// The objects of a scope of new UIDs.
    ///
    /// - Throws: `.notFound` for a study that is not in the cohort.
    public func objects(in scope: RetrieveScope) async throws(ArchiveError) -> ViewedObjects {
        let (study, work) = try await open(scope)
        return ViewedObjects(view: self, work: work, scope: scope, originals: cursor(of: study))
    }

    /// The image of one instance, by its new UIDs.
    ///
    /// - Throws: `.notFound`, also for one that cannot be shown without its patient.
    public func image(in scope: RetrieveScope) async throws -> ViewedImage {
        var images = try await pictures(in: scope)
        guard let image = try await images.next() else { throw Self.nothing }
        return image
    }

    /// The images of a scope of new UIDs.
    ///
    /// - Throws: `.notFound` for a study that is not in the cohort.
    public func pictures(in scope: RetrieveScope) async throws(ArchiveError) -> ViewedImages {
        let (study, work) = try await open(scope)
        return ViewedImages(view: self, work: work, scope: scope, originals: cursor(of: study))
    }

    /// A new object in another Transfer Syntax.
    ///
    /// What cannot be made is known here.
    public func transcoded(
        _ object: ViewedObject,
        _ request: TranscodingRequest
    ) async throws(ArchiveError) -> TranscodedObject {
        try await ViewedImage(object, pixels: retrieve.pixels).transcoded(request)
    }

    /// Why there is nothing to send.
    public static var nothing: ArchiveError {
        ArchiveError(.notFound, "The project has no such object, or none that can be shown without its patient")
    }

    /// The scope of originals that holds what is asked for, and what makes it.
    func open(_ scope: RetrieveScope) async throws(ArchiveError) -> (RetrieveScope, Work) {
        guard let found = cohort.study(scope.studyInstanceUID) else {
            throw ArchiveError(.notFound, "The project has no such study")
        }
        let study = RetrieveScope(studyInstanceUID: found.studyInstanceUID)
        return (study, try await work(for: found.patient))
    }

    /// Whether an original is in a scope of new UIDs.
    func isWithin(_ instance: ArchivedInstance, _ scope: RetrieveScope) -> Bool {
        let path = instance.path
        return uids.uid(path.studyInstanceUID) == scope.studyInstanceUID
            && scope.seriesInstanceUID.map { $0 == uids.uid(path.seriesInstanceUID) } ?? true
            && scope.sopInstanceUID.map { $0 == uids.uid(path.sopInstanceUID) } ?? true
    }

    /// The new object; `nil` when it is to be left out.
    func object(_ instance: ArchivedInstance, _ work: Work) async throws -> ViewedObject? {
        guard project.mayLeave(PatientKey(try header(of: instance))) else { return nil }
        let (retrieve, reader) = (retrieve, Self.reader)
        let original = OriginalObject(
            reader: {
                var chunks = try await retrieve.payload(of: instance, as: reader).makeAsyncIterator()
                return { try await chunks.next() }
            },
            ranges: { _, ranges in try await retrieve.gathered(retrieve.stream(instance, dataSetRanges: ranges)) }
        )
        let verdict = try await work.deidentification.gated(
            original,
            work.patient,
            adding: { work.trialElements($0.header) },
            keeping: Self.keptLength
        )
        guard case .passed(let gated) = verdict, let study = gated.object.studyInstanceUID,
            let series = gated.object.seriesInstanceUID
        else { return nil }
        return ViewedObject(
            path: InstancePath(
                studyInstanceUID: study,
                seriesInstanceUID: series,
                sopInstanceUID: gated.object.sopInstanceUID
            ),
            transferSyntax: gated.transferSyntax,
            content: gated.content
        )
    }

    /// The new object with its frames; `nil` when it is to be left out.
    func image(_ instance: ArchivedInstance, _ work: Work) async throws -> ViewedImage? {
        // Asked each time: what is kept may be of somebody who has withdrawn since.
        guard project.mayLeave(PatientKey(try header(of: instance))) else { return nil }
        let key = ViewedImageCache.Key(
            recordID: instance.record.location.recordID,
            project: project.project,
            identifiers: work.patient.identifiers
        )
        return try await images.image(for: key) {
            guard let object = try await object(instance, work) else { return nil }
            return try await ViewedImage(object, pixels: retrieve.pixels)
        }
    }

    /// The new header, without bulk; `nil` when it is to be left out.
    func header(_ instance: ArchivedInstance, _ work: Work) throws(ArchiveError) -> DataSet? {
        let original = try header(of: instance)
        guard project.mayLeave(PatientKey(original)) else { return nil }
        return work.deidentification.header(
            original,
            instance.transferSyntax,
            work.patient,
            adding: work.trialElements(original)
        )
    }
}

extension ProjectView.Work {
    /// What a new object says of the trial.
    fileprivate func trialElements(_ original: DataSet) -> DataSet {
        project.trialElements(subject: deidentification.pseudonyms.patientID(deidentification.patient(of: original)))
    }
}

/// Original instances with their headers, one by one.
struct ViewedOriginals: Sendable {
    let scope: RetrieveScope
    let retrieve: RetrieveService
    let principal: Principal
    let pageLength: Int
    private var page: ArraySlice<ArchivedInstance> = []
    private var last: ArchivedInstance?
    private var isAtEnd = false

    init(scope: RetrieveScope, retrieve: RetrieveService, principal: Principal, pageLength: Int) {
        self.scope = scope
        self.retrieve = retrieve
        self.principal = principal
        self.pageLength = pageLength
    }

    /// The next one; `nil` at the end.
    mutating func next() async throws(ArchiveError) -> ArchivedInstance? {
        if page.isEmpty, !isAtEnd {
            do throws(ArchiveError) {
                page = try await retrieve.instances(
                    in: scope,
                    as: principal,
                    after: last,
                    limit: pageLength,
                    includesHeader: true
                )[...]
            } catch {
                // It was deleted after the cohort was chosen.
                guard error.code == .notFound else { throw error }
            }
        }
        let next = page.popFirst()
        last = next ?? last
        isAtEnd = next == nil
        return next
    }
}
