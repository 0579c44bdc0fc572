import ArchiveServices
import DICOMPixels

/// The query parameters of rendered resources (PS3.18 8.3.5); unknown ones are not looked at.
struct RenderingParameters: Sendable, Hashable {
    private let request: RenderingRequest
    private let quality: Int
    private let keepsProfile: Bool

    /// What quality is unless one is asked for.
    private static let standardQuality = 90

    /// Reads the parameters of a rendered resource.
    ///
    /// - Throws: `.badRequest` for a value that is not well-formed, or that nothing here can do.
    init(_ items: QueryItems) throws(RequestError) {
        var request = RenderingRequest()
        if let text = try Self.single("window", items) {
            guard let window = WindowRequest(parameter: text) else {
                throw RequestError(
                    .badRequest,
                    "window is center,width,function: two numbers, and linear, linear-exact or sigmoid"
                )
            }
            request.window = window
        }
        request.viewport = try Self.viewport(items)
        for text in items.values(of: "annotation") {
            for name in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let annotation = RenderingRequest.Annotation(rawValue: String(name)) else {
                    throw RequestError(.badRequest, "annotation is patient, technique, or both with a comma")
                }
                request.annotations.insert(annotation)
            }
        }
        quality = try Self.quality(items)
        keepsProfile = try Self.keepsProfile(items)
        self.request = request
    }

    private init(_ request: RenderingRequest, quality: Int, keepsProfile: Bool) {
        self.request = request
        self.quality = quality
        self.keepsProfile = keepsProfile
    }

    /// The parameters of a thumbnail: its size alone (PS3.18 8.3.5.2).
    static func thumbnail(_ items: QueryItems) throws(RequestError) -> RenderingParameters {
        let viewport = try viewport(items) ?? Viewport(width: thumbnailLength, height: thumbnailLength)
        guard viewport.isWhole, viewport.width <= thumbnailLimit, viewport.height <= thumbnailLimit else {
            throw RequestError(.badRequest, "viewport of a thumbnail is width,height, each up to \(thumbnailLimit)")
        }
        return RenderingParameters(RenderingRequest(viewport: viewport), quality: thumbnailQuality, keepsProfile: false)
    }

    private static let thumbnailLength = 256
    private static let thumbnailLimit = 2_048
    private static let thumbnailQuality = 80

    /// Whether parts of the image are asked for, or turned ones: what a Presentation State does not allow (PS3.18
    /// 10.4.2.1).
    var isWhole: Bool { request.viewport?.isWhole ?? true }

    /// The order of a picture of that media type.
    func order(as mediaType: String) -> PictureOrder {
        switch mediaType {
        case "image/png": PictureOrder(request, as: .png, keepsProfile: keepsProfile)
        case "image/gif": PictureOrder(request, as: .gif, keepsProfile: keepsProfile)
        default: PictureOrder(request, as: .jpeg(quality: quality), keepsProfile: keepsProfile)
        }
    }

    private static func single(_ name: String, _ items: QueryItems) throws(RequestError) -> String? {
        let values = items.values(of: name)
        guard values.count < 2 else { throw RequestError(.badRequest, "\(name) stands twice in the query") }
        return values.first
    }

    private static func viewport(_ items: QueryItems) throws(RequestError) -> Viewport? {
        guard let text = try single("viewport", items) else { return nil }
        guard let viewport = Viewport(parameter: text) else {
            throw RequestError(.badRequest, "viewport is width,height or width,height,x,y,width,height")
        }
        return viewport
    }

    private static func quality(_ items: QueryItems) throws(RequestError) -> Int {
        guard let text = try single("quality", items) else { return standardQuality }
        guard text.utf8.count <= 3, let quality = Int(text), (1...100).contains(quality) else {
            throw RequestError(.badRequest, "quality is a whole number from 1 to 100")
        }
        return quality
    }

    private static func keepsProfile(_ items: QueryItems) throws(RequestError) -> Bool {
        switch try single("iccprofile", items) {
        case nil, "yes": true
        case "no": false
        default: throw RequestError(.badRequest, "iccprofile is yes or no: pictures keep the colours of their object")
        }
    }
}
