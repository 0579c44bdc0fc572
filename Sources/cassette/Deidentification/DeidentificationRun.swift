import ArchiveServices
import DICOMCore
import DICOMPixels
import Deidentification
import Platform

/// De-identifies many files: first learns who is in them, then writes them patient by patient.
///
/// What identifies a patient in one object is looked for in all of the patient's objects.
struct DeidentificationRun: Sendable {
    /// Objects that are written at the same time.
    private static let width = 2

    let objects: ObjectDeidentification
    let folder: DeidentifiedFolder
    let pool: WorkPool
    /// The paths that were named: what is no DICOM is no error in a folder.
    let named: Set<String>

    /// One patient's files, by their numbers.
    private struct Group {
        var files: [(number: Int, path: String)] = []
        var survey = PatientSurvey()
    }

    func run(_ walk: FileWalk) async throws -> DeidentificationSummary {
        var summary = DeidentificationSummary()
        for refusal in walk.refused { Console.complain("\(Console.shown(refusal.path)): \(refusal.reason)") }
        let groups = try await survey(walk.files, &summary)
        let progress = SharedProgress(ProgressBar("Writing"))
        let total = groups.reduce(0) { $0 + $1.files.count }
        var done = 0
        for group in groups {
            let patient = objects.patient(group.survey.identifiers)
            var waiting = group.files[...]
            try await withThrowingTaskGroup(of: (Int, String, DeidentificationOutcome).self) { tasks in
                func begin() {
                    guard let (number, path) = waiting.popFirst() else { return }
                    tasks.addTask {
                        (number, path, try await deidentify(path, patient))
                    }
                }
                for _ in 0..<Self.width { begin() }
                while let (number, path, outcome) = try await tasks.next() {
                    note(outcome, path, number, &summary)
                    done += 1
                    progress.update(done: done, of: total)
                    begin()
                }
            }
        }
        progress.finish()
        return summary
    }

    /// Who is in the files; what cannot be read is told at once.
    private func survey(_ files: [String], _ summary: inout DeidentificationSummary) async throws -> [Group] {
        var groups: [PatientKey: Group] = [:]
        var order: [PatientKey] = []
        var progress = ProgressBar("Reading")
        for (number, path) in files.enumerated() {
            progress.update(done: number, of: files.count)
            do {
                let file = try PosixDisk().open(path, .read)
                defer { try? file.close() }
                let object = try await ObjectDeidentification.survey(original(file))
                let patient = objects.patient(of: object.header)
                if groups[patient] == nil { order.append(patient) }
                var group = groups.removeValue(forKey: patient) ?? Group()
                group.files.append((number, path))
                group.survey.add(object)
                groups[patient] = group
            } catch DeidentificationError.unreadable(let error) where error.code == .notDICOM {
                note(.noDICOM, path, number, &summary)
            } catch let error as DeidentificationError {
                note(.refused(code: error.code, text: error.description), path, number, &summary)
            } catch {
                note(.refused(code: "file", text: "\(error)"), path, number, &summary)
            }
        }
        progress.finish()
        return order.compactMap { groups[$0] }
    }

    private func deidentify(
        _ path: String,
        _ patient: ObjectDeidentification.Patient
    ) async throws -> DeidentificationOutcome {
        do {
            let file = try PosixDisk().open(path, .read)
            defer { try? file.close() }
            return try await objects.deidentify(original(file), patient) { try folder.begin($0) }
        } catch let error as CommandFailure {
            return .refused(code: "output", text: error.description)
        }
    }

    private func original(_ file: any DiskFile) -> OriginalObject {
        OriginalObject(
            reader: { [pool] in
                var chunks = FileChunks(file: file, pool: pool).makeAsyncIterator()
                return { try await chunks.next() }
            },
            ranges: { [pool] scanned, ranges in
                try await FileObject(file, scanned: scanned, pool: pool).read(ranges)
            }
        )
    }

    private func note(
        _ outcome: DeidentificationOutcome,
        _ path: String,
        _ number: Int,
        _ summary: inout DeidentificationSummary
    ) {
        var outcome = outcome
        if case .noDICOM = outcome, named.contains(path) {
            outcome = .refused(code: "no-dicom", text: "no DICOM object")
        }
        summary.take(outcome, number: number)
        switch outcome {
        case .refused(_, let text): Console.complain("\(Console.shown(path)): \(text)")
        case .present(let uid):
            Console.complain("\(Console.shown(path)): \(uid) is there already; --force replaces it")
        case .written, .noDICOM: break
        }
    }
}
