import ArchiveServices
import HTTPTypes
import Hummingbird
import Logging
import Platform

/// Answers with pictures, alone or as parts (PS3.18 10.4.4).
struct PictureAnswer: Sendable {
    let logger: Logger

    /// Sends pictures as the client takes them: one alone, or all as parts.
    func pictures(
        _ pictures: some PictureList,
        _ acceptance: RenderedAcceptance,
        _ parameters: RenderingParameters
    ) async throws -> Response {
        guard !acceptance.isMultipart else {
            return try await multipart(pictures, acceptance.mediaType, parameters)
        }
        var pictures = pictures
        guard let picture = try await pictures.next() else { throw ArchiveError(.notFound, "There is no picture") }
        let stream = try await picture.make(parameters.order(as: acceptance.mediaType))
        return Response(
            status: .ok,
            headers: [.contentType: acceptance.mediaType],
            body: StreamedResponse.body(length: Int(exactly: stream.length), logger: logger) { writer in
                try await writer.write(contentsOf: stream)
            }
        )
    }

    /// Sends many pictures; those that cannot be made are left out, which 206 tells of those before the first.
    func multipart(
        _ pictures: some PictureList,
        _ mediaType: String,
        _ parameters: RenderingParameters
    ) async throws -> Response {
        var pictures = pictures
        var isPartial = false
        var failure: ArchiveError?
        while let picture = try await pictures.next() {
            do throws(ArchiveError) {
                let first = Handover(try await picture.make(parameters.order(as: mediaType)))
                return send(first, picture, pictures, mediaType, parameters, isPartial: isPartial)
            } catch {
                guard error.code == .notDecodable || error.code == .framesUnknown else { throw error }
                failure = failure ?? error
                isPartial = true
            }
        }
        throw failure ?? ArchiveError(.framesUnknown, "There is no image that could be shown")
    }

    private func send(
        _ first: Handover<ByteStream>,
        _ firstPicture: RenderedPicture,
        _ rest: some PictureList,
        _ mediaType: String,
        _ parameters: RenderingParameters,
        isPartial: Bool
    ) -> Response {
        let frame = MultipartFrame(random: SystemRandomSource())
        return Response(
            status: isPartial ? .partialContent : .ok,
            headers: [.contentType: frame.contentType(type: mediaType)],
            body: StreamedResponse.body(logger: logger) { writer in
                var rest = rest
                var isFirst = true
                var next: RenderedPicture? = firstPicture
                while let picture = next {
                    if let stream = try await opened(first, picture, mediaType, parameters) {
                        let head = frame.head(contentType: mediaType, location: picture.location, isFirst: isFirst)
                        isFirst = false
                        try await writer.write(head)
                        try await writer.write(contentsOf: stream)
                        // What is gathered may hold memory that the next picture waits for.
                        try await writer.flush()
                    }
                    next = try await rest.next()
                }
                try await writer.write(frame.tail)
            }
        )
    }

    private func opened(
        _ first: Handover<ByteStream>,
        _ picture: RenderedPicture,
        _ mediaType: String,
        _ parameters: RenderingParameters
    ) async throws -> ByteStream? {
        if let stream = first.take() { return stream }
        do throws(ArchiveError) {
            return try await picture.make(parameters.order(as: mediaType))
        } catch {
            guard error.code == .notDecodable || error.code == .framesUnknown else { throw error }
            logger.notice(
                "A picture was left out of an answer",
                metadata: [LogKeys.errorCode: "\(error.code.rawValue)"]
            )
            return nil
        }
    }
}
