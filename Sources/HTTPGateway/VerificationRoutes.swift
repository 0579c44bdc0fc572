import AccessControl
import ArchiveServices
import DICOMCore
import Hummingbird
import Logging
import NIOCore

/// Reads the whole archive back for an administrator, telling line by line how far it is.
struct VerificationRoutes: Sendable {
    /// Instances between two lines.
    private static let linePeriod = 64

    let verification: VerificationService
    let logger: Logger

    /// Lines of JSON: the report so far, again and again; the last one is marked complete.
    func verify(as principal: Principal) throws(ArchiveError) -> Response {
        try verification.authorize(principal)
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: StreamedResponse.body(logger: logger) { writer in
                let report = try await verification.verify(as: principal) { report in
                    guard report.checked % Self.linePeriod == 1 else { return }
                    try await writer.write(Self.line(report, isComplete: false))
                }
                try await writer.write(Self.line(report, isComplete: true))
            }
        )
    }

    private static func line(_ report: VerificationReport, isComplete: Bool) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"total\":\(report.total),\"checked\":\(report.checked),\"bytes\":\(report.bytes),\"damaged\":[")
        for (position, damage) in report.damaged.enumerated() {
            text.raw(position > 0 ? ",{\"sopInstanceUID\":" : "{\"sopInstanceUID\":")
            text.string(damage.sopInstanceUID.string)
            text.raw(",\"cause\":")
            text.string(damage.cause)
            text.raw("}")
        }
        text.raw(
            "],\"unindexed\":\(report.unindexed),\"packProblems\":\(report.packProblems),\"isComplete\":\(isComplete)}\n"
        )
        return text.buffer
    }
}
