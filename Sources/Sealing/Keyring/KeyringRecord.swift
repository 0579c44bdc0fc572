import Crypto
import NIOCore
import Platform

/// One entry as it stands in a file of the keyring: 192 bytes, described byte by byte in Keyring.md.
struct KeyringRecord: Sendable, Hashable {
    /// What can be wrong with 192 bytes.
    enum Problem: Error {
        /// The check value does not fit: damage, or a write that was cut off.
        case damaged
        /// Whole, but of a later version.
        case unsupportedVersion
    }

    /// The formats of a file; entries look alike in both.
    enum Format: UInt16, Sendable {
        /// The key-encryption key is the first entry.
        case plain = 1
        /// A header with the key-encryption keys stands before the entries.
        case headed = 2
    }

    static let length = 192
    static let magic: UInt32 = 0x434B_5247  // "CKRG"

    var format = Format.headed
    var entry: KeyEntry
    var tenantID: RandomID
    /// Position among the entries of the file, from 0.
    var sequence: UInt64
    /// The sequence of the first entry that was written and synced together with this one.
    var batchStart: UInt64
    /// SHA-256 of the entry before; of the header for the first one, or zero where there is none.
    var previousHash: ChainHash

    /// Writes the 192 bytes.
    func write(to buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        buffer.writeMultipleIntegers(Self.magic, format.rawValue, entry.kind.rawValue, UInt8(0))
        entry.id.write(to: &buffer)
        buffer.writeMultipleIntegers(entry.generation, entry.kekVersion, entry.created.microseconds)
        entry.wrappedKey.write(to: &buffer)
        tenantID.write(to: &buffer)
        buffer.writeMultipleIntegers(sequence, batchStart)
        buffer.writeRepeatingByte(0, count: 44)
        previousHash.write(to: &buffer)
        buffer.writeInteger(Self.check(buffer, at: start))
    }

    /// Reads the 192 bytes at an index of a buffer.
    static func read(_ bytes: ByteBuffer, at index: Int) throws(Problem) -> KeyringRecord {
        guard
            bytes.writerIndex - index >= length,
            bytes.getInteger(at: index + length - 4, as: UInt32.self) == check(bytes, at: index),
            let (magic, version, kindByte, _) = bytes.getMultipleIntegers(
                at: index,
                as: (UInt32, UInt16, UInt8, UInt8).self
            ),
            magic == Self.magic
        else { throw .damaged }
        guard let format = Format(rawValue: version), let kind = KeyEntry.Kind(rawValue: kindByte) else {
            throw .unsupportedVersion
        }
        var buffer = bytes
        buffer.moveReaderIndex(to: index + 8)
        guard
            let id = RandomID(reading: &buffer),
            let (generation, kekVersion, created) = buffer.readMultipleIntegers(as: (UInt32, UInt32, Int64).self),
            let wrappedKey = WrappedKey(reading: &buffer),
            let tenantID = RandomID(reading: &buffer),
            let (sequence, batchStart) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self)
        else { throw .damaged }
        buffer.moveReaderIndex(forwardBy: 44)
        guard let previousHash = ChainHash(reading: &buffer) else { throw .damaged }
        return KeyringRecord(
            format: format,
            entry: KeyEntry(
                kind: kind,
                id: id,
                generation: generation,
                kekVersion: kekVersion,
                created: Timestamp(microseconds: created),
                wrappedKey: wrappedKey
            ),
            tenantID: tenantID,
            sequence: sequence,
            batchStart: batchStart,
            previousHash: previousHash
        )
    }

    private static func check(_ bytes: ByteBuffer, at index: Int) -> UInt32 {
        var check = CRC32C()
        if let content = bytes.getSlice(at: index, length: length - 4) { check.update(content) }
        return check.value
    }
}

extension ChainHash {
    /// SHA-256 of bytes of a buffer.
    init(of bytes: ByteBuffer, at index: Int, length: Int) {
        var hash = SHA256()
        if let slice = bytes.getSlice(at: index, length: length) {
            // The bytes are hashed before the pointer ends.
            unsafe slice.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
        }
        self.init(hash.finalize())
    }

    init(_ digest: SHA256.Digest) {
        // A digest has 32 bytes, thus four words that need no alignment.
        self = unsafe digest.withUnsafeBytes { bytes in
            // The offsets lie within the 32 bytes.
            unsafe ChainHash(
                words: (
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
                )
            )
        }
    }
}

extension RandomID {
    init?(reading buffer: inout ByteBuffer) {
        guard let (high, low) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self) else { return nil }
        self.init(high: high, low: low)
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeBytes(bytes)
    }
}
