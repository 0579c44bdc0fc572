import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import Platform

/// An object whose frames are sent.
protocol FrameSource: Sendable {
    /// The Transfer Syntax that it is in.
    var transferSyntax: TransferSyntax { get }
    /// The address of the object.
    var location: String { get }
    /// One frame, 1-based, as it is or in another Transfer Syntax.
    func frame(_ number: Int, in request: TranscodingRequest?) async throws(ArchiveError) -> ByteStream
}

/// Answers with frames (PS3.18 10.4.1.1.6).
struct FrameAnswer: Sendable {
    let logger: Logger

    /// Sends frames in the first of the ways in which the first of them can be sent.
    func frames(_ numbers: [Int], of source: some FrameSource, _ choices: [RetrieveChoice]) async throws -> Response {
        guard let firstNumber = numbers.first else { throw ArchiveError(.notFound, "No frame was asked for") }
        var failures = RetrieveFailures(stored: source.transferSyntax, kind: .frames, hasFrames: true)
        for choice in choices {
            do throws(ArchiveError) {
                let first = try await source.frame(firstNumber, in: choice.request)
                return answer(first, numbers, of: source, choice)
            } catch {
                try failures.note(error, of: choice)
            }
        }
        throw failures.error
    }

    /// Sends one value.
    func single(
        _ stream: ByteStream,
        _ form: Representation,
        _ mediaType: String,
        _ packaging: RetrieveAcceptance.Packaging,
        location: String
    ) -> Response {
        let contentType = form.contentType(as: mediaType)
        switch packaging {
        case .single: return StreamedResponse.single(stream, contentType: contentType, logger: logger)
        case .multipart:
            return StreamedResponse.multipart(
                stream,
                type: mediaType,
                contentType: contentType,
                location: location,
                logger: logger
            )
        }
    }

    private func answer(
        _ first: ByteStream,
        _ numbers: [Int],
        of source: some FrameSource,
        _ choice: RetrieveChoice
    ) -> Response {
        let location = source.location + "/frames/"
        let firstNumber = numbers.first ?? 1
        guard numbers.count > 1 else {
            return single(
                first,
                choice.form,
                choice.mediaType,
                choice.packaging,
                location: location + String(firstNumber)
            )
        }
        let frame = MultipartFrame(random: SystemRandomSource())
        // Taken once: it would stay in memory for as long as the others are sent.
        let opened = Handover(first)
        return Response(
            status: .ok,
            headers: [.contentType: frame.contentType(type: choice.mediaType)],
            body: StreamedResponse.body(logger: logger) { writer in
                for number in numbers {
                    let stream: ByteStream
                    if let first = opened.take() {
                        stream = first
                    } else {
                        // What is gathered may hold memory that this frame waits for.
                        try await writer.flush()
                        stream = try await source.frame(number, in: choice.request)
                    }
                    let head = frame.head(
                        contentType: choice.contentType,
                        location: location + String(number),
                        isFirst: number == firstNumber
                    )
                    try await writer.write(head)
                    try await writer.write(contentsOf: stream)
                }
                try await writer.write(frame.tail)
            }
        )
    }
}
