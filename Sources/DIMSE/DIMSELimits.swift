public import DICOMCore

/// How much of a message is taken.
public struct DIMSELimits: Sendable, Hashable {
    /// Bytes of a Command Set; configuration key `limits.dimse.command-length`.
    public var commandLength = 16_384
    /// Bytes of the Data Set of one C-STORE; `limits.data-set.instance-length`.
    public var instanceLength: UInt64 = 16 << 30
    /// Bytes of the identifier of a query; `limits.dimse.identifier-length`.
    public var identifierLength = 1 << 20
    /// Limits for decoding identifiers.
    public var dataSet = DataSetLimits()

    /// Makes the default limits.
    public init() {}
}
