/// Sizes and times of the packs.
public struct PackConfiguration: Sendable, Hashable {
    /// A pack that has reached this size takes no further record.
    public var packSizeLimit: UInt64 = 256 * 1_024 * 1_024
    /// How many packs one writer keeps open.
    public var openPacksPerWriter = 32
    /// Sealed bytes that a writer gathers before it writes.
    ///
    /// Larger gains little and costs every association that much memory; half of it costs a tenth more processor time.
    public var writeLength = 256 * 1_024
    /// Open files that are kept for reading.
    public var openFileLimit = 128
    /// New records are refused when less than this share of the volume is free, in percent.
    public var freeSpaceFloorPercent: UInt64 = 5
    /// New records are refused when fewer bytes than this are free.
    public var freeSpaceFloor: UInt64 = 10 * 1_024 * 1_024 * 1_024
    /// The two floors above never ask for more than this.
    public var freeSpaceFloorLimit: UInt64 = .max

    /// The defaults.
    public init() {}

    /// How many bytes must be free on a volume of that size.
    func requiredFreeBytes(total: UInt64) -> UInt64 {
        min(freeSpaceFloorLimit, max(freeSpaceFloor, total / 100 * freeSpaceFloorPercent))
    }
}
