/// How much of a Data Set from outside is read before it is refused.
public struct DataSetLimits: Sendable, Hashable {
    /// Sequences inside sequences; configuration key `limits.data-set.depth`.
    public var depth = 64
    /// Elements in all, nested ones and items included; `limits.data-set.elements`.
    public var elementCount = 1_000_000
    /// Fragments of encapsulated Pixel Data, whose lengths the frame index must hold; `limits.data-set.fragments`.
    public var fragmentCount = 4_000_000
    /// Bytes of one value that is kept in memory; longer values are bulk; `limits.data-set.value-length`.
    public var valueLength = 16 << 20
    /// Bytes of all values kept in memory; `limits.data-set.header-length`.
    public var headerLength = 64 << 20
    /// Bytes of a whole instance; `limits.data-set.instance-length`.
    public var instanceLength: UInt64 = 16 << 30
    /// Bytes of an instance that are held until its UIDs have passed; `limits.data-set.identification-length`.
    public var identificationLength = 16 << 20
    /// Bytes that a deflated Data Set may grow to; `limits.deflate.length`.
    public var inflatedLength: UInt64 = 2 << 30
    /// How many times its compressed length a deflated Data Set may grow, beyond the first MiB; `limits.deflate.ratio`.
    public var inflationRatio: UInt64 = 200

    /// Quirks that are kept with their places; further ones are only counted.
    public var quirkCount = 256

    /// The defaults.
    public init() {}

    /// Limits for what the archive itself has stored: as wide as any that can be set, for lowering a limit must not make
    /// unreadable what was let in before.
    public static let stored: DataSetLimits = {
        var limits = DataSetLimits()
        limits.depth = 256
        limits.elementCount = 16_000_000
        limits.fragmentCount = 8_000_000
        limits.valueLength = 64 << 20
        limits.headerLength = 128 << 20
        limits.instanceLength = 1 << 40
        limits.inflatedLength = 1 << 40
        limits.inflationRatio = 1_032
        return limits
    }()
}
