import Platform

/// What the last export of a project to the same place has sent there, found patient by patient.
///
/// Memory: one entry for each patient, and the paths of one patient.
struct EarlierExport: Sendable {
    private let journal: ExportJournal
    /// Where the lines of each patient lie.
    private let places: [String: Range<UInt64>]

    /// The pseudonyms of its patients.
    var subjects: Set<String> { Set(places.keys) }

    init(_ journal: ExportJournal) async throws {
        self.journal = journal
        var places: [String: Range<UInt64>] = [:]
        var rows = journal.rows(in: 0..<UInt64.max)
        while let (row, start) = try await rows.next() {
            guard case .object(let object) = row else { continue }
            let end = start + UInt64(row.line.utf8.count)
            places[object.subject] = (places[object.subject]?.lowerBound ?? start)..<end
        }
        self.places = places
    }

    /// The digests of what was sent of a patient, by path.
    func digests(of subject: String) async throws -> [String: [UInt8]] {
        guard let range = places[subject] else { return [:] }
        var digests: [String: [UInt8]] = [:]
        var rows = journal.rows(in: range)
        while let (row, _) = try await rows.next() {
            if case .object(let object) = row, object.subject == subject { digests[object.path] = object.sha256 }
        }
        return digests
    }
}
