import ArchiveServices
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// An answer that says what was wrong and what to do (RFC 9457).
struct Problem: Sendable, Hashable {
    let status: HTTPResponse.Status
    /// The last part of the `type` URI: stable, for programs.
    let code: String
    let title: String
    let detail: String
    /// What there is instead.
    var available: [String] = []
    /// What brings back the bytes that were asked for.
    var recall: RecallReference?

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
        if let recall {
            json.raw(",\"progress\":")
            json.string("/api/recalls/" + recall.id.hex)
        }
        json.raw("}")
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        switch status {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed: headers[.allow] = available.joined(separator: ", ")
        default: break
        }
        // The client is told when it is worth asking again, and where it sees how far things are.
        if let recall {
            headers[.retryAfter] = String(max(1, recall.retryAfter.components.seconds))
            headers[.location] = "/api/recalls/" + recall.id.hex
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: json.buffer))
    }
}
