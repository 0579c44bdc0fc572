import HTTPTypes
import Hummingbird
import NIOCore

/// Whether the archive can do its work.
public enum Readiness: Sendable, Hashable {
    /// It can.
    case ready
    /// It answers, but an operator should look at something: it only reads, or damage is known.
    case degraded([String])
    /// It cannot; the text says what an operator should look at, without anything of a patient.
    case notReady(String)

    /// The answer of `/health/ready`, which anyone may ask: reasons name conditions of the machine alone.
    var response: Response {
        switch self {
        case .ready: Self.response(.ok, "ready")
        case .degraded(let reasons): Self.response(.ok, "ready", degraded: reasons)
        case .notReady: Self.response(.serviceUnavailable, "not ready")
        }
    }

    /// The answer of `/health/live`.
    static var live: Response { response(.ok, "live") }

    private static func response(
        _ status: HTTPResponse.Status,
        _ text: String,
        degraded reasons: [String] = []
    ) -> Response {
        var json = JSONText()
        json.raw("{\"status\":")
        json.string(text)
        if !reasons.isEmpty {
            json.raw(",\"degraded\":")
            json.strings(reasons)
        }
        json.raw("}")
        return Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: json.buffer)
        )
    }
}
