public import Platform

/// What is kept of long work, so that it goes on after a restart and can be looked at afterwards.
public protocol JobRegistry: Sendable {
    /// Writes a job as it is now, a new one or in the place of what was there.
    func save(_ job: JobRecord) async throws(RegistryError)
    /// The job of that id; `nil` when there is none.
    func job(_ id: RandomID) async throws(RegistryError) -> JobRecord?
    /// Jobs that have not ended, oldest first.
    func openJobs() async throws(RegistryError) -> [JobRecord]
    /// Jobs that have ended, the one that ended last first.
    func endedJobs(limit: Int) async throws(RegistryError) -> [JobRecord]
    /// Jobs of one kind that have ended, the one that ended last first.
    func endedJobs(ofKind kind: String, limit: Int) async throws(RegistryError) -> [JobRecord]
    /// Forgets the jobs that ended before that instant, but the last one of each kind.
    func removeJobs(endedBefore time: Timestamp) async throws(RegistryError)
}

/// One piece of long work as the registry keeps it.
public struct JobRecord: Sendable, Hashable {
    /// Its name.
    public let id: RandomID
    /// The identifier of what it does.
    public let kind: String
    /// What it was asked to do; only its kind reads it.
    public let parameters: [UInt8]
    /// Who asked for it.
    public let principal: String
    /// When it was asked for.
    public let created: Timestamp
    /// Whether it waits, works or has ended.
    public var state: JobState
    /// How far it is.
    public var progress: JobProgress
    /// Where it goes on after a stop; only its kind reads it.
    public var resumption: [UInt8]
    /// When it began to work for the first time.
    public var started: Timestamp?
    /// When it ended.
    public var ended: Timestamp?
    /// Why it failed; holds no value of a Data Set.
    public var failure: String?

    /// Makes a job that waits for its turn.
    public init(id: RandomID, kind: String, parameters: [UInt8], principal: String, created: Timestamp) {
        self.id = id
        self.kind = kind
        self.parameters = parameters
        self.principal = principal
        self.created = created
        state = .queued
        progress = JobProgress()
        resumption = []
    }
}

/// Whether a job waits, works or has ended.
public enum JobState: String, Sendable, Hashable, CaseIterable {
    /// Waits for its turn, or for its hours.
    case queued
    /// Works; after a restart it goes on.
    case running
    /// Waits until somebody resumes it.
    case paused
    /// Did all that it had to do.
    case done
    /// Could not go on.
    case failed
    /// Somebody cancelled it.
    case cancelled

    /// Whether nothing more will happen to it.
    public var isEnd: Bool {
        switch self {
        case .queued, .running, .paused: false
        case .done, .failed, .cancelled: true
        }
    }
}

/// How far a job is.
public struct JobProgress: Sendable, Hashable {
    /// What is done, counted in ``unit``.
    public var done: Int
    /// What there is to do; 0 while it is not known.
    public var total: Int
    /// What is counted: `studies`, `packs`, `instances`.
    public var unit: String
    /// Bytes that were read or written.
    public var bytes: UInt64
    /// What went wrong on the way without ending the job.
    public var failures: Int
    /// What it does now; holds no value of a Data Set.
    public var message: String

    /// Makes a progress.
    public init(
        done: Int = 0,
        total: Int = 0,
        unit: String = "",
        bytes: UInt64 = 0,
        failures: Int = 0,
        message: String = ""
    ) {
        self.done = done
        self.total = total
        self.unit = unit
        self.bytes = bytes
        self.failures = failures
        self.message = message
    }
}
