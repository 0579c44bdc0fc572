/// What a job does: one implementation for each kind of long work.
///
/// A job may be stopped at any place and begun again with the state that it saved last; so each of its steps must be one
/// that may be repeated.
public protocol JobKind: Sendable {
    /// The name under which jobs of this kind are kept; never changed.
    var identifier: String { get }
    /// How many of them may work at a time.
    var simultaneousCount: Int { get }
    /// Does the work from where the job stopped, to its end.
    ///
    /// - Throws: What ``JobContext/checkpoint()`` throws, when it is to stop; anything else ends the job as failed.
    func run(_ context: JobContext) async throws
}

extension JobKind {
    /// One at a time.
    public var simultaneousCount: Int { 1 }
}

/// Why a job stops before its end.
public enum JobInterruption: Error, Sendable, Hashable {
    /// Somebody paused it.
    case paused
    /// Somebody cancelled it.
    case cancelled
    /// Its hours are over; it goes on in the next ones.
    case outOfHours
    /// The process ends; it goes on at the next start.
    case stopping
}
