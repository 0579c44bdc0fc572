/// Which of the forms that the archive can send a client takes, and how it wants them packed (PS3.18 8.7.4, 8.7.5).
struct RetrieveAcceptance: Sendable, Hashable {
    /// How parts travel.
    enum Packaging: Sendable, Hashable {
        /// `multipart/related`, also for one part.
        case multipart
        /// The bytes alone.
        case single
    }

    struct Offer: Sendable, Hashable {
        let packaging: Packaging
        let mediaRange: String
        let transferSyntaxUID: String?
    }

    let offers: [Offer]

    /// Reads what is accepted.
    ///
    /// - Parameter allowsSingle: Whether there is exactly one thing to send.
    init(_ accept: AcceptHeader, allowsSingle: Bool) {
        offers = accept.ranges.compactMap { range in
            let transferSyntaxUID = range.parameters["transfer-syntax"]
            switch range.essence {
            case "*/*", "multipart/*":
                return Offer(packaging: .multipart, mediaRange: "*/*", transferSyntaxUID: transferSyntaxUID)
            case "multipart/related":
                let type = range.parameters["type"]?.lowercased() ?? "*/*"
                return Offer(packaging: .multipart, mediaRange: type, transferSyntaxUID: transferSyntaxUID)
            default:
                guard allowsSingle else { return nil }
                return Offer(packaging: .single, mediaRange: range.essence, transferSyntaxUID: transferSyntaxUID)
            }
        }
    }

    /// How to pack, by the first offer that takes one of the forms; `nil` when none does.
    func packaging(for representations: some Sequence<Representation>) -> Packaging? {
        offers.first { offer in
            representations.contains {
                $0.isAccepted(mediaRange: offer.mediaRange, transferSyntaxUID: offer.transferSyntaxUID)
            }
        }?.packaging
    }

    /// The media type under which a form is sent: an alias when the client asked for it by that name.
    func mediaType(for representation: Representation, packaging: Packaging) -> String? {
        let match = offers.first {
            $0.packaging == packaging
                && representation.isAccepted(mediaRange: $0.mediaRange, transferSyntaxUID: $0.transferSyntaxUID)
        }
        return match.map { representation.aliases.contains($0.mediaRange) ? $0.mediaRange : representation.mediaType }
    }

    /// Whether some offer names a Transfer Syntax, so that not all objects need have a form that is taken.
    var isSelective: Bool {
        offers.contains { $0.transferSyntaxUID != nil && $0.transferSyntaxUID != "*" }
    }

    /// Whether the first offer takes every object as it is stored, so that nothing need be made.
    var takesStored: Bool {
        guard let first = offers.first, MediaType.range(first.mediaRange, includes: "application/dicom") else {
            return false
        }
        return first.transferSyntaxUID == "*" || first.transferSyntaxUID == nil && first.mediaRange == "*/*"
    }

    /// Why nothing can be sent, with what could.
    static func refusal(_ available: some Sequence<Representation>) -> RequestError {
        let types = Set(
            available.map { "multipart/related; type=\"\($0.mediaType)\"; transfer-syntax=\($0.transferSyntaxUID)" }
        )
        return RequestError(
            .notAcceptable,
            "Bulk data is sent as it is stored; accept one of the available types, or transfer-syntax=*",
            available: types.sorted()
        )
    }
}
