import ArchiveCatalog
import DICOMCore
import Logging
import NIOCore
import PackStorage
import Platform

/// Makes the packs of studies readable: thaws what is frozen, waits for it, and fetches it when that was asked for.
///
/// Repeating a step changes nothing: a pack that is readable or being thawed is not thawed again.
struct RecallJob: JobKind {
    static let identifier = "tiers.recall"

    var identifier: String { Self.identifier }
    /// They mostly wait, for hours.
    let simultaneousCount = 32
    let catalog: CurrentCatalog
    let mover: any PackMoving
    /// How often a store is asked how far it is.
    let pollInterval: Duration
    let logger: Logger

    /// What a recall is asked for.
    struct Order: Sendable, Hashable {
        private static let version: UInt8 = 1
        let studies: [UID]
        /// Whether the packs are to come into the cache of the data folder.
        let fetches: Bool

        init(studies: [UID], fetches: Bool) {
            self.studies = studies
            self.fetches = fetches
        }

        init?(_ bytes: [UInt8]) {
            var buffer = ByteBuffer(bytes: bytes)
            guard buffer.readInteger(as: UInt8.self) == Self.version, let fetches = buffer.readInteger(as: UInt8.self)
            else { return nil }
            self.fetches = fetches == 1
            let lines = String(buffer: buffer).split(separator: "\n")
            studies = lines.compactMap { UID($0) }
            guard studies.count == lines.count else { return nil }
        }

        var bytes: [UInt8] {
            [Self.version, fetches ? 1 : 0] + Array(studies.map(\.string).joined(separator: "\n").utf8)
        }
    }

    func run(_ context: JobContext) async throws {
        guard let order = Order(context.parameters) else {
            throw ArchiveError(.badRequest, "The job's order cannot be read: start a new one")
        }
        var waiting = try await packs(of: order, context)
        var progress = JobProgress(total: waiting.count, unit: "packs", message: "asking the stores")
        context.report(progress)
        while !waiting.isEmpty {
            var rest: [PackID] = []
            for pack in waiting {
                try await context.checkpoint()
                do {
                    guard try await isReadable(pack) else {
                        rest.append(pack)
                        continue
                    }
                    if order.fetches { try await mover.prefetch(pack) }
                    progress.done += 1
                } catch {
                    if Task.isCancelled { throw JobInterruption.stopping }
                    progress.failures += 1
                    logger.warning(
                        "a pack cannot be recalled",
                        metadata: [LogKeys.packID: "\(pack.hex)", LogKeys.error: "\(error)"]
                    )
                }
                context.report(progress)
            }
            waiting = rest
            guard !waiting.isEmpty else { break }
            progress.message = "waiting for packs that are being thawed"
            context.report(progress)
            try await context.sleep(for: pollInterval)
        }
        progress.message = ""
        context.report(progress)
        guard progress.failures == 0 else {
            throw ArchiveError(.unavailable, "\(progress.failures) packs cannot be recalled: see the server's log")
        }
    }

    /// Whether a pack can be read; one that is frozen begins to thaw.
    private func isReadable(_ pack: PackID) async throws -> Bool {
        switch try await mover.availability(of: pack) {
        case .readable: return true
        case .thawing: return false
        case .frozen:
            try await mover.thaw(pack)
            return false
        case .unreachable: throw ArchiveError(.unavailable, "no place of the pack answers")
        }
    }

    private func packs(of order: Order, _ context: JobContext) async throws -> [PackID] {
        var packs: [PackID] = []
        for study in order.studies {
            try await context.checkpoint()
            packs += try await catalog.studyHolding(study)?.packs.map { PackID($0.packID) } ?? []
        }
        return packs
    }
}
