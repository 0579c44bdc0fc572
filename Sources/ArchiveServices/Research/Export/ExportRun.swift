import AccessControl
import ArchiveCatalog
import DICOMCore
import Deidentification
import Logging
import Platform
import Sealing

/// An export at work: what is open, and how far it is.
struct ExportRun {
    /// How often what was sent is made durable and kept, in seconds of the wall clock.
    private static let saveInterval: Duration = .seconds(2)

    let job: ExportJob
    let parameters: ExportParameters
    let target: ExportSetup.Target
    let context: JobContext
    let principal = Principal(.administrator)
    var project: OpenProject
    var state: ExportState
    var journal: ExportJournal
    /// Rows of headers; `nil` where nobody wants a table.
    let headers: HeaderSpool?
    let earlierID: RandomID?
    let earlier: EarlierExport?
    /// Instances that the whole cohort has.
    var total = 0
    private var savedAt: Timestamp

    init(
        _ job: ExportJob,
        _ parameters: ExportParameters,
        _ target: ExportSetup.Target,
        _ context: JobContext
    ) async throws {
        self.job = job
        self.parameters = parameters
        self.target = target
        self.context = context
        state = ExportState(context.resumption)
        project = try await job.projects.open(parameters.project, as: principal)
        journal = try await ExportJournal.open(
            job.setup.folder(of: context.id),
            cutAt: state.journalLength,
            disk: job.setup.disk,
            pool: job.setup.pool
        )
        let projectID = project.project.id
        earlierID = try await job.setup.lastExport(of: projectID, to: parameters.destination)
        if let earlierID, earlierID != context.id {
            let folder = job.setup.folder(of: earlierID)
            let list = try await ExportJournal.existing(folder, disk: job.setup.disk, pool: job.setup.pool)
            earlier = try await list.asyncMap { try await EarlierExport($0) }
        } else {
            earlier = nil
        }
        // An export that has ended has taken its rows away.
        if let table = parameters.headers, earlierID != context.id {
            headers = try await HeaderSpool(table, beside: journal, cutAt: state.headersLength)
        } else {
            headers = nil
        }
        savedAt = job.clock.now()
    }

    mutating func run() async throws {
        // It has ended, and the process ended before its job could tell.
        guard earlierID != context.id else { return try await end() }
        try await target.destination.begin(context.id, at: state.phase == .new ? nil : state.position)
        if state.phase == .new {
            state.phase = .writing
            try await keep()
        }
        if state.phase == .writing {
            try await sendAll()
            state.phase = .finishing
            state.made = job.clock.now()
            try await keep()
        }
        try await finish()
    }

    private mutating func sendAll() async throws {
        report("choosing the cohort")
        let cohort = try await job.projects.cohort(of: project, query: parameters.query, as: principal)
        total = cohort.instanceCount
        state.tally.leftOut = cohort.leftOutByConsent
        var rest = cohort.studies[...]
        while let first = rest.first {
            let studies = rest.prefix { $0.patient.key == first.patient.key }
            rest = rest.dropFirst(studies.count)
            let place = ExportState.Place(first)
            if let last = state.last, !last.isBefore(place) { continue }
            try await context.checkpoint()
            // What was said since the export began counts, too.
            if isTimeToSave { project = try await job.projects.open(parameters.project, as: principal) }
            if project.mayLeave(first.patient.key) {
                try await send(Array(studies))
            } else {
                state.tally.leftOut += studies.count
            }
            state.last = place
            if isTimeToSave { try await keep() }
        }
    }

    private var isTimeToSave: Bool {
        let now = job.clock.now()
        return savedAt.advanced(by: Self.saveInterval) <= now || now < savedAt
    }

    /// Makes durable what was sent, and keeps where to go on.
    private mutating func keep() async throws {
        state.position = try await target.destination.settle()
        try await journal.synchronize()
        try await headers?.synchronize()
        try await context.save(state.encoded)
        savedAt = job.clock.now()
        report()
    }

    func report(_ message: String = "") {
        let tally = state.tally
        var progress = JobProgress(done: tally.objects + tally.quarantinedCount, total: total, unit: "objects")
        if total == 0 { progress.total = progress.done }
        progress.bytes = tally.bytes
        progress.failures = tally.quarantinedCount
        progress.message = message
        context.report(progress)
    }

    // MARK: The end

    private mutating func finish() async throws {
        report("writing the report")
        let documents = try await documents()
        let files = ExportedFiles(journal.rows(in: 0..<state.journalLength))
        try await target.destination.finish(documents, files: files)
        try await job.setup.remember(
            context.id,
            of: project.project.id,
            to: parameters.destination,
            instead: earlierID
        )
        try await end()
        job.logger.notice(
            "a de-identified export has ended",
            metadata: [
                "export": "\(context.id.hex)", LogKeys.count: "\(state.tally.objects)",
                LogKeys.byteCount: "\(state.tally.bytes)", "quarantined": "\(state.tally.quarantinedCount)",
            ]
        )
    }

    /// Takes away what lies at the export's place now.
    private func end() async throws {
        if parameters.headers != nil {
            try await HeaderSpool.remove(in: journal.folder, disk: job.setup.disk, pool: job.setup.pool)
        }
        report()
    }

    private func documents() async throws -> [ExportDocument] {
        let all = 0..<state.journalLength
        let manifest = try await journal.write(ExportJournal.manifestName) { write in
            try await write(CSVText.line(ExportRow.Object.columns))
            var rows = journal.rows(in: all)
            while let (row, _) = try await rows.next() {
                if case .object(let object) = row { try await write(CSVText.line(object.cells)) }
            }
        }
        var listed: [ExportRow.Quarantined] = []
        let quarantine = try await journal.write(ExportJournal.quarantineName) { write in
            try await write(CSVText.line(ExportRow.Quarantined.columns))
            var rows = journal.rows(in: all)
            while let (row, _) = try await rows.next() {
                guard case .quarantined(let object) = row else { continue }
                if listed.count < ExportReport.listLimit { listed.append(object) }
                try await write(CSVText.line(object.cells))
            }
        }
        let tables = try await headers?.documents(until: state.headersLength) ?? []
        let missing = try await missingSubjects()
        let report = ExportReport(
            project: project.project,
            profile: project.profile,
            exportID: context.id,
            program: job.setup.program,
            digests: job.setup.digests,
            tally: state.tally,
            destination: target.kind,
            manifest: manifest,
            quarantine: quarantine,
            headers: tables,
            quarantined: listed,
            withdrawn: missing.withdrawn,
            gone: missing.gone
        )
        let signer = try await job.keyring.certificateSigner()
        let made = state.made ?? job.clock.now()
        let certificate = try signer.sign(kind: ExportReport.kind, made: made, fields: report.fields)
        let json = try await journal.write(ExportJournal.reportName) { try await $0(certificate.json) }
        let page = try await journal.write(ExportJournal.pageName) { try await $0(ExportPage.html(certificate)) }
        return [manifest, quarantine] + tables + [json, page]
    }

    /// Who was in the last export to this place and is not in this one.
    private func missingSubjects() async throws -> (withdrawn: [String], gone: [String]) {
        guard let earlier else { return ([], []) }
        var subjects = earlier.subjects
        var rows = journal.rows(in: 0..<state.journalLength)
        while let (row, _) = try await rows.next() {
            switch row {
            case .object(let object): subjects.remove(object.subject)
            case .quarantined(let object): subjects.remove(object.subject)
            }
        }
        let project = try await job.projects.open(parameters.project, as: principal)
        var missing: (withdrawn: [String], gone: [String]) = ([], [])
        for subject in subjects.sorted() {
            if try await job.projects.isWithdrawn(subject, in: project) {
                missing.withdrawn.append(subject)
            } else {
                missing.gone.append(subject)
            }
        }
        return missing
    }
}

extension ExportState.Place {
    /// The place of a patient whose first study this is.
    init(_ study: CohortStudy) {
        let patient = study.patient.key
        self.init(
            patientID: patient.patientID,
            issuer: patient.issuer,
            // Without Patient ID each study is a patient of its own.
            studyInstanceUID: patient.patientID.isEmpty ? study.studyInstanceUID.string : ""
        )
    }

    /// The order of the cohort.
    func isBefore(_ other: ExportState.Place) -> Bool {
        (patientID, issuer, studyInstanceUID) < (other.patientID, other.issuer, other.studyInstanceUID)
    }
}

extension ProjectService {
    /// Whether the patient of a pseudonym may leave no more: consent was withdrawn, with which the tie may be cut.
    func isWithdrawn(_ pseudonym: String, in open: OpenProject) async throws(ArchiveError) -> Bool {
        let token = open.keys.lookupToken(of: pseudonym)
        let row = try await answer { () async throws(RegistryError) in
            try await registry.mappingRow(lookup: token, in: open.project.id)
        }
        guard let row, !row.sealed.isEmpty else { return true }
        let patient = try open.keys.open(row)
        return !open.mayLeave(
            PatientKey(
                patientID: patient.patientID,
                issuer: patient.issuer,
                studyInstanceUID: patient.studyInstanceUID
            )
        )
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Result>(_ body: (Wrapped) async throws -> Result) async throws -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
