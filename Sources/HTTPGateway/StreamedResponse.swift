import ArchiveServices
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Answers that send stored bytes as they are read, none of them gathered.
enum StreamedResponse {
    /// One stream alone.
    static func single(_ stream: ByteStream, contentType: String, logger: Logger) -> Response {
        // Neither name nor type makes a browser run what a preamble or an encapsulated document may hold.
        let headers: HTTPFields = [.contentType: contentType, .contentDisposition: "attachment; filename=\"object\""]
        return Response(
            status: .ok,
            headers: headers,
            body: body(length: Int(exactly: stream.length), logger: logger) { writer in
                try await writer.write(contentsOf: stream)
            }
        )
    }

    /// An object that is made alone; its length shows at its end.
    static func single(_ object: TranscodedObject, contentType: String, logger: Logger) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: contentType, .contentDisposition: "attachment; filename=\"object\""],
            body: body(logger: logger) { writer in try await writer.write(contentsOf: object) }
        )
    }

    /// One stream as the only part of a multipart body.
    static func multipart(
        _ stream: ByteStream,
        type: String,
        contentType: String,
        location: String?,
        logger: Logger
    ) -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        let head = frame.head(contentType: contentType, location: location, isFirst: true)
        let tail = frame.tail
        let (length, overflow) = stream.length.addingReportingOverflow(UInt64(head.readableBytes + tail.readableBytes))
        return Response(
            status: .ok,
            headers: [.contentType: frame.contentType(type: type)],
            body: body(length: overflow ? nil : Int(exactly: length), logger: logger) { writer in
                try await writer.write(head)
                try await writer.write(contentsOf: stream)
                try await writer.write(tail)
            }
        )
    }

    /// A body that `write` writes.
    ///
    /// An error behind the head can no longer be told: it is logged, and the connection ends before the body does.
    static func body(
        length: Int? = nil,
        logger: Logger,
        _ write: @escaping @Sendable (inout BatchedWriter) async throws -> Void
    ) -> ResponseBody {
        ResponseBody(contentLength: length) { writer in
            var batched = BatchedWriter(writer)
            do {
                try await write(&batched)
                try await batched.finish()
            } catch let error as ArchiveError {
                logger.error("An answer was cut off", metadata: [LogKeys.errorCode: "\(error.code.rawValue)"])
                throw error
            } catch let error as TranscodingError {
                logger.error("An answer was cut off", metadata: [LogKeys.errorCode: "\(error.code.rawValue)"])
                throw error
            }
        }
    }
}
