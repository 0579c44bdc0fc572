import ArchiveServices
import DICOMCore
import Deidentification

/// What became of all files.
struct DeidentificationSummary: Sendable {
    private(set) var written: [(sopInstanceUID: UID, bytes: UInt64)] = []
    private(set) var present = 0
    private(set) var skipped = 0
    /// By the number of the file, for its name may identify.
    private(set) var refused: [(number: Int, code: String, text: String)] = []
    private var actions: [ActionRecord: Int] = [:]
    private var changedFrames = 0

    mutating func take(_ outcome: DeidentificationOutcome, number: Int) {
        switch outcome {
        case .written(let uid, let bytes, let frames, let actions):
            written.append((uid, bytes))
            changedFrames += frames
            self.actions.merge(actions, uniquingKeysWith: +)
        case .present: present += 1
        case .noDICOM: skipped += 1
        case .refused(let code, let text): refused.append((number, code, text))
        }
    }

    private var bytes: UInt64 { written.reduce(0) { $0 + $1.bytes } }

    private func count(_ action: AttributeAction) -> Int {
        actions.reduce(0) { $0 + ($1.key.action == action ? $1.value : 0) }
    }

    /// The table for people.
    var lines: [String] {
        var lines = [
            "\(written.count) objects written, \(bytes >> 20) MiB; \(present) were there already, "
                + "\(skipped) files were no DICOM, \(refused.count) objects stay"
        ]
        let reasons = Dictionary(grouping: refused, by: \.code).sorted {
            ($1.value.count, $0.key) < ($0.value.count, $1.key)
        }
        for (code, objects) in reasons {
            lines.append("  \(objects.count) stay: \(code) - \(objects.first?.text ?? "")")
        }
        guard !written.isEmpty else { return lines }
        lines.append("  attributes  kept      \(count(.keep))")
        lines.append("              removed   \(count(.remove))")
        lines.append("              emptied   \(count(.empty))")
        lines.append("              replaced  \(count(.dummy))")
        lines.append("              cleaned   \(count(.clean))")
        lines.append("              mapped    \(count(.mapUID))")
        if changedFrames > 0 { lines.append("  frames cleaned        \(changedFrames)") }
        return lines
    }

    /// The members that the report and the answer to --json share.
    var members: [(String, String)] {
        [
            ("written", String(written.count)), ("bytes", String(bytes)), ("present", String(present)),
            ("noDICOM", String(skipped)), ("frames", String(changedFrames)),
            (
                "refused",
                JSONText.array(
                    refused.sorted { $0.number < $1.number }.map { refusal in
                        JSONText.object([
                            ("number", String(refusal.number)), ("code", JSONText.string(refusal.code)),
                            ("reason", JSONText.string(refusal.text)),
                        ])
                    }
                )
            ),
        ]
    }

    /// The report: every action per attribute, and every object that was written.
    func report(_ profile: DeidentificationProfile) -> String {
        let rows = actions.sorted { left, right in
            let (first, second) = (left.key.path.map(\.rawValue), right.key.path.map(\.rawValue))
            guard first == second else { return first.lexicographicallyPrecedes(second) }
            return (left.key.action.letter, left.key.reason.rawValue) < (
                right.key.action.letter, right.key.reason.rawValue
            )
        }
        let actions = rows.map { record, count in
            JSONText.object([
                ("path", JSONText.string(record.path.map(\.description).joined(separator: " > "))),
                (
                    "name",
                    JSONText.string(record.path.last.flatMap { DataElementDictionary.entry(for: $0)?.keyword } ?? "")
                ),
                ("action", JSONText.string(record.action.letter)), ("reason", JSONText.string(record.reason.rawValue)),
                ("count", String(count)),
            ])
        }
        let objects = written.map(\.sopInstanceUID).sorted().map { JSONText.string($0.string) }
        return JSONText.object(
            [
                ("program", JSONText.string("cassette " + Version.string)),
                ("profile", JSONText.string("PS3.15 E.2 Basic Application Level Confidentiality Profile, 2026d")),
                ("options", JSONText.array(profile.options.map(\.rawValue).sorted().map { JSONText.string($0) })),
            ] + members + [("actions", JSONText.array(actions)), ("objects", JSONText.array(objects))]
        ) + "\n"
    }
}
