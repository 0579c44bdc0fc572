public import ArchiveCatalog
public import Platform

/// What a running job sees: what it was asked, where it stopped, and whether it is to go on.
public struct JobContext: Sendable {
    /// How often the registry hears of progress.
    private static let saveInterval: Duration = .seconds(1)

    private let live: LiveJob
    private let registry: any JobRegistry
    private let hours: TimeWindow?
    private let clock: any WallClock

    init(_ live: LiveJob, registry: any JobRegistry, hours: TimeWindow?, clock: any WallClock) {
        self.live = live
        self.registry = registry
        self.hours = hours
        self.clock = clock
    }

    /// The job's name.
    public var id: RandomID { live.record.id }
    /// What it was asked to do.
    public var parameters: [UInt8] { live.record.parameters }
    /// Where it stopped; empty at its first begin.
    public var resumption: [UInt8] { live.record.resumption }
    /// How far it was.
    public var progress: JobProgress { live.record.progress }

    /// Goes on, or stops the job: call between two steps.
    ///
    /// - Throws: ``JobInterruption``.
    public func checkpoint() async throws {
        if let wish = live.wish { throw wish }
        if Task.isCancelled { throw JobInterruption.stopping }
        if let hours, !hours.contains(clock.now()) { throw JobInterruption.outOfHours }
        if let record = live.takeForSaving(now: clock.now(), interval: Self.saveInterval) {
            try await registry.save(record)
        }
    }

    /// Whether the next checkpoint stops the job because somebody wants it to.
    public var isInterrupted: Bool { live.wish != nil || Task.isCancelled }

    /// Tells how far it is; the registry hears of it at a checkpoint.
    public func report(_ progress: JobProgress) {
        live.update { $0.progress = progress }
    }

    /// Keeps where it goes on after a stop; durable when this returns.
    public func save(_ resumption: [UInt8]) async throws(RegistryError) {
        live.update { $0.resumption = resumption }
        try await registry.save(live.record)
    }

    /// Waits, in pieces, so that pausing and cancelling are heard of.
    public func sleep(for duration: Duration) async throws {
        var rest = duration
        while rest > .zero {
            try await checkpoint()
            let piece = min(rest, .milliseconds(500))
            do {
                try await Task.sleep(for: piece)
            } catch {
                throw JobInterruption.stopping
            }
            rest -= piece
        }
        try await checkpoint()
    }
}
