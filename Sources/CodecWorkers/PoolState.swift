import DICOMPixels
import NIOCore

/// What the tasks and threads of a pool share.
struct PoolState: Sendable {
    typealias Slot = CheckedContinuation<Result<Int, PixelError>, Never>

    /// What follows from a change; done when the lock is free again.
    enum Consequence: Sendable {
        case admission(Slot, Result<Int, PixelError>)
        case drained(CheckedContinuation<Void, Never>)

        func perform() {
            switch self {
            case .admission(let continuation, let result): continuation.resume(returning: result)
            case .drained(let continuation): continuation.resume()
            }
        }
    }

    var backOff = StartBackOff()
    /// Whether it has been told that the kernel does not confine the workers.
    var hasToldOfSeal = false
    private var slots: WorkerSlots
    private var workers: [CodecWorker?]
    private var waiting: [UInt64: Slot] = [:]
    /// The work in progress, by slot.
    private var interruptions: [Int: Interruption] = [:]
    private var lastTicket: UInt64 = 0
    private var drained: CheckedContinuation<Void, Never>?

    init(count: Int, queueLimit: Int) {
        slots = WorkerSlots(count: count, queueLimit: queueLimit)
        workers = Array(repeating: nil, count: count)
    }

    /// Whether the pool starts nothing any more.
    var isClosed: Bool { slots.isClosed }

    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// A frame comes; `nil` when it has to wait.
    ///
    /// A cancellation is either known here, or finds the ticket in the queue.
    mutating func admit(_ ticket: UInt64, _ continuation: Slot, isCancelled: Bool) -> Consequence? {
        guard !isCancelled else { return .admission(continuation, .failure(Self.cancelled)) }
        switch slots.admit(ticket) {
        case .take(let slot): return .admission(continuation, .success(slot))
        case .refuse:
            let reason = slots.isClosed ? Self.closed : PixelError(.timedOut, "more frames wait for a codec than may")
            return .admission(continuation, .failure(reason))
        case .wait:
            waiting[ticket] = continuation
            return nil
        }
    }

    /// The task of a frame is cancelled.
    mutating func withdraw(_ ticket: UInt64) -> Consequence? {
        guard slots.withdraw(ticket), let continuation = waiting.removeValue(forKey: ticket) else { return nil }
        return .admission(continuation, .failure(Self.cancelled))
    }

    /// The work in a slot begins.
    mutating func begin(_ interruption: Interruption, in slot: Int) {
        interruptions[slot] = interruption
        if isClosed { interruption.interrupt() }
    }

    /// The work in a slot has ended.
    mutating func release(_ slot: Int) -> Consequence? {
        interruptions[slot] = nil
        if let ticket = slots.release(slot, isWarm: worker(in: slot) != nil) {
            return waiting.removeValue(forKey: ticket).map { .admission($0, .success(slot)) }
        }
        guard slots.isIdle, let continuation = drained else { return nil }
        drained = nil
        return .drained(continuation)
    }

    /// The worker of a slot, taken out of it.
    mutating func takeWorker(in slot: Int) -> CodecWorker? {
        guard workers.indices.contains(slot) else { return nil }
        defer { workers[slot] = nil }
        return workers[slot]
    }

    /// A worker goes (back) into a slot.
    mutating func keep(_ worker: CodecWorker, in slot: Int) {
        guard workers.indices.contains(slot) else { return }
        workers[slot] = worker
    }

    /// The workers of free slots for which something holds, taken out.
    mutating func takeIdleWorkers(where holds: (CodecWorker) -> Bool) -> [CodecWorker] {
        slots.idle.filter { worker(in: $0).map(holds) == true }.compactMap { takeWorker(in: $0) }
    }

    /// The processes that wait for work.
    var idleProcesses: [Int32] { slots.idle.compactMap { worker(in: $0)?.child } }

    /// Whether the ones that wait for work are there.
    var idleWorkersAreAlive: Bool { slots.idle.allSatisfy { worker(in: $0)?.isAlive != false } }

    /// The processes at work.
    var busyProcesses: [Int32] { interruptions.values.compactMap(\.process) }

    /// How many frames wait.
    var waitingCount: Int { waiting.count }

    /// Nothing begins any more.
    ///
    /// - Parameter continuation: Resumed when the last work has ended.
    mutating func close(_ continuation: CheckedContinuation<Void, Never>) -> [Consequence] {
        let refused = slots.close().compactMap { waiting.removeValue(forKey: $0) }
        for interruption in interruptions.values { interruption.interrupt() }
        var consequences = refused.map { Consequence.admission($0, .failure(Self.closed)) }
        if slots.isIdle {
            consequences.append(.drained(continuation))
        } else {
            drained = continuation
        }
        return consequences
    }

    private func worker(in slot: Int) -> CodecWorker? {
        workers.indices.contains(slot) ? workers[slot] : nil
    }

    private static let cancelled = PixelError(.timedOut, "given up by who asked for it")
    private static let closed = PixelError(.workerLost, "the archive stops")
}
