import ArchiveCatalog
import DICOMCore
import NIOCore
import Platform

/// The manifest of a record of kind *tombstone*: what became of other records of the study.
///
/// The layout is in `ArchiveServices.docc/Tombstones.md`. Each says something that stays true, so the order in which packs
/// are walked does not matter: a record is removed when a deletion names it that no restoration names.
enum Tombstone: Sendable, Hashable {
    /// Takes back the instance record right before it in its pack (version 1).
    case takesBack(RandomID)
    /// Removes records: into the bin.
    case deletes(Deletion, [RecordReference])
    /// Takes a deletion back, but for the records that were stored anew meanwhile.
    case restores(RandomID, except: [RandomID], at: Timestamp)
    /// Ends the time in which a deletion can be taken back.
    case ends(RandomID, at: Timestamp)
    /// The pack that ends with this record holds a copy of all that lives in these packs.
    case supersedes([RandomID], at: Timestamp)

    /// How many records one deletion may name; a longer study goes series by series.
    static let recordLimit = 500_000

    private static let version: UInt8 = 2

    private enum Kind: UInt8 {
        case deletes = 1
        case restores = 2
        case ends = 3
        case supersedes = 4
    }

    /// The record that is taken back; `nil` for other kinds.
    var takenBack: RandomID? {
        if case .takesBack(let id) = self { id } else { nil }
    }

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        guard let kind else {
            buffer.writeInteger(UInt8(1))
            if case .takesBack(let id) = self { buffer.writeBytes(id.bytes) }
            return buffer
        }
        buffer.writeMultipleIntegers(Self.version, kind.rawValue)
        switch self {
        case .takesBack: break
        case .deletes(let deletion, let records):
            Self.write(deletion, to: &buffer)
            buffer.writeInteger(UInt32(truncatingIfNeeded: records.count))
            for record in records {
                buffer.writeBytes(record.recordID.bytes)
                Self.writeText(record.sopInstanceUID.string, to: &buffer)
            }
        case .restores(let id, let except, let time):
            buffer.writeBytes(id.bytes)
            buffer.writeInteger(time.microseconds)
            Self.write(except, to: &buffer)
        case .ends(let id, let time):
            buffer.writeBytes(id.bytes)
            buffer.writeInteger(time.microseconds)
        case .supersedes(let packs, let time):
            buffer.writeInteger(time.microseconds)
            Self.write(packs, to: &buffer)
        }
        return buffer
    }

    /// Reads a tombstone; `nil` for another version or bytes that are none.
    init?(decoding bytes: ByteBuffer) {
        var buffer = bytes
        switch buffer.readInteger(as: UInt8.self) {
        case 1:
            guard let id = Self.readID(&buffer) else { return nil }
            self = .takesBack(id)
        case Self.version:
            guard let kind = buffer.readInteger(as: UInt8.self).flatMap({ Kind(rawValue: $0) }),
                let tombstone = Self.read(kind, &buffer)
            else { return nil }
            self = tombstone
        default:
            return nil
        }
    }

    private var kind: Kind? {
        switch self {
        case .takesBack: nil
        case .deletes: .deletes
        case .restores: .restores
        case .ends: .ends
        case .supersedes: .supersedes
        }
    }
}

extension Tombstone {
    private static func read(_ kind: Kind, _ buffer: inout ByteBuffer) -> Tombstone? {
        switch kind {
        case .deletes:
            guard let deletion = readDeletion(&buffer), let records = readRecords(&buffer) else { return nil }
            return .deletes(deletion, records)
        case .restores:
            guard let id = readID(&buffer), let time = buffer.readInteger(as: Int64.self),
                let except = readIDs(&buffer)
            else { return nil }
            return .restores(id, except: except, at: Timestamp(microseconds: time))
        case .ends:
            guard let id = readID(&buffer), let time = buffer.readInteger(as: Int64.self) else { return nil }
            return .ends(id, at: Timestamp(microseconds: time))
        case .supersedes:
            guard let time = buffer.readInteger(as: Int64.self), let packs = readIDs(&buffer) else { return nil }
            return .supersedes(packs, at: Timestamp(microseconds: time))
        }
    }

    private static func write(_ deletion: Deletion, to buffer: inout ByteBuffer) {
        buffer.writeBytes(deletion.id.bytes)
        buffer.writeInteger(deletion.deletedAt.microseconds)
        buffer.writeInteger(UInt32(clamping: deletion.instanceCount))
        buffer.writeInteger(deletion.payloadBytes)
        writeText(deletion.scope.studyInstanceUID.string, to: &buffer)
        writeText(deletion.scope.seriesInstanceUID?.string ?? "", to: &buffer)
        writeText(deletion.scope.sopInstanceUID?.string ?? "", to: &buffer)
        writeText(deletion.deletedBy, to: &buffer)
        writeText(deletion.reason, to: &buffer)
    }

    private static func readDeletion(_ buffer: inout ByteBuffer) -> Deletion? {
        guard let id = readID(&buffer), let time = buffer.readInteger(as: Int64.self),
            let count = buffer.readInteger(as: UInt32.self), let bytes = buffer.readInteger(as: UInt64.self),
            let study = readText(&buffer).flatMap({ UID($0) }), let series = readText(&buffer),
            let instance = readText(&buffer), let deletedBy = readText(&buffer), let reason = readText(&buffer)
        else { return nil }
        return Deletion(
            id: id,
            scope: ArchiveScope(
                studyInstanceUID: study,
                seriesInstanceUID: UID(series),
                sopInstanceUID: UID(instance)
            ),
            deletedAt: Timestamp(microseconds: time),
            deletedBy: deletedBy,
            reason: reason,
            instanceCount: Int(count),
            payloadBytes: bytes
        )
    }

    private static func readRecords(_ buffer: inout ByteBuffer) -> [RecordReference]? {
        guard let count = buffer.readInteger(as: UInt32.self), count <= recordLimit else { return nil }
        var records: [RecordReference] = []
        for _ in 0..<count {
            guard let id = readID(&buffer), let uid = readText(&buffer).flatMap({ UID($0) }) else { return nil }
            records.append(RecordReference(sopInstanceUID: uid, recordID: id))
        }
        return records
    }

    private static func write(_ ids: [RandomID], to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(truncatingIfNeeded: ids.count))
        for id in ids { buffer.writeBytes(id.bytes) }
    }

    private static func readIDs(_ buffer: inout ByteBuffer) -> [RandomID]? {
        guard let count = buffer.readInteger(as: UInt32.self), count <= recordLimit else { return nil }
        var ids: [RandomID] = []
        for _ in 0..<count {
            guard let id = readID(&buffer) else { return nil }
            ids.append(id)
        }
        return ids
    }

    private static func readID(_ buffer: inout ByteBuffer) -> RandomID? {
        buffer.readBytes(length: 16).flatMap { RandomID(bytes: $0) }
    }

    /// UIDs have 64 characters at most; names and reasons are cut by the service to what one byte counts.
    private static func writeText(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(truncatingIfNeeded: min(255, text.utf8.count)))
        buffer.writeBytes(text.utf8.prefix(255))
    }

    private static func readText(_ buffer: inout ByteBuffer) -> String? {
        guard let length = buffer.readInteger(as: UInt8.self) else { return nil }
        return buffer.readString(length: Int(length))
    }
}
