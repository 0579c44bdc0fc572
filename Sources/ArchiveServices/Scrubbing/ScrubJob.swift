import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform

/// One pass of scrubbing: everything that can be read now is read once, at the pace that is allowed.
///
/// First the data folder, instance by instance, then the packs of each other store. What is frozen stays so. A damaged copy is
/// made anew from a good one; one without any stays where it is, because its other objects can be read, and is told of.
struct ScrubJob: JobKind {
    static let identifier = "verification.scrub"
    private static let pageLength = 64

    var identifier: String { Self.identifier }
    let verification: VerificationService
    let places: any PackPlaces
    let mover: any PackMoving
    /// The stores besides the data folder, in the order in which they are read.
    let stores: [StoreName]
    let rate: RateLimit
    let traffic: DoorTraffic
    let logger: Logger

    func run(_ context: JobContext) async throws {
        var state = ScrubState(context.resumption)
        var progress = JobProgress(unit: "objects")
        progress.total = try await total()
        if case .instance(var position) = state.place {
            progress.message = "reading the data folder"
            while true {
                let last = try await verification.scrub(after: position, noting: &state, pace: pace) {
                    !context.isInterrupted
                }
                guard let last else { break }
                position = last
                state.place = .instance(last)
                try await keep(state, &progress, context)
            }
        }
        for store in storesToRead(state.place) {
            progress.message = "reading the store \(store)"
            try await read(store, &state, &progress, context)
        }
        progress.message = ""
        try await keep(state, &progress, context)
        logger.notice(
            "a pass of scrubbing has ended",
            metadata: [
                LogKeys.count: "\(state.checked)", LogKeys.byteCount: "\(state.bytes)", "damaged": "\(state.damaged)",
                "repaired": "\(state.repaired)", "unread": "\(state.unread)",
            ]
        )
    }

    /// Waits after each piece: for the rate, and for those at the doors.
    private var pace: PiecePace {
        { [rate, traffic] bytes, duration in
            let rest = max(rate.delay(afterBytes: bytes, taking: duration), traffic.rest(after: duration))
            // Cancelled: the next checkpoint finds that out.
            if rest > .zero { try? await Task.sleep(for: rest) }
        }
    }

    private func total() async throws -> Int {
        var total = try await verification.instanceCount()
        for store in stores {
            for state in try await places.totals(of: store) where state.state == .verified { total += state.packCount }
        }
        return total
    }

    private func keep(
        _ state: ScrubState,
        _ progress: inout JobProgress,
        _ context: JobContext
    ) async throws {
        progress.done = state.checked + state.packs
        progress.total = max(progress.total, progress.done)
        progress.bytes = state.bytes
        progress.failures = state.damaged
        context.report(progress)
        try await context.save(state.encoded)
        try await context.checkpoint()
    }

    /// The stores from the one on where the pass stopped.
    private func storesToRead(_ place: ScrubState.Place) -> ArraySlice<StoreName> {
        guard case .pack(let store, _) = place, let index = stores.firstIndex(of: store) else { return stores[...] }
        return stores[index...]
    }

    private func read(
        _ store: StoreName,
        _ state: inout ScrubState,
        _ progress: inout JobProgress,
        _ context: JobContext
    ) async throws {
        var position: PackID?
        if case .pack(store, let last) = state.place { position = last }
        while true {
            let page = try await places.places(in: store, state: .verified, after: position, limit: Self.pageLength)
            guard let last = page.last?.packID else { return }
            for place in page {
                guard try await read(place, &state) else {
                    // The whole store is away: the next pass tries again.
                    return logger.warning(
                        "a store does not answer and is not scrubbed now",
                        metadata: ["store": "\(store)"]
                    )
                }
                state.place = .pack(store, place.packID)
                try await keep(state, &progress, context)
            }
            position = last
        }
    }

    /// Reads one copy.
    ///
    /// - Returns: Whether the store answers.
    private func read(_ place: PackPlace, _ state: inout ScrubState) async throws -> Bool {
        do {
            let wasSound = try await mover.check(place.packID, in: place.store, pace: pace)
            if !wasSound { state.repaired += 1 }
            state.bytes &+= place.size
            verification.condition.note(place.packID, in: place.store, isSound: true)
        } catch let error as PackError {
            switch error.code {
            case .cancelled: throw JobInterruption.stopping
            // It moved away meanwhile.
            case .packNotFound: break
            case .frozen, .store(.frozen): state.unread += 1
            case .store(.unavailable), .store(.denied), .unknownStore:
                state.unread += 1
                return false
            case .noVerifiedPlace:
                state.damaged += 1
                verification.condition.note(place.packID, in: place.store, isSound: false)
            default:
                state.unread += 1
                logger.warning(
                    "a copy of a pack cannot be read",
                    metadata: [LogKeys.packID: "\(place.packID.hex)", LogKeys.error: "\(error)"]
                )
            }
        }
        state.packs += 1
        return true
    }
}
