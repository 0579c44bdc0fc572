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
            return try await answer.multipart(
                RenderedPictures(
                    InstancePages(
                        of: scope,
                        from: retrieve,
                        length: Self.pageLength,
                        includesHeader: true,
                        as: principal
                    ),
                    in: self,
                    as: principal
                ),
                acceptance.mediaType,
                parameters
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
        return try await answer.pictures(pictures(instance, numbers, as: principal), acceptance, parameters)
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
        return try await answer.pictures(pictures(instance, numbers, as: principal), acceptance, parameters)
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
        return try await answer.pictures(pictures(instance, [number], as: principal), acceptance, parameters)
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

    private var answer: PictureAnswer { PictureAnswer(logger: logger) }

    private func pictures(
        _ instance: ArchivedInstance,
        _ frameNumbers: [Int?],
        as principal: Principal
    ) -> RenderedPictures {
        let location = links.instance(instance.path)
        return RenderedPictures(
            frameNumbers.map { number in
                picture(
                    number,
                    of: instance,
                    at: location + (number.map { "/frames/\($0)" } ?? "") + "/rendered",
                    as: principal
                )
            }
        )
    }

    /// A picture of one frame, which is made when it is asked for.
    func picture(
        _ frameNumber: Int?,
        of instance: ArchivedInstance,
        at location: String,
        presentationState: ArchivedInstance? = nil,
        as principal: Principal
    ) -> RenderedPicture {
        let retrieve = retrieve
        return RenderedPicture(location: location) { order throws(ArchiveError) in
            try await retrieve.picture(
                ofFrame: frameNumber,
                of: instance,
                order,
                presentationState: presentationState,
                as: principal
            )
        }
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
            picture(image.frameNumber, of: image.instance, at: location, presentationState: state, as: principal)
        }
        return try await answer.pictures(RenderedPictures(pictures), acceptance, parameters)
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
}
