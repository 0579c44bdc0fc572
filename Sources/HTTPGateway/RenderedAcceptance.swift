/// How pictures are sent: which media type, alone or as parts (PS3.18 8.7.4, 10.4.4).
struct RenderedAcceptance: Sendable, Hashable {
    /// The media types of pictures, the default first.
    static let mediaTypes = ["image/jpeg", "image/png", "image/gif"]

    let mediaType: String
    let isMultipart: Bool

    /// Chooses what the client likes best.
    ///
    /// Who takes anything gets one picture alone and several as parts. "The origin server is expected to ignore single part
    /// Media Types for other resources [than single response items]" (PS3.18 10.4.4).
    ///
    /// - Parameters:
    ///   - allowsSingle: Whether there is exactly one picture to send.
    ///   - mediaTypes: What can be made, the default first.
    /// - Throws: `.notAcceptable`.
    init(
        _ accept: AcceptHeader,
        allowsSingle: Bool,
        of mediaTypes: [String] = RenderedAcceptance.mediaTypes
    ) throws(RequestError) {
        for range in accept.ranges {
            switch range.essence {
            case "multipart/related", "multipart/*":
                let wanted = range.parameters["type"]?.lowercased() ?? "*/*"
                if let type = mediaTypes.first(where: { MediaType.range(wanted, includes: $0) }) {
                    self.init(mediaType: type, isMultipart: true)
                    return
                }
            case "*/*":
                guard let type = mediaTypes.first else { continue }
                self.init(mediaType: type, isMultipart: !allowsSingle)
                return
            default:
                guard allowsSingle, let type = mediaTypes.first(where: { range.includes($0) }) else { continue }
                self.init(mediaType: type, isMultipart: false)
                return
            }
        }
        let parts = mediaTypes.map { "multipart/related; type=\"\($0)\"" }
        throw RequestError(
            .notAcceptable,
            allowsSingle ? "Pictures are sent in these types" : "Several pictures are sent as parts",
            available: allowsSingle ? mediaTypes + parts : parts
        )
    }

    private init(mediaType: String, isMultipart: Bool) {
        self.mediaType = mediaType
        self.isMultipart = isMultipart
    }
}
