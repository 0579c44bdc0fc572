import DICOMCore
import NIOCore
import Testing

@testable import DICOMUpperLayer

@Suite struct Negotiating {
    private func accept(
        _ contexts: [UInt8],
        userItems: [UInt8] = Samples.defaultUserItems
    ) throws -> AssociateAccept {
        let bytes = Samples.request(contexts: contexts, userItems: userItems)
        let request = try #require(try Samples.decodedRequest(bytes))
        return Negotiation(request: request, policy: ArchiveNegotiationPolicy(), limits: UpperLayerLimits())
            .accept(userIdentityResponse: nil)
    }

    @Test(arguments: [
        Samples.ctImage, "1.2.840.10008.5.1.4.1.1.201.1", "1.2.840.10008.5.1.4.34.7", "1.3.12.2.1107.5.9.1", "2.25.1",
    ])
    func `storage takes the first transfer syntax of the proposer, whatever it is`(sopClass: String) throws {
        let answer = try accept(Samples.context(1, sopClass, ["1.2.840.10008.1.2.4.90", Samples.implicit]))

        #expect(
            answer.presentationContexts
                == [
                    .init(
                        id: 1,
                        result: .acceptance,
                        transferSyntax: .init(uid: UID(literal: "1.2.840.10008.1.2.4.90"))
                    )
                ]
        )
    }

    @Test(arguments: [Samples.verification, "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"])
    func `services prefer Explicit VR Little Endian`(sopClass: String) throws {
        let answers = try accept(
            Samples.context(1, sopClass, [Samples.implicit, Samples.explicit])
                + Samples.context(3, sopClass, [Samples.implicit])
                + Samples.context(5, sopClass, ["1.2.840.10008.1.2.4.50"])
        ).presentationContexts

        #expect(answers[0].transferSyntax == .explicitVRLittleEndian)
        #expect(answers[1].transferSyntax == .implicitVRLittleEndian)
        #expect(answers[2].result == .transferSyntaxesNotSupported)
    }

    @Test(arguments: ["1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.3.10"])
    func `services of the standard that are not offered are refused`(sopClass: String) throws {
        #expect(
            try accept(Samples.context(1, sopClass, [Samples.implicit])).presentationContexts.first?.result
                == .abstractSyntaxNotSupported
        )
    }

    @Test func `a context without a UID or a transfer syntax is refused, and the others are not`() throws {
        let answers = try accept(
            Samples.context(1, "not a uid", [Samples.implicit]) + Samples.context(3, nil, [Samples.implicit])
                + Samples.context(5, Samples.ctImage, []) + Samples.context(7, Samples.ctImage, [Samples.implicit])
        ).presentationContexts

        #expect(answers.map(\.result.rawValue) == [3, 3, 4, 0])
    }

    @Test func `one operation at a time, and no roles but SCU`() throws {
        let name = Samples.text(Samples.ctImage)
        let items =
            Samples.item(0x53, [0xFF, 0xFF, 0xFF, 0xFF])
            + Samples.item(0x54, [0, UInt8(name.count)] + name + [1, 1])
            + Samples.item(0x54, [0, 3] + Samples.text("1.2") + [1, 1])

        let information = try accept(Samples.context(1, Samples.ctImage, [Samples.implicit]), userItems: items)
            .userInformation

        #expect(information.asynchronousOperationsWindow == .init(invoked: 1, performed: 1))
        #expect(
            information.roleSelections == [
                .init(sopClassUID: try #require(UID(Samples.ctImage)), isSCU: true, isSCP: false)
            ]
        )
        #expect(information.maximumLength == 131_072)
    }

    @Test(arguments: ["", "A/B", "..", "A\\B", "A\u{0}B", "A\u{1B}B"])
    func `titles that are none, or look like paths, are rejected`(title: String) throws {
        let called = try #require(try Samples.decodedRequest(Samples.request(called: Samples.title(title))))
        let calling = try #require(try Samples.decodedRequest(Samples.request(calling: Samples.title(title))))

        #expect(Negotiation.refusal(of: called, isSecure: false) == AssociateReject(result: 1, source: 1, reason: 7))
        #expect(Negotiation.refusal(of: calling, isSecure: false) == AssociateReject(result: 1, source: 1, reason: 3))
    }

    @Test func `another application context is rejected`() throws {
        let bytes = Samples.request(applicationContext: Samples.item(0x10, Samples.text("1.2.3")))
        let request = try #require(try Samples.decodedRequest(bytes))

        #expect(Negotiation.refusal(of: request, isSecure: false) == AssociateReject(result: 1, source: 1, reason: 2))
    }

    @Test func `a passcode in clear is rejected, and one over TLS is not`() throws {
        let items = Samples.item(0x58, [2, 0, 0, 1, 0x61, 0, 1, 0x62])
        let request = try #require(try Samples.decodedRequest(Samples.request(userItems: items)))

        #expect(Negotiation.refusal(of: request, isSecure: false) == .noReason)
        #expect(Negotiation.refusal(of: request, isSecure: true) == nil)
    }
}

@Suite struct `Counting connections` {
    @Test func `a peer gets its share of associations, and others theirs`() {
        var limits = AdmissionLimits()
        limits.associationCount = 3
        limits.associationCountByPeer = 2
        var ledger = AdmissionLedger(limits: limits)
        func associate(_ peer: String) -> String? { ledger.connect(peer) ?? ledger.associate(peer) }

        let refusals = ["a", "a", "a", "b", "b"].map(associate)
        #expect(refusals == [nil, nil, "limits.association.per-peer", nil, "limits.association.total"])

        ledger.close("a", wasAssociated: true)
        let refusal = ledger.associate("b")
        #expect(refusal == nil)
    }

    @Test func `half-open connections are counted by themselves`() {
        var limits = AdmissionLimits()
        limits.halfOpenCount = 3
        limits.halfOpenCountByPeer = 2
        var ledger = AdmissionLedger(limits: limits)

        let refusals = ["a", "a", "a", "b", "b"].map { ledger.connect($0) }
        #expect(refusals == [nil, nil, "limits.association.half-open-per-peer", nil, "limits.association.half-open"])

        ledger.close("a", wasAssociated: false)
        let refusal = ledger.connect("b")
        #expect(refusal == nil)
    }
}

@Suite struct `Watching a peer` {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func watch() -> PeerWatch { PeerWatch(limits: UpperLayerLimits(), now: start) }

    @Test func `silence is borne up to the limit`() {
        var watch = watch()

        let verdict1 = watch.judge(now: start + .seconds(59), isWaitingForPeer: true, isMidMessage: false)
        #expect(verdict1 == .fine)
        let verdict2 = watch.judge(now: start + .seconds(60), isWaitingForPeer: true, isMidMessage: false)
        #expect(verdict2 == .idle)
    }

    @Test func `the time that this side takes is not held against the peer`() {
        var watch = watch()

        let verdict3 = watch.judge(now: start + .seconds(300), isWaitingForPeer: false, isMidMessage: true)
        #expect(verdict3 == .fine)
        let verdict4 = watch.judge(now: start + .seconds(301), isWaitingForPeer: true, isMidMessage: false)
        #expect(verdict4 == .fine)
    }

    @Test(arguments: [(1_024 * 30 - 1, PeerWatch.Verdict.tooSlow), (1_024 * 30, .fine)])
    func `a message has to come with a kibibyte a second`(length: Int, verdict: PeerWatch.Verdict) {
        var watch = watch()
        watch.received(length - 1, now: start)
        watch.received(1, now: start + .seconds(20))

        let verdict5 = watch.judge(now: start + .seconds(29), isWaitingForPeer: true, isMidMessage: true)
        #expect(verdict5 == .fine)
        let verdict6 = watch.judge(now: start + .seconds(30), isWaitingForPeer: true, isMidMessage: true)
        #expect(verdict6 == verdict)
    }

    @Test func `a short message followed by silence is not slow`() {
        var watch = watch()
        watch.received(10, now: start)
        watch.messageEnded()

        let verdict7 = watch.judge(now: start + .seconds(31), isWaitingForPeer: true, isMidMessage: false)
        #expect(verdict7 == .fine)
    }
}
