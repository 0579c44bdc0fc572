public import AccessControl
public import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform

/// Has everything read back little by little, and tells what the last pass found.
public final class ScrubService: Sendable {
    private let policy: AccessPolicy
    private let verification: VerificationService
    private let registry: any JobRegistry
    private let jobs: JobRunner
    private let logger: Logger

    init(
        on base: ArchiveFoundation,
        verification: VerificationService,
        jobs: JobRunner,
        setup: LifecycleSetup
    ) {
        (policy, registry, logger) = (base.policy, base.registry, base.logger)
        self.verification = verification
        self.jobs = jobs
        let job = ScrubJob(
            verification: verification,
            places: setup.places,
            mover: setup.mover,
            stores: setup.stores.map(\.name),
            rate: setup.scrubRate,
            traffic: base.packs.traffic,
            logger: base.logger
        )
        jobs.add(job, schedule: setup.scrubSchedule)
    }

    /// Begins a pass now, or joins the one that works.
    ///
    /// - Throws: `.denied`, `.unavailable`.
    public func start(as principal: Principal) async throws(ArchiveError) -> JobRecord {
        try await jobs.start(ScrubJob.identifier, as: principal)
    }

    /// The pass that works, and the last one that ended.
    ///
    /// - Throws: `.denied`, `.unavailable`.
    public func status(as principal: Principal) async throws(ArchiveError) -> ScrubStatus {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not see what verification found")
        }
        return try await status()
    }

    /// The same, for the archive itself.
    func status() async throws(ArchiveError) -> ScrubStatus {
        do throws(RegistryError) {
            let open = try await registry.openJobs().first { $0.kind == ScrubJob.identifier }
            let ended = try await registry.endedJobs(ofKind: ScrubJob.identifier, limit: 100)
            return ScrubStatus(
                current: open.map { ScrubPass(jobs.current($0)) },
                last: ended.first { $0.state == .done }.map { ScrubPass($0) },
                damagedCount: verification.condition.damagedCount
            )
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Looks again at what the last passes found damaged, so that the archive knows of it after a restart, too.
    func recallDamage() async {
        do {
            let open = try await registry.openJobs().filter { $0.kind == ScrubJob.identifier }
            let ended = try await registry.endedJobs(ofKind: ScrubJob.identifier, limit: 100)
            let passes = open + ended.filter { $0.state == .done }.prefix(1)
            let uids = Set(passes.flatMap { ScrubState($0.resumption).damagedInstances })
            guard !uids.isEmpty else { return }
            try await verification.scrub(uids.sorted { $0.string < $1.string }) { _, _ in }
        } catch {
            logger.warning(
                "what was damaged before the start cannot be looked at",
                metadata: [LogKeys.error: "\(error)"]
            )
        }
    }
}

/// How scrubbing stands.
public struct ScrubStatus: Sendable, Hashable {
    /// The pass that works or waits; `nil` between two.
    public let current: ScrubPass?
    /// The last one that read all.
    public let last: ScrubPass?
    /// Damaged instances and packs that are known now, whoever found them.
    public let damagedCount: Int
}

/// One pass of scrubbing.
public struct ScrubPass: Sendable, Hashable {
    /// Its job.
    public let job: JobRecord
    /// Instances that were looked at.
    public let checked: Int
    /// Packs in other stores that were read.
    public let packs: Int
    /// What could not be read then: frozen, or in a store that did not answer.
    public let unread: Int
    /// Packs that were made anew from a good copy.
    public let repaired: Int
    /// Damaged instances and copies of packs that could not be repaired.
    public let damaged: Int
    /// Bytes that were read.
    public let bytes: UInt64

    init(_ job: JobRecord) {
        let state = ScrubState(job.resumption)
        self.job = job
        (checked, packs, unread) = (state.checked, state.packs, state.unread)
        (repaired, damaged, bytes) = (state.repaired, state.damaged, state.bytes)
    }
}
