public import AccessControl
import ArchiveCatalog
import DICOMCore
import PackStorage

/// What a compaction would do now.
public struct CompactionForecast: Sendable, Hashable {
    /// Packs of which enough is dead.
    public var deadPacks = 0
    /// Bytes of dead records in them.
    public var deadBytes: UInt64 = 0
    /// Studies with too many small packs.
    public var scatteredStudies = 0
    /// Their small packs.
    public var smallPacks = 0
    /// Packs that wait for their grace time since others have taken their place.
    public var superseded = 0
    /// Studies of which nothing is compacted because they are held.
    public var held = 0
}

extension RemovalService {
    /// Looks what a compaction would do; nothing changes.
    ///
    /// - Parameter everything: Whether any dead byte is reason enough.
    /// - Throws: `.denied`, `.unavailable`.
    public func compactionForecast(
        everything: Bool,
        as principal: Principal
    ) async throws -> CompactionForecast {
        try authorize(.administer, principal)
        var forecast = CompactionForecast()
        forecast.superseded = try await catalog.supersededPacks().count
        let bytes = Dictionary(try await catalog.deadPacks().map { (PackID($0.packID), $0.deadBytes) }) { $0 &+ $1 }
        for (study, packs) in try await deadPacks(everything: everything) {
            guard try await holds.isHeld(study) == nil else {
                forecast.held += 1
                continue
            }
            forecast.deadPacks += packs.count
            for pack in packs { forecast.deadBytes = forecast.deadBytes.addingClamped(bytes[pack] ?? 0) }
        }
        var position: StudyPosition?
        while true {
            let page = try await catalog.studyHoldings(after: position, limit: 100)
            guard let last = page.last else { return forecast }
            position = last.position
            for study in page {
                let small = smallPacks(of: study)
                guard small.count > configuration.smallPackCount else { continue }
                guard try await holds.isHeld(study.studyInstanceUID) == nil else {
                    forecast.held += 1
                    continue
                }
                forecast.scatteredStudies += 1
                forecast.smallPacks += small.count
            }
        }
    }
}
