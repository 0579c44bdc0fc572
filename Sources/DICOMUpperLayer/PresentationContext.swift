public import DICOMCore

/// A presentation context as the requestor proposes it (PS3.8 9.3.2.2).
public struct ProposedPresentationContext: Sendable, Hashable {
    /// Odd, 1...255.
    public let id: UInt8
    /// What the context is for; `nil` when the peer sent no well-formed UID.
    public let abstractSyntax: UID?
    /// In the order of the proposer; items that are no UID are left out.
    public let transferSyntaxes: [TransferSyntax]

    /// Makes a proposal.
    public init(id: UInt8, abstractSyntax: UID?, transferSyntaxes: [TransferSyntax]) {
        self.id = id
        self.abstractSyntax = abstractSyntax
        self.transferSyntaxes = transferSyntaxes
    }
}

/// The acceptor's answer to one proposed presentation context (PS3.8 9.3.3.2).
public struct PresentationContextAnswer: Sendable, Hashable {
    /// The identifier of the proposal.
    public let id: UInt8
    /// What was decided.
    public let result: Result
    /// The one that was chosen; significant with `.acceptance` only.
    public let transferSyntax: TransferSyntax?

    /// The result of one context, with the standard's numbers.
    public enum Result: UInt8, Sendable, Hashable {
        /// Accepted.
        case acceptance = 0
        /// The user of the association does not want it.
        case userRejection = 1
        /// The provider does not want it.
        case noReason = 2
        /// Nobody here serves this abstract syntax.
        case abstractSyntaxNotSupported = 3
        /// None of the transfer syntaxes can be had.
        case transferSyntaxesNotSupported = 4
    }

    /// Makes an answer.
    public init(id: UInt8, result: Result, transferSyntax: TransferSyntax? = nil) {
        self.id = id
        self.result = result
        self.transferSyntax = transferSyntax
    }
}

/// A presentation context that both sides agreed on.
public struct PresentationContext: Sendable, Hashable {
    /// Odd, 1...255.
    public let id: UInt8
    /// What the context is for.
    public let abstractSyntax: UID
    /// How Data Sets are encoded in it.
    public let transferSyntax: TransferSyntax

    /// Makes a context.
    public init(id: UInt8, abstractSyntax: UID, transferSyntax: TransferSyntax) {
        self.id = id
        self.abstractSyntax = abstractSyntax
        self.transferSyntax = transferSyntax
    }
}
