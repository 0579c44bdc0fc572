import Crypto
import NIOCore
import Platform

/// One entry of the keyring journal: 192 bytes, described byte by byte in Keyring.md.
struct KeyringRecord: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        /// A key-encryption key, wrapped by the root key; its id is the tenant.
        case kek = 1
        /// A study key, wrapped under the key-encryption key.
        case studyKey = 2
        /// Any other key under the key-encryption key, named by a hash of its label.
        case sideKey = 3
    }

    /// What can be wrong with 192 bytes.
    enum Problem: Error {
        /// The check value does not fit: damage, or a write that was cut off.
        case damaged
        /// Whole, but of a later version.
        case unsupportedVersion
    }

    static let length = 192
    static let version: UInt16 = 1
    static let magic: UInt32 = 0x434B_5247  // "CKRG"

    var kind: Kind
    var id: RandomID
    var generation: UInt32
    var kekVersion: UInt32
    var created: Timestamp
    var wrappedKey: [UInt8]
    var tenantID: RandomID
    /// Position in the journal, from 0.
    var sequence: UInt64 = 0
    /// The sequence of the first entry that was written and synced together with this one.
    var batchStart: UInt64 = 0
    /// SHA-256 of the entry before, all zero for the first.
    var previousHash = [UInt8](repeating: 0, count: 32)

    /// The 192 bytes.
    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Self.length)
        buffer.writeMultipleIntegers(Self.magic, Self.version, kind.rawValue, UInt8(0))
        buffer.writeBytes(id.bytes)
        buffer.writeMultipleIntegers(generation, kekVersion, created.microseconds)
        buffer.writeBytes(wrappedKey)
        buffer.writeBytes(tenantID.bytes)
        buffer.writeMultipleIntegers(sequence, batchStart)
        buffer.writeRepeatingByte(0, count: 44)
        buffer.writeBytes(previousHash)
        buffer.writeInteger(CRC32C.checksum(buffer))
        return buffer
    }

    init(
        kind: Kind,
        id: RandomID,
        generation: UInt32,
        kekVersion: UInt32,
        created: Timestamp,
        wrappedKey: [UInt8],
        tenantID: RandomID
    ) {
        precondition(wrappedKey.count == KeyWrap.wrappedLength, "a wrapped key has 40 bytes")
        self.kind = kind
        self.id = id
        self.generation = generation
        self.kekVersion = kekVersion
        self.created = created
        self.wrappedKey = wrappedKey
        self.tenantID = tenantID
    }

    init(decoding bytes: ByteBuffer) throws(Problem) {
        var buffer = bytes
        guard
            bytes.readableBytes == Self.length,
            let content = bytes.getSlice(at: bytes.readerIndex, length: Self.length - 4),
            bytes.getInteger(at: bytes.readerIndex + Self.length - 4, as: UInt32.self) == CRC32C.checksum(content),
            buffer.readInteger(as: UInt32.self) == Self.magic,
            let version = buffer.readInteger(as: UInt16.self)
        else { throw .damaged }
        guard version == Self.version else { throw .unsupportedVersion }
        guard
            let (kindByte, _) = buffer.readMultipleIntegers(as: (UInt8, UInt8).self),
            let kind = Kind(rawValue: kindByte),
            let id = RandomID(bytes: buffer.readBytes(length: 16) ?? []),
            let (generation, kekVersion, created) = buffer.readMultipleIntegers(as: (UInt32, UInt32, Int64).self),
            let wrappedKey = buffer.readBytes(length: KeyWrap.wrappedLength),
            let tenantID = RandomID(bytes: buffer.readBytes(length: 16) ?? []),
            let (sequence, batchStart) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self),
            buffer.readSlice(length: 44) != nil,
            let previousHash = buffer.readBytes(length: 32)
        else { throw .unsupportedVersion }
        self.init(
            kind: kind,
            id: id,
            generation: generation,
            kekVersion: kekVersion,
            created: Timestamp(microseconds: created),
            wrappedKey: wrappedKey,
            tenantID: tenantID
        )
        self.sequence = sequence
        self.batchStart = batchStart
        self.previousHash = previousHash
    }

    /// The entry without the hash of the one before, which costs memory and is of no use once the chain is checked.
    var withoutHash: KeyringRecord {
        var record = self
        record.previousHash = []
        return record
    }

    /// SHA-256 of an encoded entry.
    static func hash(_ encoded: ByteBuffer) -> [UInt8] {
        var hash = SHA256()
        // The bytes are hashed before the pointer ends.
        unsafe encoded.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
