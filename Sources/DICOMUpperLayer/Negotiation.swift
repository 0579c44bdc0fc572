import DICOMCore
import NIOCore

/// Makes an acceptance out of a request and a policy, and the contexts that both sides then share.
struct Negotiation {
    let request: AssociateRequest
    let policy: any NegotiationPolicy
    let limits: UpperLayerLimits

    /// What the upper layer refuses by itself, before anybody is asked.
    static func refusal(of request: AssociateRequest, isSecure: Bool) -> AssociateReject? {
        guard request.applicationContextName == AssociateRequest.dicomApplicationContextName else {
            return .applicationContextNameNotSupported
        }
        guard isPlain(request.calledAETitle) else { return .calledAETitleNotRecognized }
        guard isPlain(request.callingAETitle) else { return .callingAETitleNotRecognized }
        // A passcode that crossed the network in clear proves nothing.
        if request.userIdentity?.kind == .usernameAndPasscode, !isSecure { return .noReason }
        return nil
    }

    /// A title that is well-formed and could not be taken for a path by whatever reads it later.
    private static func isPlain(_ title: AETitle?) -> Bool {
        guard let title else { return false }
        return !title.string.utf8.contains(0x2F) && !title.string.contains("..")
    }

    func accept(userIdentityResponse: ByteBuffer?) -> AssociateAccept {
        let answers = request.presentationContexts.map(answer)
        let acceptedIDs = Set(answers.filter { $0.result == .acceptance }.map(\.id))
        let accepted = Set(
            request.presentationContexts.filter { acceptedIDs.contains($0.id) }.compactMap(\.abstractSyntax)
        )
        let proposed = request.userInformation
        var information = UserInformation.ofThisImplementation(maximumLength: limits.pduLength)
        // One operation at a time, whatever the peer would like (PS3.7 D.3.3.3).
        if proposed.asynchronousOperationsWindow != nil {
            information.asynchronousOperationsWindow = AsynchronousOperationsWindow(invoked: 1, performed: 1)
        }
        information.roleSelections =
            proposed.roleSelections.filter { accepted.contains($0.sopClassUID) }.compactMap(policy.roles(for:))
        information.extendedNegotiations =
            proposed.extendedNegotiations.filter { accepted.contains($0.sopClassUID) }
            .compactMap(policy.extendedNegotiation(for:))
        // Only an identity that somebody has checked is confirmed (PS3.7 D.3.3.7).
        if let identity = proposed.userIdentity, identity.wantsPositiveResponse {
            information.userIdentityResponse = userIdentityResponse
        }
        return AssociateAccept(
            calledAETitle: request.calledAETitle,
            callingAETitle: request.callingAETitle,
            presentationContexts: answers,
            userInformation: information
        )
    }

    private func answer(to context: ProposedPresentationContext) -> PresentationContextAnswer {
        guard let abstractSyntax = context.abstractSyntax else {
            return PresentationContextAnswer(id: context.id, result: .abstractSyntaxNotSupported)
        }
        guard !context.transferSyntaxes.isEmpty else {
            return PresentationContextAnswer(id: context.id, result: .transferSyntaxesNotSupported)
        }
        return policy.answer(to: context, abstractSyntax: abstractSyntax)
    }

    /// The contexts that a request and its acceptance leave, by identifier.
    static func contexts(of request: AssociateRequest, _ accept: AssociateAccept) -> [UInt8: PresentationContext] {
        var contexts: [UInt8: PresentationContext] = [:]
        for answer in accept.presentationContexts {
            guard answer.result == .acceptance, let transferSyntax = answer.transferSyntax,
                let proposal = request.presentationContexts.first(where: { $0.id == answer.id }),
                let abstractSyntax = proposal.abstractSyntax,
                // An acceptor that makes up a transfer syntax has accepted nothing.
                proposal.transferSyntaxes.contains(transferSyntax)
            else { continue }
            contexts[answer.id] = PresentationContext(
                id: answer.id,
                abstractSyntax: abstractSyntax,
                transferSyntax: transferSyntax
            )
        }
        return contexts
    }
}

extension UserInformation {
    /// Names this implementation.
    ///
    /// The UID is of the form that anybody may make (PS3.5 B.2).
    static func ofThisImplementation(maximumLength: UInt32) -> UserInformation {
        UserInformation(
            maximumLength: maximumLength,
            implementationClassUID: UID(literal: "2.25.181537012485927193466152087943027315482"),
            implementationVersionName: "CASSETTE_1"
        )
    }
}

extension AssociateRequest {
    var userIdentity: UserIdentity? { userInformation.userIdentity }
}
