public import AccessControl
import ArchiveServices
import HTTPTypes
import Hummingbird
public import NIOCore

/// What tells of the archive to whoever watches it.
public struct MetricsDoor: Sendable {
    let contentType: String
    let text: @Sendable (Principal) async throws -> ByteBuffer

    /// Takes what makes the text; it says itself whom it refuses.
    public init(contentType: String, text: @escaping @Sendable (Principal) async throws -> ByteBuffer) {
        self.contentType = contentType
        self.text = text
    }

    func response(as principal: Principal) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: try await text(principal))
        )
    }
}
