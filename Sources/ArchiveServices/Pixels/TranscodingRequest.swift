public import DICOMCore
public import DICOMPixels

/// What an object is to become.
public struct TranscodingRequest: Sendable, Hashable {
    /// The Transfer Syntax.
    public var target: TransferSyntax
    /// What the encoder is told.
    public var options: EncodingOptions
    /// Whether something may be lost.
    public var allowsLossy: Bool

    /// Makes a request.
    public init(to target: TransferSyntax, options: EncodingOptions = EncodingOptions(), allowsLossy: Bool = false) {
        self.target = target
        self.options = options
        self.allowsLossy = allowsLossy
    }
}
