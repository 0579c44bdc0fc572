import ArchiveCatalog
import Platform

/// A round of compaction as a job.
///
/// Where it goes on after a stop, the catalog itself tells: packs that were compacted are not looked at again.
struct CompactionJob: JobKind {
    static let identifier = "packs.compact"

    var identifier: String { Self.identifier }
    let removal: RemovalService

    func run(_ context: JobContext) async throws {
        guard !removal.isSuspended() else {
            return context.report(JobProgress(unit: "packs", message: "rests: the registry was lost"))
        }
        let begun = context.progress
        let report = try await removal.compact { report in
            context.report(Self.progress(report, since: begun, message: "compacting"))
            try await context.checkpoint()
        }
        context.report(Self.progress(report, since: begun, message: ""))
    }

    private static func progress(_ report: CompactionReport, since begun: JobProgress, message: String) -> JobProgress {
        JobProgress(
            done: begun.done + report.rewritten + report.removed,
            unit: "packs",
            bytes: begun.bytes.addingClamped(report.deadBytes),
            failures: report.failures,
            message: message
        )
    }
}
