import HTTPTypes
import Hummingbird
import NIOCore

/// An answer that says what was wrong and what to do (RFC 9457).
struct Problem: Sendable, Hashable {
    let status: HTTPResponse.Status
    /// The last part of the `type` URI: stable, for programs.
    let code: String
    let title: String
    let detail: String
    /// What there is instead.
    var available: [String] = []

    /// The answer.
    func response() -> Response {
        var json = JSONText()
        json.raw("{\"type\":")
        json.string("urn:cassette:problem:" + code)
        json.raw(",\"title\":")
        json.string(title)
        json.raw(",\"status\":\(status.code),\"detail\":")
        json.string(detail)
        if !available.isEmpty {
            json.raw(",\"available\":")
            json.strings(available)
        }
        json.raw("}")
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        switch status {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed: headers[.allow] = available.joined(separator: ", ")
        default: break
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: json.buffer))
    }
}
