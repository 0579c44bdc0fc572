public import NIOCore

/// A record as a walk through the packs finds it.
public struct PackRecord: Sendable, Hashable {
    /// Where it lies.
    public let location: RecordLocation
    /// What it is.
    public let kind: RecordKind
    /// What its payload belongs to: the bytes that a reader must give to open it.
    public let context: [UInt8]
    /// What its writer said about it.
    public let manifest: ByteBuffer
    /// Whether the pack is still among the open ones.
    public let isInOpenPack: Bool

    /// Makes a record.
    public init(location: RecordLocation, kind: RecordKind, context: [UInt8], manifest: ByteBuffer, isInOpenPack: Bool)
    {
        self.location = location
        self.kind = kind
        self.context = context
        self.manifest = manifest
        self.isInOpenPack = isInOpenPack
    }
}
