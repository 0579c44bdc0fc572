import NIOCore
import Platform

/// One of the two files of the keyring, as it was found.
struct KeyringCopy: Sendable {
    /// The entries before the first that is not whole.
    var records: [KeyringRecord] = []
    /// The hash of each of them; the next entry must name the last.
    var hashes: [[UInt8]] = []
    /// Bytes behind the last whole entry that a cut-off write explains.
    var tornByteCount: UInt64 = 0

    static let maximumBatch = 64
    private static let recordsPerRead = 4_096

    /// Reads and checks a whole file.
    ///
    /// What follows the first entry that is not whole is a torn write only if it can be the last batch: at most 64 entries,
    /// none of them whole and begun later. Anything else is damage.
    static func read(_ file: any DiskFile, named name: String) throws -> KeyringCopy {
        var copy = KeyringCopy()
        let size = try file.size()
        var offset: UInt64 = 0
        reading: while offset < size {
            var chunk = try file.read(at: offset, count: recordsPerRead * KeyringRecord.length)
            guard chunk.readableBytes > 0 else { break }
            while let bytes = chunk.readSlice(length: KeyringRecord.length) {
                guard try copy.append(bytes, named: name) else { break reading }
                offset += UInt64(KeyringRecord.length)
            }
            if chunk.readableBytes > 0 { break }
        }
        copy.tornByteCount = size - offset
        try copy.checkTail(of: file, at: offset, named: name)
        return copy
    }

    /// Takes the next entry, or returns `false` when it is not whole.
    private mutating func append(_ bytes: ByteBuffer, named name: String) throws -> Bool {
        let record: KeyringRecord
        do throws(KeyringRecord.Problem) {
            record = try KeyringRecord(decoding: bytes)
        } catch .unsupportedVersion {
            throw KeyringError(
                .unsupportedVersion,
                "the keyring copy " + name + " was written by a later version; use that version of the program"
            )
        } catch {
            return false
        }
        let expected = hashes.last ?? [UInt8](repeating: 0, count: 32)
        guard record.previousHash == expected, record.sequence == UInt64(records.count) else {
            throw Self.damaged(name, at: UInt64(records.count))
        }
        records.append(record)
        hashes.append(KeyringRecord.hash(bytes))
        return true
    }

    private func checkTail(of file: any DiskFile, at offset: UInt64, named name: String) throws {
        guard tornByteCount > 0 else { return }
        let length = UInt64(KeyringRecord.length)
        guard tornByteCount <= UInt64(Self.maximumBatch) * length else {
            throw Self.damaged(name, at: UInt64(records.count))
        }
        var tail = try file.read(at: offset, count: Int(tornByteCount))
        while let bytes = tail.readSlice(length: KeyringRecord.length) {
            // An entry of the batch that was being written may have reached the disk before an earlier one of it.
            if let record = Self.wholeRecord(bytes), record.batchStart > UInt64(records.count) {
                throw Self.damaged(name, at: UInt64(records.count))
            }
        }
    }

    private static func wholeRecord(_ bytes: ByteBuffer) -> KeyringRecord? {
        do {
            return try KeyringRecord(decoding: bytes)
        } catch {
            return nil
        }
    }

    static func damaged(_ name: String, at sequence: UInt64) -> KeyringError {
        KeyringError(.damaged, "the keyring copy " + name + " is damaged at entry " + String(sequence))
    }
}
