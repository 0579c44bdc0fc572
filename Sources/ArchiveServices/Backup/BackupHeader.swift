import NIOCore
public import Platform

/// What anyone may know about a backup: the plain beginning of its manifest.
///
/// It names the root key that is needed, so that an operator can find the right one.
public struct BackupHeader: Sendable, Hashable {
    static let magic: UInt64 = 0x4341_5353_424B_5550  // "CASSBKUP"
    static let version: UInt16 = 1
    /// The longest header: the fixed part, and a name of a root key.
    static let lengthLimit = 4_096
    private static let nameLimit = 1_024

    /// The archive: a keyed hash that says nothing without its keyring.
    public let archiveID: RandomID
    /// The backup.
    public let backupID: RandomID
    /// Counts the backups of a store from 1: the clock is not relied on for their order.
    public let sequence: UInt64
    /// When the backup was taken.
    public let time: Timestamp
    /// Which root key opens the keyring, for example `file:/srv/data.keys/root.key`.
    public let rootKey: String

    init(archiveID: RandomID, backupID: RandomID, sequence: UInt64, time: Timestamp, rootKey: String) {
        self.archiveID = archiveID
        self.backupID = backupID
        self.sequence = sequence
        self.time = time
        self.rootKey = String(decoding: rootKey.utf8.prefix(Self.nameLimit), as: UTF8.self)
    }

    /// Reads a header at the beginning of a manifest.
    init(decoding bytes: inout ByteBuffer) throws(BackupError) {
        let whole = bytes
        guard
            let (magic, version) = bytes.readMultipleIntegers(as: (UInt64, UInt16).self), magic == Self.magic
        else { throw BackupError.damaged("The manifest of a backup") }
        guard version == Self.version else {
            throw BackupError(.unsupportedVersion, "A later version of this program made the backup; use that version")
        }
        guard
            let archiveID = bytes.readBytes(length: 16).flatMap({ RandomID(bytes: $0) }),
            let backupID = bytes.readBytes(length: 16).flatMap({ RandomID(bytes: $0) }),
            let (sequence, time, count) = bytes.readMultipleIntegers(as: (UInt64, Int64, UInt16).self),
            let name = bytes.readBytes(length: Int(count)),
            let content = whole.getSlice(at: whole.readerIndex, length: bytes.readerIndex - whole.readerIndex),
            bytes.readInteger(as: UInt32.self) == CRC32C.checksum(content)
        else { throw BackupError.damaged("The manifest of a backup") }
        self.archiveID = archiveID
        self.backupID = backupID
        self.sequence = sequence
        self.time = Timestamp(microseconds: time)
        rootKey = String(decoding: name, as: UTF8.self)
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(Self.magic, Self.version)
        buffer.writeBytes(archiveID.bytes)
        buffer.writeBytes(backupID.bytes)
        buffer.writeMultipleIntegers(sequence, time.microseconds, UInt16(rootKey.utf8.count))
        buffer.writeString(rootKey)
        buffer.writeInteger(CRC32C.checksum(buffer))
        return buffer
    }

    /// The number of the backup and its id, so that lists are in order.
    var name: String { Self.name(sequence: sequence, id: backupID) }

    static func name(sequence: UInt64, id: RandomID) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + "-" + id.hex
    }
}
