import ArchiveCatalog
import DICOMCore
import Logging
import NIOCore
import PackStorage
import Platform

/// Moves what the rules say, study by study.
struct MoveJob: JobKind {
    static let identifier = "tiers.move"

    var identifier: String { Self.identifier }
    let rules: [LifecycleRule]
    let placement: Placement
    let survey: StudySurvey
    let mover: any PackMoving
    let space: VolumeSpace
    let rate: RateLimit
    let clock: any WallClock
    let logger: Logger

    /// Where the job goes on: behind the study that it has done last.
    private struct Place {
        private static let version: UInt8 = 1
        var position: StudyPosition?

        init(_ bytes: [UInt8]) {
            var buffer = ByteBuffer(bytes: bytes)
            guard buffer.readInteger(as: UInt8.self) == Self.version,
                let date = buffer.readLengthPrefixedSlice(as: UInt8.self).map({ String(buffer: $0) }),
                let uid = UID(String(buffer: buffer))
            else { return }
            position = StudyPosition(studyDate: date.isEmpty ? nil : date, studyInstanceUID: uid)
        }

        init(_ position: StudyPosition) { self.position = position }

        var bytes: [UInt8] {
            guard let position else { return [] }
            let date = Array((position.studyDate ?? "").utf8.prefix(255))
            return [Self.version, UInt8(clamping: date.count)] + date + Array(position.studyInstanceUID.string.utf8)
        }
    }

    func run(_ context: JobContext) async throws {
        var progress = context.progress
        progress.unit = "studies"
        var position = Place(context.resumption).position
        var evaluation = try await evaluation()
        var trouble: String?
        if position == nil { progress.total = try await countMoves(context, evaluation) }
        while let (studies, _) = try await survey.page(after: position) {
            for study in studies {
                try await context.checkpoint()
                if case .moves(let rule, let movements) = evaluation.verdict(on: study) {
                    progress.message = "moving packs to \(rule.target)"
                    context.report(progress)
                    trouble = try await move(movements, of: study, &progress, context) ?? trouble
                    progress.done += 1
                    context.report(progress)
                    try await context.save(Place(place(of: study)).bytes)
                }
                position = place(of: study)
            }
        }
        progress.message = trouble.map { "\(progress.failures) packs could not be moved: \($0)" } ?? ""
        context.report(progress)
    }

    /// What an administrator can do about it.
    private static func trouble(_ error: any Error) -> String {
        switch (error as? PackError)?.code {
        case .noSpace, .store(.disk(.noSpace)): "there is no space left where they go; the next run tries again"
        default: "see the server's log; the next run tries again"
        }
    }

    private func evaluation() async throws -> RuleEvaluation {
        let (free, total) = try await space()
        return RuleEvaluation(
            rules: rules,
            placement: placement,
            now: clock.now(),
            freeBytes: free,
            volumeLength: total
        )
    }

    private func place(of study: StudyFacts) -> StudyPosition {
        StudyPosition(studyDate: study.catalogDate, studyInstanceUID: study.studyInstanceUID)
    }

    /// How many studies there are to move; a copy of the evaluation decides, so that space is counted once.
    private func countMoves(_ context: JobContext, _ evaluation: RuleEvaluation) async throws -> Int {
        var evaluation = evaluation
        var position: StudyPosition?
        var count = 0
        while let (studies, end) = try await survey.page(after: position) {
            try await context.checkpoint()
            for study in studies { if case .moves = evaluation.verdict(on: study) { count += 1 } }
            position = end
        }
        return count
    }

    /// - Returns: Why packs could not be moved; `nil` when all were.
    private func move(
        _ movements: [PackMovement],
        of study: StudyFacts,
        _ progress: inout JobProgress,
        _ context: JobContext
    ) async throws -> String? {
        var trouble: String?
        for movement in movements {
            try await context.checkpoint()
            // A hold may have come since the study was looked at.
            guard try await !survey.holds.heldStudies(among: [study.studyInstanceUID]).contains(study.studyInstanceUID)
            else { return trouble }
            let start = ContinuousClock.now
            do {
                try await mover.move(movement.pack.packID, to: movement.goal)
                let bytes = movement.copiedBytes
                progress.bytes = progress.bytes.addingClamped(bytes)
                context.report(progress)
                let delay = rate.delay(afterBytes: bytes, taking: ContinuousClock.now - start)
                if delay > .zero { try await context.sleep(for: delay) }
            } catch let interruption as JobInterruption {
                throw interruption
            } catch let error as PackError where error.code == .stillOpen {
                // Its writer may go on with it: a later run takes it.
            } catch {
                if Task.isCancelled { throw JobInterruption.stopping }
                progress.failures += 1
                trouble = Self.trouble(error)
                context.report(progress)
                logger.warning(
                    "a pack could not be moved; the next run tries again",
                    metadata: [LogKeys.packID: "\(movement.pack.packID.hex)", LogKeys.error: "\(error)"]
                )
            }
        }
        return trouble
    }
}
