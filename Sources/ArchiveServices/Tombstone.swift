import NIOCore
import Platform

/// The manifest of a record of kind *tombstone*: takes back the instance record right before it in its pack.
///
/// Version 1: one byte 1, then the 16 bytes of the record id.
struct Tombstone: Sendable, Hashable {
    private static let version: UInt8 = 1

    let recordID: RandomID

    /// Reads a tombstone; `nil` for another version.
    init?(decoding buffer: ByteBuffer) {
        var buffer = buffer
        guard
            buffer.readInteger(as: UInt8.self) == Self.version,
            let bytes = buffer.readBytes(length: 16),
            let recordID = RandomID(bytes: bytes)
        else { return nil }
        self.recordID = recordID
    }
}
