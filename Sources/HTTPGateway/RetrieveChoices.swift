import ArchiveServices
import DICOMCore

/// One way to answer a retrieve request.
struct RetrieveChoice: Sendable, Hashable {
    let packaging: RetrieveAcceptance.Packaging
    /// The media type under which it is sent.
    let mediaType: String
    let form: Representation
    /// What has to be made; `nil` for what is stored.
    let request: TranscodingRequest?

    /// The value of a Content-Type.
    var contentType: String { form.contentType(as: mediaType) }
}

/// What a client asks for: whole objects, or frames.
enum RetrievedKind: Sendable, Hashable {
    case objects
    case frames

    /// The Transfer Syntaxes that can be made, the best first.
    ///
    /// Frames say nothing of how a Data Set around them would be encoded, so for them there is one uncompressed form.
    var targets: [TransferSyntax] {
        switch self {
        case .objects: TransferSyntax.makeable
        case .frames: TransferSyntax.makeable.filter { !$0.isNative || $0 == .explicitVRLittleEndian }
        }
    }

    func form(_ transferSyntax: TransferSyntax) -> Representation {
        switch self {
        case .objects: .object(transferSyntax)
        case .frames: .frames(transferSyntax)
        }
    }
}

extension RetrieveAcceptance {
    /// The ways in which an object may be sent, the one that the client likes best first; empty when there is none.
    ///
    /// What is stored comes before what would have to be made, wherever an offer takes both. Nothing is made that loses
    /// unless its Transfer Syntax was named.
    func choices(for stored: TransferSyntax, _ kind: RetrievedKind) -> [RetrieveChoice] {
        let isWhole = !stored.isVideo && !stored.isReferenced
        var choices: [RetrieveChoice] = []
        for offer in offers {
            let form = kind.form(stored)
            let isStored = form.isAccepted(mediaRange: offer.mediaRange, transferSyntaxUID: offer.transferSyntaxUID)
            let own = isStored ? [choice(offer, form, nil)] : []
            let made = isWhole ? made(offer, for: stored, kind) : []
            let isDefaultMissing =
                kind == .objects && offer.transferSyntaxUID == nil && offer.mediaRange != "*/*"
                && stored != .explicitVRLittleEndian && !stored.mayBeLossy
            // "If the Transfer Syntax is not specified… the Default Transfer Syntax shall be used" (PS3.18 8.7.3.4).
            choices += isDefaultMissing ? made + own : own + made
        }
        var seen: Set<RetrieveChoice> = []
        return choices.filter { seen.insert($0).inserted }
    }

    private func made(_ offer: Offer, for stored: TransferSyntax, _ kind: RetrievedKind) -> [RetrieveChoice] {
        kind.targets.filter { $0 != stored }.compactMap { target in
            let form = kind.form(target)
            guard form.transferSyntaxUID == target.uid, form.isAsked(offer.mediaRange, offer.transferSyntaxUID) else {
                return nil
            }
            let request = TranscodingRequest(to: target, allowsLossy: offer.transferSyntaxUID == target.uid.string)
            return choice(offer, form, request)
        }
    }

    private func choice(_ offer: Offer, _ form: Representation, _ request: TranscodingRequest?) -> RetrieveChoice {
        RetrieveChoice(
            packaging: offer.packaging,
            mediaType: form.aliases.contains(offer.mediaRange) ? offer.mediaRange : form.mediaType,
            form: form,
            request: request
        )
    }

    /// Why nothing can be sent of an object, with what could.
    ///
    /// - Parameters:
    ///   - tried: What was asked for, and cannot be made of this object.
    ///   - hasFrames: Whether there is something to compress.
    static func refusal(
        of stored: TransferSyntax,
        _ kind: RetrievedKind,
        _ detail: String? = nil,
        without tried: Set<TransferSyntax> = [],
        hasFrames: Bool = true
    ) -> RequestError {
        let isWhole = !stored.isVideo && !stored.isReferenced
        let targets = kind.targets.filter { !tried.contains($0) && (hasFrames || $0.isNative) }
        let forms = Set([stored] + (isWhole ? targets : [])).map { kind.form($0) }
        let types = Set(
            forms.map { "multipart/related; type=\"\($0.mediaType)\"; transfer-syntax=\($0.transferSyntaxUID)" }
        )
        return RequestError(
            .notAcceptable,
            detail ?? "Accept one of the available types, or transfer-syntax=* for what is stored",
            available: types.sorted()
        )
    }
}

extension Representation {
    /// Whether a media range with this demand asks for it, so that it is made: by its Transfer Syntax, or as the default
    /// of its media type (PS3.18 tables 8.7.3-2 to 8.7.3-5).
    fileprivate func isAsked(_ mediaRange: String, _ demanded: String?) -> Bool {
        let isDirect = MediaType.range(mediaRange, includes: mediaType)
        guard isDirect || aliases.contains(where: { MediaType.range(mediaRange, includes: $0) }) else { return false }
        if let demanded { return demanded == transferSyntaxUID.string }
        // An alias is another name, but for `application/octet-stream`, which has a default of its own.
        guard isDirect || mediaRange != "application/octet-stream" else { return false }
        return Self.defaults.contains(transferSyntaxUID)
    }

    private static let defaults: Set<UID> = [
        TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.jpegLosslessSV1.uid,
        TransferSyntax.jpegLSLossless.uid, TransferSyntax.jpeg2000Lossless.uid, TransferSyntax.htj2kLossless.uid,
        TransferSyntax.rleLossless.uid,
    ]
}

extension TransferSyntax {
    /// Whether what is stored in it may have lost something, so that it may be sent as it is instead of the default.
    fileprivate var mayBeLossy: Bool { isAlwaysLossy || lossyMethod != nil || self == .jpeg2000Part2 }
}
