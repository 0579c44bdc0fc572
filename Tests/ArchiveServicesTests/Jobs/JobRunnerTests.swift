import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCore
import Logging
import Platform
import Synchronization
import TestKit
import Testing

/// Counts to a number and stops wherever the test wants.
private final class CountingKind: JobKind {
    let identifier: String
    let goal: UInt8
    let simultaneousCount: Int
    /// Called at each step before its checkpoint.
    let step: @Sendable (UInt8, JobContext) async throws -> Void
    private let seen = Mutex<[UInt8]>([])

    /// Steps that were done, over all runs.
    var steps: [UInt8] { seen.withLock { $0 } }

    init(
        _ identifier: String = "count",
        goal: UInt8 = 5,
        simultaneousCount: Int = 1,
        step: @escaping @Sendable (UInt8, JobContext) async throws -> Void = { _, _ in }
    ) {
        self.identifier = identifier
        self.goal = goal
        self.simultaneousCount = simultaneousCount
        self.step = step
    }

    func run(_ context: JobContext) async throws {
        var next = context.resumption.first ?? 0
        while next < goal {
            try await step(next, context)
            try await context.checkpoint()
            seen.withLock { $0.append(next) }
            next += 1
            context.report(JobProgress(done: Int(next), total: Int(goal), unit: "steps"))
            try await context.save([next])
        }
    }
}

private struct Refusal: Error, CustomStringConvertible {
    var description: String { "as the test wants it" }
}

@Suite struct `Jobs` {
    private let registry = MemoryJobRegistry()
    private let clock = ManualClock()
    private let administrator = Principal(.administrator)

    private func runner(_ kinds: any JobKind..., patience: Duration = .milliseconds(1)) -> JobRunner {
        let runner = JobRunner(
            registry: registry,
            clock: clock,
            random: SystemRandomSource(),
            logger: .silent,
            patience: patience
        )
        for kind in kinds { runner.add(kind) }
        return runner
    }

    @Test func `a job is done and remembered with its progress`() async throws {
        let kind = CountingKind()
        let runner = runner(kind)
        let job = try await runner.start("count", as: administrator)
        #expect(job.state == .queued)

        let ended = try await runner.runToEnd(job.id)

        #expect(ended.state == .done)
        #expect(kind.steps == [0, 1, 2, 3, 4])
        #expect(try await runner.job(job.id, as: administrator).progress.done == 5)
        #expect(try await registry.openJobs().isEmpty)
    }

    @Test func `a job whose record cannot be written goes on when it can`() async throws {
        let kind = CountingKind()
        let runner = runner(kind)
        let job = try await runner.start("count", as: administrator)
        registry.refuse(7)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            while try await runner.job(job.id, as: administrator).state != .done { await Task.yield() }
            group.cancelAll()
        }

        #expect(registry.refused == 7)
        #expect(Set(kind.steps) == [0, 1, 2, 3, 4])
        #expect(try await runner.job(job.id, as: administrator).failure == nil)
    }

    @Test func `a job whose record cannot be written says so and asks no more than now and then`() async throws {
        let runner = runner(CountingKind(), patience: .seconds(3_600))
        let job = try await runner.start("count", as: administrator)
        registry.refuse(.max)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            while registry.refused == 0 { await Task.yield() }
            while try await runner.job(job.id, as: administrator).progress.message.isEmpty { await Task.yield() }
            for _ in 0..<1_000 { await Task.yield() }
            let waiting = try await runner.job(job.id, as: administrator)
            #expect(waiting.progress.message == "waiting: no space left")
            #expect(waiting.state == .queued)
            #expect(registry.refused == 1)
            group.cancelAll()
        }
    }

    @Test func `asking twice for the same work is one job`() async throws {
        let runner = runner(CountingKind())
        let job = try await runner.start("count", parameters: [1], as: administrator)

        #expect(try await runner.start("count", parameters: [1], as: administrator).id == job.id)
        #expect(try await runner.start("count", parameters: [2], as: administrator).id != job.id)
    }

    @Test func `many who ask for the same work at once get one job`() async throws {
        let runner = runner(CountingKind())
        let administrator = administrator

        let ids = try await withThrowingTaskGroup(of: RandomID.self) { group in
            for _ in 0..<32 { group.addTask { try await runner.start("count", as: administrator).id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }

        #expect(ids.count == 1)
    }

    @Test func `a paused job goes on where it stopped`() async throws {
        let kind = CountingKind(step: { [registry] step, context in
            guard step == 2, context.resumption.isEmpty == false, context.progress.message != "seen" else { return }
            _ = registry
        })
        let runner = runner(kind)
        let job = try await runner.start("count", as: administrator)
        try await runner.pause(job.id, as: administrator)

        #expect(try await runner.runToEnd(job.id).state == .queued || kind.steps.isEmpty)
        #expect(try await runner.job(job.id, as: administrator).state == .paused)
        #expect(kind.steps.isEmpty)
        try await runner.resume(job.id, as: administrator)
        #expect(try await runner.runToEnd(job.id).state == .done)
        #expect(kind.steps == [0, 1, 2, 3, 4])
    }

    @Test func `a job that works stops at its next checkpoint, and goes on in another process`() async throws {
        let box = Mutex<JobRunner?>(nil)
        let administrator = administrator
        let kind = CountingKind(step: { step, context in
            guard step == 2, context.resumption == [2] else { return }
            let runner = box.withLock { $0 }
            try await runner?.pause(context.id, as: administrator)
        })
        let first = runner(kind)
        box.withLock { $0 = first }
        let job = try await first.start("count", as: administrator)

        #expect(try await first.runToEnd(job.id).state == .paused)
        #expect(kind.steps == [0, 1])
        box.withLock { $0 = nil }
        let second = runner(kind)
        try await second.resume(job.id, as: administrator)
        #expect(try await second.runToEnd(job.id).state == .done)
        #expect(kind.steps == [0, 1, 2, 3, 4])
    }

    @Test func `a cancelled job is not gone on with`() async throws {
        let kind = CountingKind()
        let runner = runner(kind)
        let job = try await runner.start("count", as: administrator)
        try await runner.cancel(job.id, as: administrator)

        _ = try await runner.runToEnd(job.id)

        #expect(kind.steps.isEmpty)
        let error = await #expect(throws: ArchiveError.self) { try await runner.resume(job.id, as: administrator) }
        #expect(error?.code == .badRequest)
        await #expect(throws: ArchiveError.self) { try await runner.cancel(job.id, as: administrator) }
    }

    @Test func `a failure is told, and the job can be resumed`() async throws {
        let fails = Mutex(true)
        let kind = CountingKind(step: { step, _ in
            if step == 3, fails.withLock({ $0 }) { throw Refusal() }
        })
        let runner = runner(kind)
        let job = try await runner.start("count", as: administrator)

        let failed = try await runner.runToEnd(job.id)
        #expect(failed.state == .failed)
        #expect(failed.failure == "as the test wants it")
        fails.withLock { $0 = false }
        try await runner.resume(job.id, as: administrator)
        let done = try await runner.runToEnd(job.id)

        #expect(done.state == .done)
        #expect(done.failure == nil)
        #expect(kind.steps == [0, 1, 2, 3, 4])
    }

    @Test func `what a stopped process left is gone on with at the next start`() async throws {
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        let kind = CountingKind(step: { step, context in
            guard step == 2, context.resumption == [2] else { return }
            stop.yield()
            // Cancelled when the process ends.
            try await Task.sleep(for: .seconds(600))
        })
        let first = runner(kind)
        let job = try await first.start("count", as: administrator)
        await withTaskGroup { group in
            group.addTask { await first.run(every: .milliseconds(5)) }
            for await _ in stops { break }
            group.cancelAll()
        }
        #expect(try await registry.job(job.id)?.state == .running)

        let again = CountingKind()
        let second = runner(again)
        await withTaskGroup { group in
            group.addTask { await second.run(every: .milliseconds(5)) }
            await until { try await registry.job(job.id)?.state == .done }
            group.cancelAll()
        }

        #expect(again.steps == [2, 3, 4])
    }

    @Test func `a schedule begins jobs when they are due, within its hours`() async throws {
        let kind = CountingKind()
        let runner = runner()
        // The clock stands at midnight.
        let hours = try #require(TimeWindow("20:00-06:00"))
        runner.add(kind, schedule: JobSchedule(every: .seconds(3_600), hours: hours))
        await withTaskGroup { group in
            group.addTask { await runner.run(every: .milliseconds(5)) }
            await until { try await registry.endedJobs(limit: 9).count == 1 }
            clock.advance(by: .seconds(3_600))
            await until { try await registry.endedJobs(limit: 9).count == 2 }
            clock.advance(by: .seconds(8 * 3_600))
            await until { true }
            group.cancelAll()
        }

        let jobs = try await registry.endedJobs(limit: 9)
        #expect(jobs.count == 2)
        #expect(jobs.allSatisfy { $0.principal == "schedule" && $0.state == .done })
    }

    @Test func `who may not administer sees and changes nothing`() async throws {
        let runner = runner(CountingKind())
        let peer = Principal(.applicationEntity(AETitle(literal: "PEER")))
        let job = try await runner.start("count", as: administrator)

        for attempt: () async throws -> Void in [
            { _ = try await runner.start("count", as: peer) }, { _ = try await runner.jobs(as: peer) },
            { _ = try await runner.job(job.id, as: peer) }, { try await runner.pause(job.id, as: peer) },
            { try await runner.resume(job.id, as: peer) }, { try await runner.cancel(job.id, as: peer) },
        ] {
            let error = await #expect(throws: ArchiveError.self) { try await attempt() }
            #expect(error?.code == .denied)
        }
    }

    @Test func `an unknown kind and an unknown job are not found`() async throws {
        let runner = runner()

        let kind = await #expect(throws: ArchiveError.self) { _ = try await runner.start("count", as: administrator) }
        #expect(kind?.code == .notFound)
        let job = await #expect(throws: ArchiveError.self) {
            _ = try await runner.job(RandomID(high: 1, low: 2), as: administrator)
        }
        #expect(job?.code == .notFound)
    }

    /// Lets others work until something holds; the test's own time limit ends a wait in vain.
    private func until(_ holds: () async throws -> Bool) async {
        for _ in 0..<100_000 {
            if (try? await holds()) == true { return }
            await Task.yield()
        }
    }
}

@Suite struct `Hours and rates` {
    private static func time(_ hour: Int64, _ minute: Int64) -> Timestamp {
        Timestamp(microseconds: (1_767_225_600 + hour * 3_600 + minute * 60) * 1_000_000)
    }

    @Test(arguments: [
        ("08:00-17:30", 8, 0, true), ("08:00-17:30", 7, 59, false), ("08:00-17:30", 17, 29, true),
        ("08:00-17:30", 17, 30, false), ("20:00-06:00", 20, 0, true), ("20:00-06:00", 23, 59, true),
        ("20:00-06:00", 0, 0, true), ("20:00-06:00", 5, 59, true), ("20:00-06:00", 6, 0, false),
        ("20:00-06:00", 12, 0, false),
    ])
    func `an instant lies in a window or not`(_ text: String, _ hour: Int64, _ minute: Int64, _ lies: Bool) throws {
        let window = try #require(TimeWindow(text))

        #expect(window.contains(Self.time(hour, minute)) == lies)
        #expect(window.text == text)
    }

    @Test func `the clock on the wall counts`() throws {
        let window = try #require(TimeWindow("08:00-09:00", offset: .init { _ in 7_200 }))

        #expect(window.contains(Self.time(6, 0)))
        #expect(!window.contains(Self.time(8, 0)))
    }

    @Test(arguments: [
        "", "8-9", "08:00", "08:00-24:00", "08:60-09:00", "08:00-08:00", "08:00-09:00-10:00", "8:00-09:00",
    ])
    func `other text is no window`(_ text: String) {
        #expect(TimeWindow(text) == nil)
    }

    @Test func `work that was too fast waits, and work that was too slow does not`() {
        let limit = RateLimit(bytesPerSecond: 1_000)

        #expect(limit.delay(afterBytes: 2_000, taking: .seconds(1)) == .seconds(1))
        #expect(limit.delay(afterBytes: 2_000, taking: .seconds(3)) == .zero)
        #expect(limit.delay(afterBytes: 0, taking: .zero) == .zero)
        #expect(RateLimit(bytesPerSecond: nil).delay(afterBytes: .max, taking: .zero) == .zero)
    }
}
