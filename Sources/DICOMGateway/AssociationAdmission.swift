import DICOMCore
import DICOMUpperLayer

/// Who may associate: the called AE title must be ours, the calling one known.
struct AssociationAdmission: Sendable {
    private let configuration: DICOMGatewayConfiguration

    init(_ configuration: DICOMGatewayConfiguration) {
        self.configuration = configuration
    }

    /// Accepts, or rejects with the reason that PS3.8 9.3.4 names.
    func decide(_ request: AssociateRequest) async -> AssociationListener.Admission {
        guard request.calledAETitle == configuration.aeTitle else {
            return .reject(.calledAETitleNotRecognized)
        }
        // A ticket, an assertion or a token that nobody here can check proves nothing (PS3.7 D.3.3.7).
        switch request.userInformation.userIdentity?.kind {
        case .kerberos, .saml, .jsonWebToken: return .reject(.noReason)
        case .username, .usernameAndPasscode, nil: break
        }
        // A title that breaks the rules of PS3.5 6.2 is known to nobody.
        guard let callingAETitle = request.callingAETitle else { return .reject(.callingAETitleNotRecognized) }
        if configuration.acceptsAnyCaller { return .accept(userIdentityResponse: nil) }
        let isKnown = await configuration.isKnown(callingAETitle)
        return isKnown ? .accept(userIdentityResponse: nil) : .reject(.callingAETitleNotRecognized)
    }
}
