import Platform

/// A kind of call of a disk and how it fails.
struct CallFailure: Sendable, CustomStringConvertible {
    let call: DiskCall
    let code: DiskError.Code
    /// Of a write: what of it reaches the file all the same.
    var written = SimulatedDisk.Written.half

    var description: String {
        call == .write ? "\(call.rawValue) \(code), \(written.rawValue) written" : "\(call.rawValue) \(code)"
    }

    static let all = [
        CallFailure(call: .open, code: .tooManyOpen), CallFailure(call: .create, code: .tooManyOpen),
        CallFailure(call: .create, code: .noSpace), CallFailure(call: .read, code: .io),
        CallFailure(call: .write, code: .io), CallFailure(call: .write, code: .io, written: .nothing),
        CallFailure(call: .write, code: .io, written: .all), CallFailure(call: .write, code: .noSpace),
        CallFailure(call: .write, code: .noSpace, written: .nothing), CallFailure(call: .syncFile, code: .io),
        CallFailure(call: .syncFile, code: .noSpace), CallFailure(call: .truncate, code: .io),
        CallFailure(call: .rename, code: .io), CallFailure(call: .rename, code: .noSpace),
        CallFailure(call: .unlink, code: .io), CallFailure(call: .makeDirectory, code: .io),
        CallFailure(call: .makeDirectory, code: .noSpace), CallFailure(call: .syncDirectory, code: .io),
    ]

    func fault(at index: Int) -> SimulatedDisk.Fault {
        SimulatedDisk.Fault(call: call, index: index, code: code, written: written)
    }
}

/// One run in which at most one call has failed.
struct FaultAttempt: Sendable {
    /// Calls of each kind.
    var calls: [DiskCall: Int] = [:]
    /// Whether somebody was told of the failure.
    var isRefused = false
    /// What was wrong after the kill and the next start.
    var violations: [String] = []
}

/// Fails each call of each kind in turn; of long runs that are not for a release a sample.
struct FaultSweep: Sendable {
    /// Calls of each kind that fail in a run of all tests.
    private static let sampleCount = 2

    let name: String
    /// Calls of which not only a sample fails.
    var wholeCalls: Set<DiskCall> = []

    /// - Parameter attempt: Runs the protocol with this fault, kills the program, starts it again, and looks.
    func run(_ attempt: (SimulatedDisk.Fault, _ index: Int) async throws -> FaultAttempt) async throws -> [String] {
        let whole = try await attempt(CallFailure.all[0].fault(at: .max), 0)
        var found = whole.violations.map { "\(name) without a fault: " + $0 }
        var (tried, refused) = (0, 0)
        for (number, failure) in CallFailure.all.enumerated() {
            for index in indices(of: failure.call, count: whole.calls[failure.call] ?? 0, number) {
                let one = try await attempt(failure.fault(at: index), index)
                tried += 1
                if one.isRefused { refused += 1 }
                found += one.violations.map { "\(name), call \(index) of \(failure): " + $0 }
            }
        }
        let total = CallFailure.all.reduce(0) { $0 + (whole.calls[$1.call] ?? 0) }
        print("faults of \(name): \(tried) of \(total) calls failed, \(refused) told, \(found.count) violations")
        return found
    }

    private func indices(of call: DiskCall, count: Int, _ number: Int) -> [Int] {
        if CrashStates.isWhole || wholeCalls.contains(call) || count <= Self.sampleCount { return Array(0..<count) }
        // Other calls for each kind of failure, the same ones in each run.
        let step = count / Self.sampleCount
        return (0..<Self.sampleCount).map { $0 * step + (number * 7 + name.utf8.count) % step }
    }
}
