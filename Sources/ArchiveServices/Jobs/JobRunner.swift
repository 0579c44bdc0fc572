public import AccessControl
public import ArchiveCatalog
public import Logging
import Metrics
public import Platform
import Synchronization

/// Long work: queued, done one piece at a time, and gone on with after a restart.
public final class JobRunner: Sendable {
    /// Who asks for what begins by a schedule.
    public static let schedulePrincipal = "schedule"
    /// How long jobs that have ended are kept to be looked at.
    private static let memory: Duration = .seconds(90 * 86_400)

    struct State {
        var kinds: [String: any JobKind] = [:]
        var schedules: [String: JobSchedule] = [:]
        var live: [RandomID: LiveJob] = [:]
        /// When a job of that kind was begun by its schedule last.
        var lastBegins: [String: Timestamp] = [:]
        var lastCleaning: Timestamp?
        var wake: AsyncStream<Void>.Continuation?
    }

    let state = Mutex(State())
    let registry: any JobRegistry
    let policy: AccessPolicy
    let clock: any WallClock
    private let random: any RandomSource
    private let logger: Logger
    /// How long a job waits whose record cannot be written, before it tries again.
    private let patience: Duration
    private let enqueuing = KeyGate<String>()

    /// Makes a runner without kinds; nothing works before ``run(every:)``.
    public init(
        registry: any JobRegistry,
        policy: AccessPolicy = AccessPolicy(),
        clock: any WallClock,
        random: any RandomSource,
        logger: Logger,
        patience: Duration = .seconds(1)
    ) {
        self.registry = registry
        self.policy = policy
        self.clock = clock
        self.random = random
        self.logger = logger
        self.patience = patience
    }

    /// Makes a kind of work known, and when it begins by itself.
    public func add(_ kind: any JobKind, schedule: JobSchedule = JobSchedule()) {
        state.withLock { state in
            state.kinds[kind.identifier] = kind
            state.schedules[kind.identifier] = schedule
        }
    }

    /// Asks for a job; one of the same kind with the same parameters that has not ended is taken for it.
    ///
    /// - Throws: `.denied`, `.notFound` for an unknown kind, `.unavailable`.
    public func start(
        _ kind: String,
        parameters: [UInt8] = [],
        as principal: Principal
    ) async throws(ArchiveError) -> JobRecord {
        try authorize(principal)
        return try await enqueue(kind, parameters: parameters, for: principal.name)
    }

    /// Asks for a job that the archive itself needs.
    func enqueue(
        _ kind: String,
        parameters: [UInt8],
        for name: String
    ) async throws(ArchiveError) -> JobRecord {
        guard state.withLock({ $0.kinds[kind] != nil }) else {
            throw ArchiveError(.notFound, "There are no jobs of this kind")
        }
        // Readers of one study ask at the same instant: the second must see the job of the first.
        await enqueuing.enter(kind)
        defer { enqueuing.leave(kind) }
        do throws(RegistryError) {
            let open = try await registry.openJobs()
            if let same = open.first(where: { $0.kind == kind && $0.parameters == parameters }) {
                return current(same)
            }
            let job = JobRecord(
                id: RandomID(random: random),
                kind: kind,
                parameters: parameters,
                principal: name,
                created: clock.now()
            )
            try await registry.save(job)
            wake()
            return job
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Works on what is queued, and on what an earlier process left, until the task is cancelled.
    ///
    /// Jobs that work then stop at their next checkpoint and go on at the next start.
    ///
    /// - Parameter interval: How often schedules are looked at.
    public func run(every interval: Duration = .seconds(15)) async {
        let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.wake = continuation }
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    continuation.yield()
                    // Cancelled: the condition ends the loop.
                    try? await Task.sleep(for: interval)
                }
                continuation.finish()
            }
            for await _ in wakes {
                for (live, kind) in await begin() {
                    group.addTask { await self.work(live, kind, waits: true) }
                }
            }
            group.cancelAll()
        }
        state.withLock { $0.wake = nil }
    }

    /// Works on one job in the task of the caller: where no ``run(every:)`` is.
    ///
    /// - Parameter progress: Told of the job a few times a second.
    /// - Returns: The job as it ended or stopped.
    public func runToEnd(
        _ id: RandomID,
        progress: @escaping @Sendable (JobRecord) -> Void = { _ in }
    ) async throws(ArchiveError) -> JobRecord {
        let record = try await stored(id)
        guard let kind = state.withLock({ $0.kinds[record.kind] }) else {
            throw ArchiveError(.notFound, "There are no jobs of this kind")
        }
        let live = LiveJob(record, savedAt: clock.now())
        state.withLock { $0.live[id] = live }
        await withTaskGroup { group in
            group.addTask { await self.work(live, kind, waits: false) }
            group.addTask {
                while !Task.isCancelled {
                    progress(live.record)
                    try? await Task.sleep(for: .milliseconds(200))
                }
            }
            await group.next()
            group.cancelAll()
        }
        progress(live.record)
        return live.record
    }

    /// Looks at the queue again, soon.
    func wake() {
        _ = state.withLock { $0.wake?.yield() }
    }

    /// The jobs that are to work now, marked as live.
    private func begin() async -> [(LiveJob, any JobKind)] {
        let now = clock.now()
        do throws(RegistryError) {
            try await clean(now)
            try await enqueueDue(now)
            // Who is live now may end while the registry is read, which then still tells of it as running.
            let busy = state.withLock { Set($0.live.keys) }
            let open = try await registry.openJobs()
            return state.withLock { state in Self.begin(open.filter { !busy.contains($0.id) }, &state, now) }
        } catch {
            logger.error("jobs cannot be looked at; it will be tried again", metadata: [LogKeys.error: "\(error)"])
            return []
        }
    }

    private static func begin(
        _ open: [JobRecord],
        _ state: inout State,
        _ now: Timestamp
    ) -> [(LiveJob, any JobKind)] {
        var working: [String: Int] = [:]
        for job in state.live.values { working[job.record.kind, default: 0] += 1 }
        var begun: [(LiveJob, any JobKind)] = []
        for record in open where record.state != .paused && state.live[record.id] == nil {
            guard let kind = state.kinds[record.kind], working[record.kind, default: 0] < kind.simultaneousCount,
                hours(of: record, state)?.contains(now) ?? true
            else { continue }
            working[record.kind, default: 0] += 1
            let live = LiveJob(record, savedAt: now)
            state.live[record.id] = live
            begun.append((live, kind))
        }
        return begun
    }

    /// The hours in which a job may work; what somebody asked for may at any time.
    private static func hours(of record: JobRecord, _ state: State) -> TimeWindow? {
        record.principal == schedulePrincipal ? state.schedules[record.kind]?.hours : nil
    }

    /// Queues what begins by its schedule.
    private func enqueueDue(_ now: Timestamp) async throws(RegistryError) {
        let scheduled = state.withLock { state in
            state.schedules.filter { $0.value.interval != nil && state.kinds[$0.key] != nil }
        }
        guard !scheduled.isEmpty else { return }
        let known = state.withLock { $0.lastBegins }
        for (kind, schedule) in scheduled.sorted(by: { $0.key < $1.key }) {
            var last = known[kind]
            if last == nil {
                let ended = try await registry.endedJobs(ofKind: kind, limit: 1_000)
                last = ended.filter { $0.principal == Self.schedulePrincipal }.map(\.created).max()
            }
            guard schedule.isDue(now, last: last) else {
                if let last { state.withLock { $0.lastBegins[kind] = last } }
                continue
            }
            state.withLock { $0.lastBegins[kind] = now }
            let open = try await registry.openJobs()
            guard !open.contains(where: { $0.kind == kind }) else { continue }
            try await registry.save(
                JobRecord(
                    id: RandomID(random: random),
                    kind: kind,
                    parameters: [],
                    principal: Self.schedulePrincipal,
                    created: now
                )
            )
        }
    }

    /// Forgets, once a day, what ended long ago.
    private func clean(_ now: Timestamp) async throws(RegistryError) {
        let isDue = state.withLock { state in
            guard state.lastCleaning.map({ $0.advanced(by: .seconds(86_400)) <= now }) ?? true else { return false }
            state.lastCleaning = now
            return true
        }
        if isDue { try await registry.removeJobs(endedBefore: now.advanced(by: .zero - Self.memory)) }
    }

    /// Works on a job until it ends or is interrupted.
    ///
    /// - Parameter waits: Whether a job whose record cannot be written, on a full volume for example, tries again.
    private func work(_ live: LiveJob, _ kind: any JobKind, waits: Bool) async {
        var isTold = false
        repeat {
            do {
                try await workOrThrow(live, kind)
                break
            } catch {
                if !isTold {
                    logger.error(
                        "a job's record cannot be kept; it goes on when that works again",
                        metadata: [LogKeys.error: "\(error)"]
                    )
                }
                isTold = true
                live.update { record in
                    record.state = .queued
                    record.ended = nil
                    record.failure = nil
                    record.progress.message = "waiting: " + (error.code == .noSpace ? "no space left" : "\(error)")
                }
                // Cancelled: the condition ends the loop.
                if waits { try? await Task.sleep(for: patience) }
            }
        } while waits && !Task.isCancelled
        state.withLock { $0.live[live.record.id] = nil }
        wake()
    }

    private func workOrThrow(_ live: LiveJob, _ kind: any JobKind) async throws(RegistryError) {
        let hours = state.withLock { Self.hours(of: live.record, $0) }
        // Somebody may have paused it just before.
        guard let stored = try await registry.job(live.record.id), !stored.state.isEnd, stored.state != .paused else {
            live.interrupt(.paused)
            return
        }
        live.update { record in
            record.state = .running
            record.started = record.started ?? clock.now()
            record.failure = nil
        }
        try await registry.save(live.record)
        logger.info("a job begins", metadata: ["kind": "\(kind.identifier)", "job": "\(live.record.id)"])
        let context = JobContext(live, registry: registry, hours: hours, clock: clock)
        do {
            try await kind.run(context)
            end(live, .done)
        } catch let interruption as JobInterruption {
            switch interruption {
            case .paused: live.update { $0.state = .paused }
            case .cancelled: end(live, .cancelled)
            case .outOfHours: live.update { $0.state = .queued }
            case .stopping: break
            }
        } catch {
            if !Task.isCancelled { end(live, .failed, "\(error)") }
        }
        try await registry.save(live.record)
        logger.info(
            "a job stopped",
            metadata: [
                "kind": "\(kind.identifier)", "job": "\(live.record.id)", "state": "\(live.record.state.rawValue)",
                "done": "\(live.record.progress.done)", "failures": "\(live.record.progress.failures)",
            ]
        )
    }

    /// The kinds of work that are known, by name.
    var kinds: [String] { state.withLock { $0.kinds.keys.sorted() } }

    private func end(_ live: LiveJob, _ end: JobState, _ failure: String? = nil) {
        let dimensions = [("kind", live.record.kind), ("state", end.rawValue)]
        Counter(label: "cassette_jobs_ended_total", dimensions: dimensions).increment()
        live.update { record in
            record.state = end
            record.ended = clock.now()
            record.failure = failure
        }
    }
}
