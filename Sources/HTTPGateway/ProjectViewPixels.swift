import ArchiveServices
import DICOMCore
import Hummingbird
import Logging
import Platform

/// Frames and pictures of a project's view (PS3.18 10.4.1.1.6 and 10.4.1.1.3), each of an object that passes the gate.
struct ProjectViewPixels: Sendable {
    /// Where the resources of the view begin.
    let base: String
    let limits: HTTPLimits
    let logger: Logger

    /// Sends frames in the order of the list.
    func frames(
        _ list: String,
        of view: ProjectView,
        _ scope: RetrieveScope,
        accept: AcceptHeader
    ) async throws -> Response {
        let numbers = try FrameList.frameNumbers(list, limit: limits.frameCount)
        let image = try await view.image(in: scope)
        try Self.require(numbers, of: image)
        let acceptance = RetrieveAcceptance(accept, allowsSingle: numbers.count == 1)
        return try await FrameAnswer(logger: logger).frames(
            numbers,
            of: ViewedFrames(image: image, base: base),
            acceptance.choices(for: image.object.transferSyntax, .frames)
        )
    }

    /// Shows all images of a study or series, one instance, or some of its frames.
    func rendered(
        _ list: String?,
        of view: ProjectView,
        _ scope: RetrieveScope,
        _ items: QueryItems,
        accept: AcceptHeader
    ) async throws -> Response {
        let parameters = try RenderingParameters(items)
        let answer = PictureAnswer(logger: logger)
        guard scope.sopInstanceUID != nil else {
            let acceptance = try RenderedAcceptance(accept, allowsSingle: false)
            let pictures = ViewedPictures(images: try await view.pictures(in: scope), base: base)
            return try await answer.multipart(pictures, acceptance.mediaType, parameters)
        }
        let image = try await view.image(in: scope)
        if let list {
            let numbers = try FrameList.frameNumbers(list, limit: limits.frameCount)
            try Self.require(numbers, of: image)
            let acceptance = try RenderedAcceptance(accept, allowsSingle: numbers.count == 1)
            return try await answer.pictures(pictures(image, numbers), acceptance, parameters)
        }
        let acceptance = try RenderedAcceptance(accept, allowsSingle: true)
        let numbers: [Int?] = acceptance.isMultipart ? Array(1...(image.frameCount ?? 1)) : [nil]
        return try await answer.pictures(pictures(image, numbers), acceptance, parameters)
    }

    /// A small picture of the first image of a scope, or of a frame; of a film its middle.
    func thumbnail(
        _ list: String?,
        of view: ProjectView,
        _ scope: RetrieveScope,
        _ items: QueryItems,
        accept: AcceptHeader
    ) async throws -> Response {
        let parameters = try RenderingParameters.thumbnail(items)
        let numbers = try list.map { list throws(RequestError) in
            try FrameList.frameNumbers(list, limit: limits.frameCount)
        }
        guard numbers.map({ $0.count == 1 }) ?? true else {
            throw RequestError(.badRequest, "A thumbnail shows one frame: name one, or none")
        }
        let acceptance = try RenderedAcceptance(accept, allowsSingle: true)
        let image = try await view.image(in: scope)
        try Self.require(numbers ?? [], of: image)
        let number = numbers?.first ?? ((image.frameCount ?? 1) + 1) / 2
        return try await PictureAnswer(logger: logger).pictures(pictures(image, [number]), acceptance, parameters)
    }

    private static func require(_ numbers: [Int], of image: ViewedImage) throws(ArchiveError) {
        guard let count = image.frameCount else {
            throw ArchiveError(
                .framesUnknown,
                "The instance has no pixels that could be shown, or they cannot be told apart"
            )
        }
        guard numbers.allSatisfy({ $0 <= count }) else {
            throw ArchiveError(.notFound, "The instance has \(count) frames")
        }
    }

    private func pictures(_ image: ViewedImage, _ numbers: [Int?]) -> RenderedPictures {
        RenderedPictures(numbers.map { RenderedPicture($0, of: image, below: base) })
    }
}

/// The frames of a new object.
private struct ViewedFrames: FrameSource {
    let image: ViewedImage
    let base: String

    var transferSyntax: TransferSyntax { image.object.transferSyntax }
    var location: String { Links.instance(image.object.path, below: base) }

    func frame(_ number: Int, in request: TranscodingRequest?) async throws(ArchiveError) -> ByteStream {
        try await image.frame(number, in: request)
    }
}

/// One picture of each image of a study or series.
private struct ViewedPictures: PictureList {
    var images: ViewedImages
    let base: String

    mutating func next() async throws -> RenderedPicture? {
        try await images.next().map { RenderedPicture(nil, of: $0, below: base) }
    }
}

extension RenderedPicture {
    fileprivate init(_ number: Int?, of image: ViewedImage, below base: String) {
        let frame = number.map { "/frames/\($0)" } ?? ""
        self.init(location: Links.instance(image.object.path, below: base) + frame + "/rendered") {
            order throws(ArchiveError) in try await image.picture(ofFrame: number, order)
        }
    }
}
