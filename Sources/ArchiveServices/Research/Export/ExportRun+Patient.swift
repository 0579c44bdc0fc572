import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Deidentification
import NIOCore
import Platform

/// The objects of one patient on their way out: what identifies the patient in any of them is known before the first leaves.
extension ExportRun {
    /// Objects that are made at the same time.
    private static let width = 2
    /// Longer objects are made twice, the second time while they leave.
    private static let keptLength = 32 << 20
    /// Instances that are asked of the catalog at a time.
    private static let pageLength = 500
    /// How long to wait for what lies in cold storage before it is looked at again.
    private static let thawInterval: Duration = .seconds(10)

    /// An object that was looked at in the first pass.
    private struct Candidate: Sendable {
        let instance: ArchivedInstance
        /// Why it stays; `nil` for one that goes on to the second pass.
        let refusal: (code: String, text: String)?
    }

    /// Sends all objects of one patient.
    mutating func send(_ studies: [CohortStudy]) async throws {
        guard let patient = studies.first?.patient else { return }
        for study in studies { try await waitUntilReadable(study.studyInstanceUID) }
        var survey = PatientSurvey()
        var patients = [patient]
        var candidates: [Candidate] = []
        for study in studies {
            for instance in try await instances(of: study.studyInstanceUID) {
                try await context.checkpoint()
                let (refusal, key) = try await look(at: instance, &survey)
                if let key, !patients.contains(where: { $0.key == key }) {
                    patients.append(CohortPatient(key))
                }
                candidates.append(Candidate(instance: instance, refusal: refusal))
            }
        }
        let pseudonyms = try await project.pseudonyms(for: patients.filter { project.mayLeave($0.key) })
        let keepsWeekday = project.project.dates == .shiftedByWeeks
        let deidentification = ObjectDeidentification(
            profile: project.profile,
            pseudonyms: pseudonyms,
            names: job.setup.names,
            leakPolicy: project.profile.leakPolicy(keepsWeekday: keepsWeekday),
            cleaner: job.setup.cleaner,
            frameLengthLimit: job.setup.frameLengthLimit
        )
        let subject = pseudonyms.patientID(patient.key)
        let digests = try await earlier?.digests(of: subject) ?? [:]
        let sent = try await send(
            candidates,
            deidentification,
            deidentification.patient(survey.identifiers),
            digests,
            subject
        )
        if sent > 0 { state.tally.patients += 1 }
        state.tally.studies += studies.count
    }

    private func waitUntilReadable(_ study: UID) async throws {
        while true {
            do throws(ArchiveError) {
                return try await job.retrieve.requireReadable(RetrieveScope(studyInstanceUID: study), as: principal)
            } catch {
                guard error.code == .frozen else { throw error }
            }
            report("waiting for cold storage")
            try await context.sleep(for: Self.thawInterval)
        }
    }

    /// The instances of a study by series and instance, in the order of their UIDs.
    private func instances(of study: UID) async throws -> [ArchivedInstance] {
        var found: [ArchivedInstance] = []
        do throws(ArchiveError) {
            while true {
                let page = try await job.retrieve.instances(
                    in: RetrieveScope(studyInstanceUID: study),
                    as: principal,
                    after: found.last,
                    limit: Self.pageLength,
                    includesHeader: false
                )
                found += page
                guard !page.isEmpty else { break }
            }
        } catch {
            // It was deleted after the cohort was chosen.
            guard error.code == .notFound else { throw error }
        }
        return found.sorted { one, other in
            (one.path.seriesInstanceUID.string, one.path.sopInstanceUID.string)
                < (other.path.seriesInstanceUID.string, other.path.sopInstanceUID.string)
        }
    }

    /// The first pass over an object: who is in it.
    private func look(
        at instance: ArchivedInstance,
        _ survey: inout PatientSurvey
    ) async throws -> (refusal: (code: String, text: String)?, patient: PatientKey?) {
        do {
            let object = try await ObjectDeidentification.survey(original(instance))
            let key = PatientKey(object.header)
            guard project.mayLeave(key) else {
                return (("consent", "the object names a patient whose consent it would need"), nil)
            }
            survey.add(object)
            return (nil, key)
        } catch let error as DeidentificationError {
            return ((error.code, error.description), nil)
        } catch let error as ArchiveError where error.code == .damaged {
            return (("damaged", "the stored object is damaged: run `cassette verify --deep`"), nil)
        }
    }

    private func original(_ instance: ArchivedInstance) -> OriginalObject {
        let (retrieve, principal) = (job.retrieve, principal)
        return OriginalObject(
            reader: {
                var chunks = try await retrieve.payload(of: instance, as: principal).makeAsyncIterator()
                return { try await chunks.next() }
            },
            ranges: { _, ranges in
                try await retrieve.gathered(retrieve.stream(instance, dataSetRanges: ranges))
            }
        )
    }

    /// The second pass: objects are made at the same time, and leave in their order.
    ///
    /// - Returns: How many have left.
    private mutating func send(
        _ candidates: [Candidate],
        _ deidentification: ObjectDeidentification,
        _ patient: ObjectDeidentification.Patient,
        _ digests: [String: [UInt8]],
        _ subject: String
    ) async throws -> Int {
        let work = PatientWork(deidentification: deidentification, patient: patient, project: project)
        var sentCount = 0
        try await withThrowingTaskGroup(of: (Int, GateVerdict).self) { group in
            var waiting = candidates.enumerated().makeIterator()
            var made: [Int: GateVerdict] = [:]
            var next = 0
            func begin() {
                guard let (position, candidate) = waiting.next() else { return }
                if let refusal = candidate.refusal {
                    group.addTask { (position, .refused(code: refusal.code, text: refusal.text)) }
                } else {
                    let object = original(candidate.instance)
                    group.addTask { (position, try await work.made(object, keeping: Self.keptLength)) }
                }
            }
            for _ in 0..<Self.width { begin() }
            while let (position, verdict) = try await group.next() {
                made[position] = verdict
                while let verdict = made.removeValue(forKey: next) {
                    try await context.checkpoint()
                    let uid = deidentification.pseudonyms.uid(candidates[next].instance.path.sopInstanceUID)
                    if try await settle(verdict, uid, digests, deidentification, subject) { sentCount += 1 }
                    next += 1
                    begin()
                }
            }
        }
        return sentCount
    }

    /// Sends what has passed, and writes down what became of it.
    ///
    /// - Returns: Whether it has left.
    private mutating func settle(
        _ verdict: GateVerdict,
        _ sopInstanceUID: UID,
        _ digests: [String: [UInt8]],
        _ deidentification: ObjectDeidentification,
        _ subject: String
    ) async throws -> Bool {
        let object: GatedObject
        switch verdict {
        case .passed(let gated): object = gated
        case .refused(let code, let text):
            try await quarantine(subject, sopInstanceUID, code, text)
            return false
        }
        let own = deidentification.pseudonyms.patientID(object.patient)
        let uids = [object.object.studyInstanceUID, object.object.seriesInstanceUID].map { $0?.string ?? "none" }
        let text = ([own] + uids + [object.object.sopInstanceUID.string + ".dcm"]).joined(separator: "/")
        guard let name = ExportName(text) else {
            try await quarantine(subject, sopInstanceUID, "name", "its new UIDs make no name of a file")
            return false
        }
        let path = target.destination.path(of: name, object.content)
        let isKnown = digests[path] == object.content.sha256
        let isThere = isKnown && !parameters.sendsAgain
        var placement = ExportPlacement.present
        if !(isThere && target.destination.keepsEarlierObjects) {
            placement = try await target.destination.put(
                ExportObject(
                    name: name,
                    content: object.content,
                    sopClassUID: object.object.sopClassUID,
                    sopInstanceUID: object.object.sopInstanceUID,
                    transferSyntax: object.transferSyntax
                )
            )
        }
        if case .refused(let reason) = placement {
            try await quarantine(subject, sopInstanceUID, "destination", reason)
            return false
        }
        try await write(.object(row(object, path, uids, subject)))
        if let headers, let table = parameters.headers {
            let header = object.object.header
            state.headersLength = try await headers.append(
                table.row(header, path: path, transferSyntaxUID: object.transferSyntax.uid.string),
                in: HeaderTable.partition(header),
                at: state.headersLength
            )
        }
        if digests[path] != nil, !isKnown { state.tally.changed += 1 }
        if isThere || placement == .present { state.tally.present += 1 }
        state.tally.objects += 1
        state.tally.bytes += object.content.length
        state.tally.frames += object.frameCount
        state.tally.add(ExportTally.actions(object.object.actions))
        report()
        return true
    }

    private func row(
        _ object: GatedObject,
        _ path: String,
        _ uids: [String],
        _ subject: String
    ) -> ExportRow.Object {
        ExportRow.Object(
            subject: subject,
            path: path,
            sha256: object.content.sha256,
            crc32: object.content.crc32,
            length: object.content.length,
            sopClassUID: object.object.sopClassUID.string,
            transferSyntaxUID: object.transferSyntax.uid.string,
            studyInstanceUID: uids[0],
            seriesInstanceUID: uids[1],
            sopInstanceUID: object.object.sopInstanceUID.string
        )
    }

    private mutating func quarantine(_ subject: String, _ uid: UID, _ code: String, _ reason: String) async throws {
        // A line is a line.
        let plain = String(String.UnicodeScalarView(reason.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        state.tally.quarantined[code, default: 0] += 1
        try await write(
            .quarantined(
                ExportRow.Quarantined(subject: subject, sopInstanceUID: uid.string, code: code, reason: plain)
            )
        )
        report()
    }

    private mutating func write(_ row: ExportRow) async throws {
        state.journalLength = try await journal.append(row.line, at: state.journalLength)
    }
}

/// What all objects of one patient are made with.
private struct PatientWork: Sendable {
    let deidentification: ObjectDeidentification
    let patient: ObjectDeidentification.Patient
    let project: OpenProject

    func made(_ original: OriginalObject, keeping limit: Int) async throws -> GateVerdict {
        do {
            return try await deidentification.gated(
                original,
                patient,
                adding: { survey in
                    let subject = deidentification.pseudonyms.patientID(deidentification.patient(of: survey.header))
                    return project.trialElements(subject: subject)
                },
                keeping: limit
            )
        } catch let error as ArchiveError where error.code == .damaged {
            return .refused(code: "damaged", text: "the stored object is damaged: run `cassette verify --deep`")
        }
    }
}

extension ExportTally {
    /// The records of an object as they are counted.
    fileprivate static func actions(_ records: [ActionRecord: Int]) -> [Action: Int] {
        var actions: [Action: Int] = [:]
        for (record, count) in records {
            let path = record.path.map { tag in
                let digits = String(tag.rawValue, radix: 16, uppercase: true)
                return String(repeating: "0", count: 8 - digits.utf8.count) + digits
            }
            let action = Action(
                path: path.joined(separator: " > "),
                action: record.action.letter,
                reason: record.reason.rawValue
            )
            actions[action, default: 0] += count
        }
        return actions
    }
}
