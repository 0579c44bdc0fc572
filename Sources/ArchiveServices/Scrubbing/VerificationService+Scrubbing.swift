import ArchiveCatalog
import DICOMCore
import PackStorage

extension VerificationService {
    /// Instances that one step looks at.
    private static let scrubStep = 64

    /// How many instances there are.
    func instanceCount() async throws(ArchiveError) -> Int {
        try await unwrapped { () async throws(CatalogError) in try await catalog.counts() }.instances
    }

    /// Reads the next instances in the data folder back, and repairs what can be repaired.
    ///
    /// Every segment is opened: what opens is what was sealed when the object came. An instance whose pack lies in other
    /// stores only is not read here.
    ///
    /// - Parameters:
    ///   - position: Behind which instance to begin; `nil` for the first.
    ///   - state: What the pass has found so far.
    ///   - goesOn: Asked after each instance.
    /// - Returns: The last instance that was looked at; `nil` when there is none behind `position`.
    func scrub(
        after position: UID?,
        noting state: inout ScrubState,
        pace: @escaping PiecePace,
        goesOn: () -> Bool
    ) async throws -> UID? {
        let page = try await unwrapped { () async throws(CatalogError) in
            try await catalog.allInstances(after: position, limit: Self.scrubStep)
        }
        var report = VerificationReport()
        var last: UID?
        for record in page {
            try await scrub(record, &report, pace)
            last = record.path.sopInstanceUID
            guard goesOn() else { break }
        }
        state.checked += report.checked
        state.unread += report.unread
        state.bytes &+= report.bytes
        try await settle(report, &state)
        return last
    }

    /// Reads single instances back: those that an earlier pass found damaged.
    func scrub(_ uids: [UID], pace: @escaping PiecePace) async throws {
        var (report, state) = (VerificationReport(), ScrubState())
        for uid in uids {
            let record = try await unwrapped { () async throws(CatalogError) in try await catalog.instance(uid) }
            if let record { try await scrub(record, &report, pace) }
        }
        try await settle(report, &state)
    }

    private func settle(_ report: VerificationReport, _ state: inout ScrubState) async throws {
        var after = report
        if !report.damaged.isEmpty {
            after = try await repair(report)
            state.repaired += after.repaired.count
        }
        let damaged = Set(after.damaged.map(\.sopInstanceUID))
        condition.note(damaged: damaged)
        for uid in Set(report.damaged.map(\.sopInstanceUID)).subtracting(damaged) { condition.noteSound(uid) }
        state.note(damaged: damaged)
    }

    private func scrub(
        _ record: InstanceRecord,
        _ report: inout VerificationReport,
        _ pace: @escaping PiecePace
    ) async throws(ArchiveError) {
        report.checked += 1
        let location = RecordLocation(record.location)
        do throws(PackError) {
            let stores = try await packs.stores(of: location.packID)
            guard stores.first == .hot else {
                if stores.isEmpty { damage(record, .hot, "its pack lies in no store", &report) }
                return
            }
            try await packs.verify(location, context: PayloadContext.bytes(of: record), in: .hot, pace: pace)
            report.bytes &+= location.recordLength
            condition.noteSound(record.path.sopInstanceUID)
        } catch {
            switch error.code {
            case .cancelled: throw ArchiveError(error)
            case .packNotFound:
                // It moved or was rewritten meanwhile, unless it is still said to lie there.
                guard try await isCurrent(record) else { return }
                damage(record, .hot, error.description, &report)
            default:
                guard !error.isForNow else {
                    report.unread += 1
                    return
                }
                guard try await isCurrent(record) else { return }
                damage(record, .hot, error.description, &report)
            }
        }
    }

    /// Whether the index still says that the instance lies there.
    private func isCurrent(_ record: InstanceRecord) async throws(ArchiveError) -> Bool {
        let now = try await unwrapped { () async throws(CatalogError) in
            try await catalog.instance(record.path.sopInstanceUID)
        }
        return now?.location == record.location
    }
}
