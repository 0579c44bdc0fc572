import AccessControl
import ArchiveServices
import DICOMCoding
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Retrieves frames and bulk data (PS3.18 10.4.1.1.5 and 10.4.1.1.6).
struct FrameRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let limits: HTTPLimits
    let logger: Logger

    /// Sends frames in the order of the list.
    func frames(
        _ list: String,
        of resource: Route.InstanceResource,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let frameNumbers = try FrameList.frameNumbers(list, limit: limits.frameCount)
        let instance = try await instance(resource, as: principal)
        let frameCount = try await retrieve.frameCount(of: instance, as: principal)
        guard frameNumbers.allSatisfy({ $0 <= frameCount }) else {
            throw ArchiveError(.notFound, "The instance has \(frameCount) frames")
        }
        let acceptance = RetrieveAcceptance(accept, allowsSingle: frameNumbers.count == 1)
        let choices = acceptance.choices(for: instance.transferSyntax, .frames)
        return try await frames(frameNumbers, of: instance, choices, as: principal)
    }

    /// Sends one bulk value; of compressed pixel data, every frame.
    func bulkData(
        at text: String,
        of resource: Route.InstanceResource,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        guard let path = BulkPath(text) else {
            throw RequestError(.badRequest, "The path of the bulk data is none that the metadata of an instance gave")
        }
        let instance = try await instance(resource, as: principal)
        if path == BulkPath(tag: .pixelData), instance.transferSyntax.isEncapsulated {
            let frameCount = try await retrieve.frameCount(of: instance, as: principal)
            guard frameCount > 0 else { throw ArchiveError(.notFound, "The instance has no frames") }
            let (packaging, mediaType) = try Self.negotiate(
                .frames(instance.transferSyntax),
                accept,
                allowsSingle: frameCount == 1
            )
            let choice = RetrieveChoice(
                packaging: packaging,
                mediaType: mediaType,
                form: .frames(instance.transferSyntax),
                request: nil
            )
            return try await frames(Array(1...frameCount), of: instance, [choice], as: principal)
        }
        let isBigEndian = instance.transferSyntax.isBigEndian
        let form = Representation.frames(isBigEndian ? instance.transferSyntax : .explicitVRLittleEndian)
        let (packaging, mediaType) = try Self.negotiate(form, accept, allowsSingle: true)
        let stream = try await retrieve.bulkData(at: path.description, of: instance, as: principal)
        let location = links.instance(instance.path) + "/bulkdata/" + path.description
        return answer(stream, form, mediaType, packaging, location: location)
    }

    /// Sends frames in the first of the ways in which the first of them can be sent.
    private func frames(
        _ frameNumbers: [Int],
        of instance: ArchivedInstance,
        _ choices: [RetrieveChoice],
        as principal: Principal
    ) async throws -> Response {
        guard let firstNumber = frameNumbers.first else { throw ArchiveError(.notFound, "No frame was asked for") }
        var failures = RetrieveFailures(stored: instance.transferSyntax, kind: .frames, hasFrames: true)
        for choice in choices {
            do throws(ArchiveError) {
                let first = try await frame(firstNumber, of: instance, choice, as: principal)
                return answer(first, frameNumbers, of: instance, choice, as: principal)
            } catch {
                try failures.note(error, of: choice)
            }
        }
        throw failures.error
    }

    private func frame(
        _ frameNumber: Int,
        of instance: ArchivedInstance,
        _ choice: RetrieveChoice,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        guard let request = choice.request else {
            return try await retrieve.frame(frameNumber, of: instance, as: principal)
        }
        return try await retrieve.frame(frameNumber, of: instance, in: request, as: principal)
    }

    private func answer(
        _ first: ByteStream,
        _ frameNumbers: [Int],
        of instance: ArchivedInstance,
        _ choice: RetrieveChoice,
        as principal: Principal
    ) -> Response {
        let location = links.instance(instance.path) + "/frames/"
        let firstNumber = frameNumbers.first ?? 1
        guard frameNumbers.count > 1 else {
            return answer(
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
                for number in frameNumbers {
                    let stream: ByteStream
                    if let first = opened.take() {
                        stream = first
                    } else {
                        // What is gathered may hold memory that this frame waits for.
                        try await writer.flush()
                        stream = try await self.frame(number, of: instance, choice, as: principal)
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

    private func answer(
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

    private func instance(
        _ resource: Route.InstanceResource,
        as principal: Principal
    ) async throws -> ArchivedInstance {
        let found = try await retrieve.instances(
            in: resource.scope,
            as: principal,
            limit: 1,
            includesHeader: true
        )
        guard let instance = found.first else { throw ArchiveError(.notFound, "There is no such instance") }
        return instance
    }

    private static func negotiate(
        _ form: Representation,
        _ accept: AcceptHeader,
        allowsSingle: Bool
    ) throws(RequestError) -> (RetrieveAcceptance.Packaging, mediaType: String) {
        let acceptance = RetrieveAcceptance(accept, allowsSingle: allowsSingle)
        guard let packaging = acceptance.packaging(for: [form]),
            let mediaType = acceptance.mediaType(for: form, packaging: packaging)
        else { throw RetrieveAcceptance.refusal([form]) }
        return (packaging, mediaType)
    }
}
