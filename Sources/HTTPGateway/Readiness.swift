import HTTPTypes
import Hummingbird
import NIOCore

/// Whether the archive can do its work.
public enum Readiness: Sendable, Hashable {
    /// It can.
    case ready
    /// It cannot; the text says what an operator should look at, without anything of a patient.
    case notReady(String)

    /// The answer of `/health/ready`, which anyone may ask: no reason is told.
    var response: Response {
        switch self {
        case .ready: Self.response(.ok, "ready")
        case .notReady: Self.response(.serviceUnavailable, "not ready")
        }
    }

    /// The answer of `/health/live`.
    static var live: Response { response(.ok, "live") }

    private static func response(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "{\"status\":\"\(text)\"}"))
        )
    }
}
