import Platform

/// How far an export is, kept with its job.
///
/// The registry that keeps it is sealed: the place where the export goes on names the original patient.
struct ExportState: Sendable, Hashable {
    private static let version = "export 1"

    /// What the export is doing.
    enum Phase: String, Sendable {
        /// Nothing has been made at the destination.
        case new
        case writing
        /// All objects are there; documents and the final name are not, or not known to be.
        case finishing
    }

    var phase = Phase.new
    /// What the destination goes on from.
    var position: UInt64 = 0
    /// Bytes of the list.
    var journalLength: UInt64 = 0
    /// Bytes of the rows of headers.
    var headersLength: UInt64 = 0
    /// The patient that was done last; `nil` before the first.
    var last: Place?
    /// When the export was found complete.
    var made: Timestamp?
    var tally = ExportTally()

    /// The place of a patient in the order of the cohort.
    struct Place: Sendable, Hashable {
        let patientID: String
        let issuer: String
        /// The first study of the patient.
        let studyInstanceUID: String
    }

    /// An export that begins.
    init() {}

    /// Reads what ``encoded`` has written; an export that begins for anything else.
    init(_ bytes: [UInt8]) {
        var lines = String(decoding: bytes, as: UTF8.self).utf8.split(separator: 0x0A).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard lines.first == Self.version else { return }
        lines.removeFirst()
        for line in lines {
            guard let cells = CSVText.cells(line) else { continue }
            switch (cells.first, cells.count) {
            case ("phase", 2): phase = Phase(rawValue: cells[1]) ?? .new
            case ("position", 2): position = UInt64(cells[1]) ?? 0
            case ("journal", 2): journalLength = UInt64(cells[1]) ?? 0
            case ("headers", 2): headersLength = UInt64(cells[1]) ?? 0
            case ("made", 2): made = Int64(cells[1]).map { Timestamp(microseconds: $0) }
            case ("last", 4): last = Place(patientID: cells[1], issuer: cells[2], studyInstanceUID: cells[3])
            default: tally.take(cells)
            }
        }
    }

    /// Lines of text.
    var encoded: [UInt8] {
        var lines = [["phase", phase.rawValue], ["position", String(position)], ["journal", String(journalLength)]]
        if headersLength > 0 { lines.append(["headers", String(headersLength)]) }
        if let made { lines.append(["made", String(made.microseconds)]) }
        if let last { lines.append(["last", last.patientID, last.issuer, last.studyInstanceUID]) }
        lines += tally.lines
        let text = lines.map { line in
            var text = CSVText.line(line)
            text.removeLast()
            return text
        }
        return Array(([Self.version] + text).joined(separator: "\n").utf8)
    }
}

/// What an export has done, in numbers.
struct ExportTally: Sendable, Hashable {
    /// What was done to an attribute, and why.
    struct Action: Sendable, Hashable, Comparable {
        /// Tags with the sequences around, as in `0040A730 > 0040A160`.
        let path: String
        let action: String
        let reason: String

        static func < (left: Action, right: Action) -> Bool {
            (left.path, left.action, left.reason) < (right.path, right.action, right.reason)
        }
    }

    /// Objects have so many different paths of attributes at most that are told one by one.
    private static let actionLimit = 20_000

    var patients = 0
    var studies = 0
    var objects = 0
    var bytes: UInt64 = 0
    var frames = 0
    /// Objects that the destination had already.
    var present = 0
    /// Objects whose bytes are not those of the earlier export.
    var changed = 0
    /// Studies that consent keeps back.
    var leftOut = 0
    /// Objects that stay, by the word for why.
    var quarantined: [String: Int] = [:]
    var actions: [Action: Int] = [:]

    var quarantinedCount: Int { quarantined.values.reduce(0, +) }

    mutating func add(_ found: [Action: Int]) {
        for (action, count) in found where actions.count < Self.actionLimit || actions[action] != nil {
            actions[action, default: 0] += count
        }
    }

    fileprivate var lines: [[String]] {
        let counts = [patients, studies, objects, frames, present, changed, leftOut].map(String.init)
        return [["counts"] + counts + [String(bytes)]]
            + quarantined.sorted { $0.key < $1.key }.map { ["quarantined", $0.key, String($0.value)] }
            + actions.sorted { $0.key < $1.key }.map { action, count in
                ["action", action.path, action.action, action.reason, String(count)]
            }
    }

    fileprivate mutating func take(_ cells: [String]) {
        switch (cells.first, cells.count) {
        case ("counts", 9):
            let counts = cells[1..<8].map { Int($0) ?? 0 }
            (patients, studies, objects, frames) = (counts[0], counts[1], counts[2], counts[3])
            (present, changed, leftOut) = (counts[4], counts[5], counts[6])
            bytes = UInt64(cells[8]) ?? 0
        case ("quarantined", 3): quarantined[cells[1]] = Int(cells[2])
        case ("action", 5):
            actions[Action(path: cells[1], action: cells[2], reason: cells[3])] = Int(cells[4])
        default: break
        }
    }
}
