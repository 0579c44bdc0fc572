import DICOMCore
import NIOCore
import Testing

@testable import DICOMUpperLayer

@Suite struct `Items of an association request` {
    private func request(userItems: [UInt8]) throws -> AssociateRequest? {
        try Samples.decodedRequest(Samples.request(userItems: userItems))
    }

    @Test func `all user items of the standard are read`() throws {
        let ctImage = Samples.text(Samples.ctImage)
        let name = [0, UInt8(ctImage.count)] + ctImage
        let serviceClass = Samples.text("1.2.840.10008.4.2")
        let items =
            Samples.defaultUserItems
            + Samples.item(0x53, [0, 5, 0, 6])
            + Samples.item(0x54, name + [0, 1])
            + Samples.item(0x56, name + [1, 1, 0])
            + Samples.item(0x57, name + [0, UInt8(serviceClass.count)] + serviceClass + [0, UInt8(name.count)] + name)
            + Samples.item(0x58, [2, 1, 0, 4] + Samples.text("anna") + [0, 2] + Samples.text("pw"))
            + Samples.item(0x7F, [1, 2, 3])

        let information = try #require(try request(userItems: items)).userInformation

        #expect(information.asynchronousOperationsWindow == .init(invoked: 5, performed: 6))
        let uid = try #require(UID(Samples.ctImage))
        #expect(information.roleSelections == [.init(sopClassUID: uid, isSCU: false, isSCP: true)])
        #expect(information.extendedNegotiations == [.init(sopClassUID: uid, information: Samples.buffer(1, 1, 0))])
        #expect(information.commonExtendedNegotiations.first?.relatedGeneralSOPClassUIDs == [uid])
        #expect(information.commonExtendedNegotiations.first?.serviceClassUID.string == "1.2.840.10008.4.2")
        #expect(information.userIdentity?.kind == .usernameAndPasscode)
        #expect(information.userIdentity?.wantsPositiveResponse == true)
        #expect(information.userIdentity?.primaryField == ByteBuffer(string: "anna"))
        #expect(information.userIdentity?.secondaryField == ByteBuffer(string: "pw"))
    }

    @Test func `what is encoded is what is decoded`() throws {
        let uid = try #require(UID(Samples.ctImage))
        var information = UserInformation(maximumLength: 7, implementationClassUID: uid, implementationVersionName: "V")
        information.asynchronousOperationsWindow = .init(invoked: 1, performed: 2)
        information.roleSelections = [.init(sopClassUID: uid, isSCU: true, isSCP: false)]
        information.extendedNegotiations = [.init(sopClassUID: uid, information: Samples.buffer(9))]
        information.commonExtendedNegotiations = [
            .init(sopClassUID: uid, serviceClassUID: uid, relatedGeneralSOPClassUIDs: [uid, uid])
        ]
        information.userIdentity = UserIdentity(
            kind: .jsonWebToken,
            wantsPositiveResponse: true,
            primaryField: Samples.buffer(1, 2)
        )
        let request = AssociateRequest(
            calledAETitle: AETitle("A"),
            callingAETitle: AETitle("B"),
            presentationContexts: [
                .init(id: 1, abstractSyntax: uid, transferSyntaxes: [.explicitVRLittleEndian, .explicitVRBigEndian])
            ],
            userInformation: information
        )
        information.userIdentity = nil
        information.userIdentityResponse = Samples.buffer(3)
        let accept = AssociateAccept(
            calledAETitle: AETitle("A"),
            callingAETitle: AETitle("B"),
            presentationContexts: [
                .init(id: 1, result: .acceptance, transferSyntax: .explicitVRLittleEndian),
                .init(id: 3, result: .abstractSyntaxNotSupported),
            ],
            userInformation: information
        )
        let pdus: [PDU] = [
            .associateRequest(request), .associateAccept(accept), .associateReject(.noReason), .releaseRequest,
            .releaseResponse, .abort(.provider(.unexpectedPDU)),
        ]
        var bytes = ByteBuffer()
        for pdu in pdus { PDUEncoder.write(pdu, to: &bytes) }

        #expect(try Samples.decode(Array(bytes.readableBytesView)) == pdus.map { .pdu($0) })
    }

    @Test(arguments: [
        // A sub-item, a role selection's UID and a user identity that reach beyond their item.
        [0x51, 0, 0, 40, 0, 0, 64, 0] as [UInt8],
        [0x51, 0, 0, 2, 0, 1],
        Samples.item(0x54, [0, 40] + Samples.text("1.2.3") + [0, 1]),
        Samples.item(0x54, [0, 5] + Samples.text("1.2.3") + [0]),
        Samples.item(0x58, [1, 0, 0xFF, 0xFF, 1]),
        Samples.item(0x58, [9, 0, 0, 0, 0, 0]),
        Samples.item(0x53, [0]),
        Samples.item(0x57, [0, 1]),
    ])
    func `a user item that does not add up is refused`(items: [UInt8]) {
        let error = #expect(throws: PDUError.self) { try request(userItems: items) }

        #expect(error?.abortReason == .invalidPDUParameterValue)
    }

    @Test func `as many contexts, transfer syntaxes and user items as the limit are read, and not one more`() throws {
        let contexts = (0..<128).map { Samples.context(UInt8(2 * $0 + 1), "1.2", ["1.2"]) }
        let syntaxes = Array(repeating: Samples.implicit, count: 64)
        let items = Array(repeating: Samples.item(0x7F, [0]), count: 64)

        #expect(
            try Samples.decodedRequest(Samples.request(contexts: contexts.flatMap { $0 }))?
                .presentationContexts.count == 128
        )
        #expect(throws: PDUError.self) {
            try Samples.decodedRequest(Samples.request(contexts: contexts.flatMap { $0 } + contexts[0]))
        }
        #expect(throws: Never.self) {
            try Samples.decodedRequest(Samples.request(contexts: Samples.context(1, "1.2", syntaxes)))
        }
        #expect(throws: PDUError.self) {
            try Samples.decodedRequest(Samples.request(contexts: Samples.context(1, "1.2", syntaxes + ["1.2"])))
        }
        #expect(throws: Never.self) { try request(userItems: items.flatMap { $0 }) }
        #expect(throws: PDUError.self) { try request(userItems: items.flatMap { $0 } + items[0]) }
    }

    @Test(arguments: [[1, 1], [2], [0]] as [[UInt8]])
    func `even and repeated context identifiers are refused`(ids: [UInt8]) {
        let contexts = ids.flatMap { Samples.context($0, "1.2", ["1.2"]) }

        #expect(throws: PDUError.self) { try Samples.decodedRequest(Samples.request(contexts: contexts)) }
    }

    @Test(arguments: [String(repeating: "1", count: 65), "1.2.abc", "", "../etc"])
    func `an abstract syntax that is no UID is not one`(text: String) throws {
        let request = try Samples.decodedRequest(Samples.request(contexts: Samples.context(1, text, ["1.2"])))

        #expect(try #require(request).presentationContexts.first?.abstractSyntax == nil)
    }

    @Test func `a request cut inside its body is refused, wherever`() throws {
        let body = Array(Samples.request().dropFirst(6))
        let whole = body.count

        for count in 68..<whole {
            let result = Result { try Samples.decodedRequest(Samples.pdu(1, Array(body[..<count]))) }
            // Where the cut falls between two items what is left is a request, with less in it.
            if case .success(let request) = result {
                #expect(request != (try Samples.decodedRequest(Samples.request())))
            }
        }
    }
}
