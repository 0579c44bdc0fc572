public import AccessControl
public import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform

/// Where studies lie and where they are to lie: dry runs, the job that moves, and how things stand.
public final class LifecycleService: Sendable {
    /// Studies that a dry run names.
    public static let namedStudies = 1_000

    private let policy: AccessPolicy
    private let setup: LifecycleSetup
    private let survey: StudySurvey
    private let jobs: JobRunner
    private let clock: any WallClock
    private let logger: Logger

    init(
        policy: AccessPolicy,
        setup: LifecycleSetup,
        survey: StudySurvey,
        jobs: JobRunner,
        clock: any WallClock,
        logger: Logger
    ) {
        self.policy = policy
        self.setup = setup
        self.survey = survey
        self.jobs = jobs
        self.clock = clock
        self.logger = logger
        let job = MoveJob(
            rules: setup.rules,
            placement: setup.placement,
            survey: survey,
            mover: setup.mover,
            space: setup.space,
            rate: setup.rate,
            clock: clock,
            logger: logger
        )
        jobs.add(job, schedule: setup.rules.isEmpty ? JobSchedule() : setup.schedule)
    }

    /// The stores, the data folder first.
    ///
    /// - Throws: `.denied`.
    public func stores(as principal: Principal) throws(ArchiveError) -> [StoreDescription] {
        try authorize(principal)
        return stores
    }

    private var stores: [StoreDescription] { [.hot] + setup.stores }

    /// What the rules would do now; nothing moves.
    ///
    /// - Parameter progress: Called after each page with the studies that were looked at.
    /// - Throws: `.denied`, `.badRequest` without rules, `.unavailable`; what `progress` throws.
    public func plan(
        as principal: Principal,
        progress: (Int) async throws -> Void = { _ in }
    ) async throws -> MovePlan {
        try authorize(principal)
        try requireRules()
        let (free, total) = try await setup.space()
        var evaluation = RuleEvaluation(
            rules: setup.rules,
            placement: setup.placement,
            now: clock.now(),
            freeBytes: free,
            volumeLength: total
        )
        var plan = MovePlan(rules: setup.rules, stores: stores, studyLimit: Self.namedStudies)
        var position: StudyPosition?
        while let (studies, end) = try await survey.page(after: position) {
            for study in studies { plan.note(study, evaluation.verdict(on: study)) }
            position = end
            try await progress(plan.examined)
        }
        return plan
    }

    /// Starts the job that does what the rules say, or joins the one that does.
    public func run(as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        try requireRules()
        return try await jobs.start(MoveJob.identifier, as: principal)
    }

    /// How the stores stand.
    ///
    /// Looks at every study once.
    public func status(as principal: Principal) async throws -> TierStatus {
        try authorize(principal)
        var status = TierStatus(stores: stores)
        for store in stores where store.name != .hot {
            for total in try await setup.places.totals(of: store.name) { status.note(total, in: store.name) }
        }
        var position: StudyPosition?
        while let (studies, end) = try await survey.page(after: position) {
            for study in studies { status.note(study) }
            position = end
        }
        let all = try await jobs.jobs(as: principal, endedLimit: 500)
        status.jobs = all.filter { [MoveJob.identifier, RecallJob.identifier].contains($0.kind) && !$0.state.isEnd }
        status.lastMove = all.first { $0.kind == MoveJob.identifier && $0.state.isEnd }
        return status
    }

    /// Goes on, again and again, with moves that are under way, until the task is cancelled.
    func settle() async {
        guard !setup.stores.isEmpty else { return }
        while !Task.isCancelled {
            do {
                try await setup.mover.settle()
                try await Task.sleep(for: setup.settleInterval)
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "moves cannot be gone on with; it will be tried again",
                    metadata: [LogKeys.error: "\(error)"]
                )
                // Cancelled: the condition ends the loop.
                try? await Task.sleep(for: setup.settleInterval)
            }
        }
    }

    /// Refuses what makes no sense without rules.
    ///
    /// - Throws: `.badRequest`.
    public func requireRules() throws(ArchiveError) {
        guard !setup.rules.isEmpty else {
            throw ArchiveError(.badRequest, "There are no rules: write them under 'rules' in the configuration file")
        }
    }

    private func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not see or change where studies lie")
        }
    }
}

/// How the stores of an archive stand.
public struct TierStatus: Sendable, Hashable {
    /// One store.
    public struct Store: Sendable, Hashable {
        /// What it is.
        public let description: StoreDescription
        /// Studies with a pack there.
        public var studies = 0
        /// Packs that may be relied on.
        public var packs = 0
        /// Bytes of those packs.
        public var bytes: UInt64 = 0
        /// Packs on their way in.
        public var arriving = 0
        /// Packs on their way out.
        public var leaving = 0
    }

    /// The stores, the data folder first.
    public private(set) var stores: [Store]
    /// Jobs that move or recall packs and have not ended.
    public internal(set) var jobs: [JobRecord] = []
    /// The last run of the rules that has ended.
    public internal(set) var lastMove: JobRecord?
    /// Studies of the archive.
    public private(set) var studies = 0
    /// Packs that lie in stores that the configuration does not name.
    public private(set) var packsElsewhere = 0

    init(stores: [StoreDescription]) {
        self.stores = stores.map { Store(description: $0) }
    }

    mutating func note(_ total: PackPlaceTotal, in store: StoreName) {
        guard let index = index(of: store) else { return }
        switch total.state {
        case .copying: stores[index].arriving += total.packCount
        case .verified: break
        case .retiring, .removing: stores[index].leaving += total.packCount
        }
    }

    mutating func note(_ study: StudyFacts) {
        studies += 1
        var seen: Set<StoreName> = []
        for pack in study.packs {
            for store in pack.stores {
                guard let index = index(of: store) else {
                    packsElsewhere += 1
                    continue
                }
                stores[index].packs += 1
                stores[index].bytes = stores[index].bytes.addingClamped(pack.bytes)
                if seen.insert(store).inserted { stores[index].studies += 1 }
            }
            if pack.isLeavingHot, let index = index(of: .hot) { stores[index].leaving += 1 }
        }
    }

    private func index(of store: StoreName) -> Int? {
        stores.firstIndex { $0.description.name == store }
    }
}
