import DICOMCore
import DICOMUpperLayer
import NIOCore
import Testing

@testable import DICOMGateway

@Suite struct `Admitting associations` {
    private static let ours = AETitle(literal: "CASSETTE")
    private static let known = AETitle(literal: "MODALITY")

    private func admission(acceptsAnyCaller: Bool) -> AssociationAdmission {
        AssociationAdmission(
            DICOMGatewayConfiguration(
                host: "127.0.0.1",
                port: 0,
                aeTitle: Self.ours,
                acceptsAnyCaller: acceptsAnyCaller,
                opensAccess: false,
                isKnown: { $0 == Self.known }
            )
        )
    }

    private func request(called: AETitle?, calling: AETitle?) -> AssociateRequest {
        AssociateRequest(
            calledAETitle: called,
            callingAETitle: calling,
            presentationContexts: [],
            userInformation: UserInformation(maximumLength: 16_384, implementationClassUID: Implementation.classUID)
        )
    }

    @Test func `another called AE title is rejected with 'called AE title not recognized'`() async {
        let request = request(called: AETitle(literal: "OTHER"), calling: Self.known)

        let answer = await admission(acceptsAnyCaller: true).decide(request)

        #expect(answer.rejection == .calledAETitleNotRecognized)
    }

    @Test func `an unknown caller is rejected with 'calling AE title not recognized' where callers are listed`() async {
        let request = request(called: Self.ours, calling: AETitle(literal: "STRANGER"))

        let listed = await admission(acceptsAnyCaller: false).decide(request)
        let anybody = await admission(acceptsAnyCaller: true).decide(request)

        #expect(listed.rejection == .callingAETitleNotRecognized)
        #expect(anybody.rejection == nil)
    }

    @Test(arguments: [(UserIdentity.Kind.kerberos, true), (.saml, true), (.jsonWebToken, true), (.username, false)])
    func `an identity that nobody can check is rejected`(kind: UserIdentity.Kind, isRejected: Bool) async {
        var request = request(called: Self.ours, calling: Self.known)
        request.userInformation.userIdentity = UserIdentity(
            kind: kind,
            wantsPositiveResponse: true,
            primaryField: ByteBuffer(string: "x")
        )

        let answer = await admission(acceptsAnyCaller: true).decide(request)

        #expect(answer.rejection == (isRejected ? .noReason : nil))
    }

    @Test func `a listed caller is accepted`() async {
        let request = request(called: Self.ours, calling: Self.known)

        #expect(await admission(acceptsAnyCaller: false).decide(request).rejection == nil)
    }

    @Test func `a calling AE title that breaks the rules is rejected even where anybody may call`() async {
        let request = request(called: Self.ours, calling: nil)

        #expect(await admission(acceptsAnyCaller: true).decide(request).rejection == .callingAETitleNotRecognized)
    }
}

extension AssociationListener.Admission {
    fileprivate var rejection: AssociateReject? {
        if case .reject(let reject) = self { reject } else { nil }
    }
}
