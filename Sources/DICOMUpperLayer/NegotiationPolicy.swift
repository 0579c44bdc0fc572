public import DICOMCore

/// Decides which presentation contexts an acceptor takes, and what it answers to what goes with them.
public protocol NegotiationPolicy: Sendable {
    /// The acceptor's answer to one proposed context, whose abstract syntax is well-formed and which has transfer syntaxes.
    func answer(to context: ProposedPresentationContext, abstractSyntax: UID) -> PresentationContextAnswer
    /// The roles that the requestor gets, for a SOP class with an accepted context; `nil`: say nothing, the default roles.
    func roles(for proposal: RoleSelection) -> RoleSelection?
    /// The answer to an extended negotiation; `nil`: none, the requirements of the service class without it.
    func extendedNegotiation(for proposal: SOPClassExtendedNegotiation) -> SOPClassExtendedNegotiation?
}

extension NegotiationPolicy {
    /// Nothing beyond the default requirements.
    public func extendedNegotiation(for proposal: SOPClassExtendedNegotiation) -> SOPClassExtendedNegotiation? {
        nil
    }
}

/// What an archive accepts: verification, storage of anything that may be an instance of a patient, and queries.
public struct ArchiveNegotiationPolicy: NegotiationPolicy {
    /// SOP classes other than storage, with the transfer syntaxes that each can be had in, the preferred first.
    public var services: [UID: [TransferSyntax]]
    /// SOP classes that are not storage although their UID does not tell.
    public var refusedSOPClassUIDs: Set<UID>
    /// Transfer syntaxes that Data Sets are not stored in.
    public var refusedTransferSyntaxes: Set<TransferSyntax>

    /// Verification (PS3.4 A.4).
    public static let verification = UID(literal: "1.2.840.10008.1.1")
    /// Patient Root Query/Retrieve Information Model - FIND.
    public static let patientRootFind = UID(literal: "1.2.840.10008.5.1.4.1.2.1.1")
    /// Study Root Query/Retrieve Information Model - FIND.
    public static let studyRootFind = UID(literal: "1.2.840.10008.5.1.4.1.2.2.1")

    /// Storage SOP classes of patients' instances outside `1.2.840.10008.5.1.4.1.1`: RT Beams and Brachy Delivery Instruction.
    private static let otherStorage: Set<UID> = [
        UID(literal: "1.2.840.10008.5.1.4.34.7"), UID(literal: "1.2.840.10008.5.1.4.34.10"),
    ]

    /// Retired ways to send something else than a Data Set as PS3.5 has it: MIME, XML, and Papyrus.
    private static let notDataSets: Set<TransferSyntax> = [
        TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.6.1")),
        TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.6.2")),
        TransferSyntax(uid: UID(literal: "1.2.840.10008.1.20")),
    ]

    /// Makes the policy of an archive that stores everything and answers queries.
    public init() {
        let uncompressed: [TransferSyntax] = [.explicitVRLittleEndian, .implicitVRLittleEndian]
        services = [
            Self.verification: uncompressed, Self.patientRootFind: uncompressed, Self.studyRootFind: uncompressed,
        ]
        refusedSOPClassUIDs = []
        refusedTransferSyntaxes = Self.notDataSets
    }

    /// Whether instances of that SOP class are stored.
    ///
    /// What the standard does not define is taken for storage: a private SOP class, or one that is newer than this list.
    public func isStorage(_ sopClassUID: UID) -> Bool {
        guard services[sopClassUID] == nil, !refusedSOPClassUIDs.contains(sopClassUID) else { return false }
        if sopClassUID.string.hasPrefix("1.2.840.10008.5.1.4.1.1.") { return true }
        return !sopClassUID.string.hasPrefix("1.2.840.10008.") || Self.otherStorage.contains(sopClassUID)
    }

    /// Whether Data Sets are stored in it: also in one that the standard does not know, but in nothing that it knows as
    /// something else.
    private func isStored(_ transferSyntax: TransferSyntax) -> Bool {
        guard !refusedTransferSyntaxes.contains(transferSyntax) else { return false }
        return UIDDictionary.entry(for: transferSyntax.uid).map { $0.kind == .transferSyntax } ?? true
    }

    /// Takes the first proposed transfer syntax for storage, and the first of ours for the other services.
    public func answer(to context: ProposedPresentationContext, abstractSyntax: UID) -> PresentationContextAnswer {
        let chosen: TransferSyntax?
        if let offered = services[abstractSyntax] {
            chosen = offered.first { context.transferSyntaxes.contains($0) }
        } else if isStorage(abstractSyntax) {
            chosen = context.transferSyntaxes.first(where: isStored)
        } else {
            return PresentationContextAnswer(id: context.id, result: .abstractSyntaxNotSupported)
        }
        guard let chosen else {
            return PresentationContextAnswer(id: context.id, result: .transferSyntaxesNotSupported)
        }
        return PresentationContextAnswer(id: context.id, result: .acceptance, transferSyntax: chosen)
    }

    /// The requestor is SCU and nothing else.
    public func roles(for proposal: RoleSelection) -> RoleSelection? {
        RoleSelection(sopClassUID: proposal.sopClassUID, isSCU: proposal.isSCU, isSCP: false)
    }
}
