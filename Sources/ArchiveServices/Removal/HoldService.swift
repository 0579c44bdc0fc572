public import AccessControl
public import ArchiveCatalog
public import DICOMCore
import Logging
public import Platform

/// Legal holds and retention periods: what is under one is neither deleted nor shredded.
public final class HoldService: StudyHolds {
    private static let pageLength = 200

    private let policy: AccessPolicy
    private let registry: any RemovalRegistry
    private let catalog: any Catalog
    private let clock: any WallClock
    private let logger: Logger
    /// Periods that follow from what a study is.
    private let retention: [RetentionRule]

    init(
        policy: AccessPolicy,
        registry: any RemovalRegistry,
        catalog: any Catalog,
        retention: [RetentionRule],
        clock: any WallClock,
        logger: Logger
    ) {
        self.policy = policy
        self.registry = registry
        self.catalog = catalog
        self.retention = retention
        self.clock = clock
        self.logger = logger
    }

    /// Places a hold on a study, or changes the one of the same kind.
    ///
    /// - Parameter until: When it ends by itself; a retention period needs one. `nil`: not before it is released.
    /// - Throws: `.denied`; `.badRequest` for a time that is over or a reason that is empty.
    @discardableResult
    public func hold(
        _ study: UID,
        kind: Hold.Kind = .legal,
        reason: String,
        until: Timestamp?,
        as principal: Principal
    ) async throws(ArchiveError) -> Hold {
        try authorize(principal)
        let now = clock.now()
        guard !reason.isEmpty else { throw ArchiveError(.badRequest, "A hold needs a reason") }
        guard kind == .legal || until != nil else {
            throw ArchiveError(.badRequest, "A retention period needs a date")
        }
        guard until.map({ now < $0 }) ?? true else {
            throw ArchiveError(.badRequest, "The time of the hold is over already")
        }
        let hold = Hold(
            studyInstanceUID: study,
            kind: kind,
            reason: String(reason.prefix(200)),
            owner: principal.name,
            placedAt: now,
            until: until
        )
        // A period that was promised is not made shorter.
        if kind == .retention, let known = try await kept(study).first(where: { $0.kind == .retention }),
            known.isInForce(at: now), known.until.map({ end in until.map { $0 < end } ?? false }) ?? true
        {
            throw ArchiveError(.conflict, "The study is kept longer than that already: release that period first")
        }
        try await unwrapped { () async throws(RegistryError) in try await registry.save(hold) }
        logger.notice("a hold was placed on a study", metadata: [LogKeys.reason: "\(kind.rawValue)"])
        return hold
    }

    /// Releases a hold; whether there was one.
    @discardableResult
    public func release(
        _ study: UID,
        kind: Hold.Kind = .legal,
        as principal: Principal
    ) async throws(ArchiveError) -> Bool {
        try authorize(principal)
        let found = try await unwrapped { () async throws(RegistryError) in
            try await registry.removeHold(of: kind, on: study)
        }
        if found { logger.notice("a hold was released", metadata: [LogKeys.reason: "\(kind.rawValue)"]) }
        return found
    }

    /// What forbids to delete a study now; `nil` when nothing does.
    public func isHeld(_ study: UID) async throws(ArchiveError) -> Hold? {
        let now = clock.now()
        if let hold = try await kept(study).first(where: { $0.isInForce(at: now) }) { return hold }
        guard !retention.isEmpty else { return nil }
        return try await retentionByRule(study).flatMap { $0.isInForce(at: now) ? $0 : nil }
    }

    /// Those of these studies that are held.
    public func heldStudies(among studies: [UID]) async throws(ArchiveError) -> Set<UID> {
        var held: Set<UID> = []
        for study in studies where try await isHeld(study) != nil { held.insert(study) }
        return held
    }

    /// Holds in force, in the order of study and kind, behind `last`; those that follow from rules are not listed.
    public func holds(
        after last: Hold? = nil,
        limit: Int = 200,
        as principal: Principal
    ) async throws(ArchiveError) -> [Hold] {
        try authorize(principal)
        let now = clock.now()
        var found: [Hold] = []
        var last = last
        while found.count < limit {
            let after = last
            let page = try await unwrapped { () async throws(RegistryError) in
                try await registry.holds(after: after, limit: Self.pageLength)
            }
            guard let end = page.last else { break }
            found += page.filter { $0.isInForce(at: now) }
            last = end
        }
        return Array(found.prefix(limit))
    }

    /// All studies under a hold that somebody has placed.
    func heldStudies() async throws(ArchiveError) -> [UID] {
        let now = clock.now()
        var found: [UID] = []
        var last: Hold?
        while true {
            let after = last
            let page = try await unwrapped { () async throws(RegistryError) in
                try await registry.holds(after: after, limit: Self.pageLength)
            }
            guard let end = page.last else { return found }
            found += page.filter { $0.isInForce(at: now) }.map(\.studyInstanceUID)
            last = end
        }
    }

    private func kept(_ study: UID) async throws(ArchiveError) -> [Hold] {
        try await unwrapped { () async throws(RegistryError) in try await registry.holds(on: study) }
    }

    /// The period that the rules give a study that is there; the longest one.
    private func retentionByRule(_ study: UID) async throws(ArchiveError) -> Hold? {
        guard let attribute = CatalogAttribute.forTag(.studyInstanceUID) else { return nil }
        var query = CatalogQuery(
            level: .study,
            conditions: [MatchingCondition(.attribute(attribute), .values([study.string]))]
        )
        query.limit = 1
        let row: CatalogRow?
        do throws(CatalogError) {
            row = try await catalog.find(query).first
        } catch {
            throw ArchiveError(error)
        }
        guard let row else { return nil }
        return retention.compactMap { $0.hold(on: study, row) }.max { left, right in
            guard let left = left.until else { return false }
            return right.until.map { left < $0 } ?? true
        }
    }

    private func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not work on holds")
        }
    }

    private func unwrapped<Answer>(
        _ question: () async throws(RegistryError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(RegistryError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }
}

/// A period for which studies of some kind are kept, counted from the day of the study.
public struct RetentionRule: Sendable, Hashable {
    /// Modalities of which a study has at least one; empty for all.
    public let modalities: Set<String>
    /// Days behind Study Date; a study without date is kept for good.
    public let days: Int

    /// Makes a rule.
    public init(modalities: Set<String> = [], days: Int) {
        self.modalities = modalities
        self.days = days
    }

    /// What the rule asks for a study; `nil` when it is of another kind.
    func hold(on study: UID, _ row: CatalogRow) -> Hold? {
        let found = Set((row.derived[.modalitiesInStudy] ?? "").split(separator: "\\").map(String.init))
        guard modalities.isEmpty || !found.isDisjoint(with: modalities) else { return nil }
        let start = row.values[.studyDate].flatMap { DICOMDate($0) }.map {
            Timestamp(microseconds: Int64($0.daysSince1970) * 86_400_000_000)
        }
        return Hold(
            studyInstanceUID: study,
            kind: .retention,
            reason: "studies of this kind are kept \(days) days",
            owner: "rule",
            placedAt: start ?? Timestamp(microseconds: 0),
            until: start?.advanced(by: .seconds(86_400 * Int64(days)))
        )
    }
}
