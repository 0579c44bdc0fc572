import NIOCore
import Platform

/// One of the two files of the keyring, as it was found.
struct KeyringCopy: Sendable {
    /// The key-encryption keys; `nil` in a file of format 1 and in an empty one.
    var header: KeyringHeader?
    var frame = KeyringHeader.Frame.plain
    /// Whole entries from the first on.
    var count: UInt64 = 0
    /// What the next entry must name as the hash before it.
    var lastHash = ChainHash.none
    /// The hash before the entry `mark`, where one was asked for and there are so many entries.
    var hashAtMark: ChainHash?
    /// Bytes behind the last whole entry that a cut-off write explains.
    var tornByteCount: UInt64 = 0

    /// Entries that may be written and synced together.
    static let maximumBatch = 1_024
    /// The same, for the versions that wrote format 1.
    private static let maximumPlainBatch = 64
    private static let recordsPerRead = 4_096

    /// Where the next entry is written.
    var end: UInt64 { UInt64(frame.length) + count * UInt64(KeyringRecord.length) }

    /// Reads and checks a whole file.
    ///
    /// What follows the first entry that is not whole is a torn write only if it can be the last batch: none of it whole and
    /// begun later, and nothing that was there when the file got its name. Anything else is damage.
    ///
    /// - Parameter mark: A number of entries after which the hash is to be noted.
    /// - Parameter take: Gets each whole entry in turn.
    static func scan(
        _ file: any DiskFile,
        named name: String,
        mark: UInt64? = nil,
        take: (KeyringRecord) -> Void = { _ in }
    ) throws -> KeyringCopy {
        var copy = KeyringCopy()
        let size = try file.size()
        try copy.readHeader(file, size: size, named: name)
        if mark == 0 { copy.hashAtMark = copy.lastHash }
        reading: while copy.end < size {
            let chunk = try file.read(at: copy.end, count: recordsPerRead * KeyringRecord.length)
            guard chunk.readableBytes >= KeyringRecord.length else { break }
            for number in 0..<chunk.readableBytes / KeyringRecord.length {
                let index = chunk.readerIndex + number * KeyringRecord.length
                guard let record = try copy.append(chunk, at: index, named: name) else { break reading }
                if copy.count == mark { copy.hashAtMark = copy.lastHash }
                take(record)
            }
        }
        copy.tornByteCount = size - copy.end
        try copy.checkTail(of: file, named: name)
        return copy
    }

    /// The header of a file; `nil` where there is none.
    static func header(
        of file: any DiskFile
    ) throws -> (header: KeyringHeader, frame: KeyringHeader.Frame)? {
        guard KeyringHeader.begins(try file.read(at: 0, count: 8)) else { return nil }
        return try KeyringHeader.decode { try file.read(at: $0, count: $1) }
    }

    private mutating func readHeader(_ file: any DiskFile, size: UInt64, named name: String) throws {
        do {
            guard let found = try Self.header(of: file) else { return }
            header = found.header
            frame = found.frame
            lastHash = found.frame.hash
        } catch KeyringRecord.Problem.unsupportedVersion {
            throw Self.writtenLater(name)
        } catch is KeyringRecord.Problem {
            throw KeyringError(.damaged, "the keyring copy " + name + " is damaged in its header")
        }
    }

    /// Takes the next entry; `nil` when it is not whole.
    private mutating func append(_ bytes: ByteBuffer, at index: Int, named name: String) throws -> KeyringRecord? {
        let record: KeyringRecord
        do throws(KeyringRecord.Problem) {
            record = try KeyringRecord.read(bytes, at: index)
        } catch .unsupportedVersion {
            throw Self.writtenLater(name)
        } catch {
            return nil
        }
        guard
            record.format == (header == nil ? .plain : .headed), record.previousHash == lastHash,
            record.sequence == count, header == nil || record.tenantID == header?.tenantID
        else { throw Self.damaged(name, at: count) }
        count += 1
        lastHash = ChainHash(of: bytes, at: index, length: KeyringRecord.length)
        return record
    }

    private func checkTail(of file: any DiskFile, named name: String) throws {
        guard count >= frame.baseCount else { throw Self.damaged(name, at: count) }
        guard tornByteCount > 0 else { return }
        let length = KeyringRecord.length
        let limit = header == nil ? Self.maximumPlainBatch : Self.maximumBatch
        guard tornByteCount <= UInt64(limit * length) else { throw Self.damaged(name, at: count) }
        let tail = try file.read(at: end, count: Int(tornByteCount))
        for number in 0..<tail.readableBytes / length {
            // An entry of the batch that was being written may have reached the disk before an earlier one of it.
            guard let record = Self.wholeRecord(tail, at: tail.readerIndex + number * length) else { continue }
            let isLater = record.batchStart > count
            // Entries of format 2 without a header before them: it is the header that is damaged.
            guard !isLater, header != nil || record.format == .plain else { throw Self.damaged(name, at: count) }
        }
    }

    private static func wholeRecord(_ bytes: ByteBuffer, at index: Int) -> KeyringRecord? {
        do {
            return try KeyringRecord.read(bytes, at: index)
        } catch {
            return nil
        }
    }

    static func damaged(_ name: String, at sequence: UInt64) -> KeyringError {
        KeyringError(.damaged, "the keyring copy " + name + " is damaged at entry " + String(sequence))
    }

    private static func writtenLater(_ name: String) -> KeyringError {
        KeyringError(
            .unsupportedVersion,
            "the keyring copy " + name + " was written by a later version; use that version of the program"
        )
    }
}
