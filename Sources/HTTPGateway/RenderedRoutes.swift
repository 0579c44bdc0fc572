import AccessControl
import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform

/// Shows objects as pictures (PS3.18 10.4.1.1.3).
struct RenderedRoutes: Sendable {
    let retrieve: RetrieveService
    let links: Links
    let limits: HTTPLimits
    let logger: Logger

    private static let pageLength = 100

    /// Shows all images of a study or series, or one instance.
    func rendered(
        _ scope: RetrieveScope,
        _ items: QueryItems,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let parameters = try RenderingParameters(items)
        guard scope.sopInstanceUID != nil else {
            let acceptance = try RenderedAcceptance(accept, allowsSingle: false)
            return try await multipart(
                RenderedPictures(
                    InstancePages(
                        of: scope,
                        from: retrieve,
                        length: Self.pageLength,
                        includesHeader: true,
                        as: principal
                    ),
                    links
                ),
                acceptance.mediaType,
                parameters,
                as: principal
            )
        }
        let instance = try await instance(scope, as: principal)
        if RetrieveService.isPresentationState(instance) {
            return try await presented(instance, parameters, accept, as: principal)
        }
        if instance.transferSyntax.isVideo { return try await video(instance, accept, as: principal) }
        let count = try count(of: instance)
        let acceptance = try RenderedAcceptance(accept, allowsSingle: true)
        if acceptance.mediaType == "image/gif", !acceptance.isMultipart, count > 1 {
            let film = try await retrieve.film(of: instance, parameters.order(as: "image/gif"), as: principal)
            return Response(
                status: .ok,
                headers: [.contentType: "image/gif"],
                body: StreamedResponse.body(logger: logger) { writer in try await writer.write(contentsOf: film) }
            )
        }
        let numbers: [Int?] = acceptance.isMultipart ? (1...count).map { $0 } : [nil]
        return try await answer(pictures(instance, numbers), acceptance, parameters, as: principal)
    }

    /// Shows frames in the order of the list.
    func frames(
        _ list: String,
        of resource: Route.InstanceResource,
        _ items: QueryItems,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let parameters = try RenderingParameters(items)
        let numbers = try FrameList.frameNumbers(list, limit: limits.frameCount)
        let instance = try await instance(resource.scope, as: principal)
        let count = try count(of: instance)
        guard numbers.allSatisfy({ $0 <= count }) else {
            throw ArchiveError(.notFound, "The instance has \(count) frames")
        }
        let acceptance = try RenderedAcceptance(accept, allowsSingle: numbers.count == 1)
        return try await answer(pictures(instance, numbers), acceptance, parameters, as: principal)
    }

    /// A small picture that stands for a study, series, instance or frame; never with a patient's name in it.
    func thumbnail(
        _ scope: RetrieveScope,
        frame: String?,
        _ items: QueryItems,
        accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let parameters = try RenderingParameters.thumbnail(items)
        let numbers = try frame.map { text throws(RequestError) in
            try FrameList.frameNumbers(text, limit: limits.frameCount)
        }
        guard numbers.map({ $0.count == 1 }) ?? true else {
            throw RequestError(.badRequest, "A thumbnail shows one frame: name one, or none")
        }
        let acceptance = try RenderedAcceptance(accept, allowsSingle: true)
        guard let instance = try await retrieve.representative(of: scope, as: principal) else {
            // A study without any image is found; its picture is not. Unknown ones look the same.
            throw ArchiveError(.notFound, "There is no image that a thumbnail could show")
        }
        guard let count = try retrieve.pictureCount(of: instance) else {
            throw ArchiveError(.notFound, "There is no image that a thumbnail could show")
        }
        if let numbers, !numbers.allSatisfy({ $0 <= count }) {
            throw ArchiveError(.notFound, "The instance has \(count) frames")
        }
        // Of a film the middle says most: the beginning is often black.
        let number = numbers?.first ?? (count + 1) / 2
        return try await answer(pictures(instance, [number]), acceptance, parameters, as: principal)
    }

    private func instance(_ scope: RetrieveScope, as principal: Principal) async throws -> ArchivedInstance {
        let found = try await retrieve.instances(in: scope, as: principal, limit: 1, includesHeader: true)
        guard let instance = found.first else { throw ArchiveError(.notFound, "There is no such instance") }
        return instance
    }

    private func count(of instance: ArchivedInstance) throws -> Int {
        if let count = try retrieve.pictureCount(of: instance) { return count }
        throw ArchiveError(
            .framesUnknown,
            "The instance has no pixels that could be shown, or they cannot be told apart"
        )
    }

    private func pictures(_ instance: ArchivedInstance, _ frameNumbers: [Int?]) -> RenderedPictures {
        let location = links.instance(instance.path)
        let pictures = frameNumbers.map { number in
            RenderedPicture(
                instance: instance,
                frameNumber: number,
                location: location + (number.map { "/frames/\($0)" } ?? "") + "/rendered"
            )
        }
        return RenderedPictures(pictures, links)
    }

    private func presented(
        _ state: ArchivedInstance,
        _ parameters: RenderingParameters,
        _ accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        guard parameters.isWhole else {
            throw RequestError(
                .badRequest,
                "viewport of a Presentation State is width,height: it says itself what is shown"
            )
        }
        let images = try await retrieve.presentedImages(by: state, as: principal, limit: limits.frameCount)
        guard !images.isEmpty else {
            throw ArchiveError(.notFound, "None of the images of the Presentation State is in its study")
        }
        let acceptance = try RenderedAcceptance(accept, allowsSingle: images.count == 1)
        let location = links.instance(state.path) + "/rendered"
        let pictures = images.map { image in
            RenderedPicture(
                instance: image.instance,
                frameNumber: image.frameNumber,
                presentationState: state,
                location: location
            )
        }
        return try await answer(RenderedPictures(pictures, links), acceptance, parameters, as: principal)
    }

    /// The video as it is stored.
    private func video(
        _ instance: ArchivedInstance,
        _ accept: AcceptHeader,
        as principal: Principal
    ) async throws -> Response {
        let form = Representation.frames(instance.transferSyntax)
        let acceptance = try RenderedAcceptance(accept, allowsSingle: true, of: [form.mediaType] + form.aliases)
        let stream = try await retrieve.frame(1, of: instance, as: principal)
        guard acceptance.isMultipart else {
            return StreamedResponse.single(stream, contentType: acceptance.mediaType, logger: logger)
        }
        return StreamedResponse.multipart(
            stream,
            type: acceptance.mediaType,
            contentType: acceptance.mediaType,
            location: links.instance(instance.path) + "/rendered",
            logger: logger
        )
    }

    private func answer(
        _ pictures: RenderedPictures,
        _ acceptance: RenderedAcceptance,
        _ parameters: RenderingParameters,
        as principal: Principal
    ) async throws -> Response {
        guard !acceptance.isMultipart else {
            return try await multipart(pictures, acceptance.mediaType, parameters, as: principal)
        }
        var pictures = pictures
        guard let picture = try await pictures.next() else { throw ArchiveError(.notFound, "There is no picture") }
        let stream = try await self.stream(picture, acceptance.mediaType, parameters, as: principal)
        return Response(
            status: .ok,
            headers: [.contentType: acceptance.mediaType],
            body: StreamedResponse.body(length: Int(exactly: stream.length), logger: logger) { writer in
                try await writer.write(contentsOf: stream)
            }
        )
    }

    private func stream(
        _ picture: RenderedPicture,
        _ mediaType: String,
        _ parameters: RenderingParameters,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        try await retrieve.picture(
            ofFrame: picture.frameNumber,
            of: picture.instance,
            parameters.order(as: mediaType),
            presentationState: picture.presentationState,
            as: principal
        )
    }

    /// Sends many pictures; those that cannot be made are left out, which 206 tells of those before the first.
    private func multipart(
        _ pictures: RenderedPictures,
        _ mediaType: String,
        _ parameters: RenderingParameters,
        as principal: Principal
    ) async throws -> Response {
        var pictures = pictures
        var isPartial = false
        var failure: ArchiveError?
        while let picture = try await pictures.next() {
            do throws(ArchiveError) {
                let first = Handover(try await stream(picture, mediaType, parameters, as: principal))
                return send(first, picture, pictures, mediaType, parameters, isPartial: isPartial, as: principal)
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
        _ rest: RenderedPictures,
        _ mediaType: String,
        _ parameters: RenderingParameters,
        isPartial: Bool,
        as principal: Principal
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
                    if let stream = try await opened(first, picture, mediaType, parameters, as: principal) {
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
        _ parameters: RenderingParameters,
        as principal: Principal
    ) async throws -> ByteStream? {
        if let stream = first.take() { return stream }
        do throws(ArchiveError) {
            return try await stream(picture, mediaType, parameters, as: principal)
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
