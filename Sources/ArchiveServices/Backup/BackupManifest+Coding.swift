import NIOCore
import PackStorage
import Platform

/// The layout is in `ArchiveServices.docc/BackupFormat.md`; all integers are big-endian.
extension BackupManifest {
    private static let digestLength = 32
    private static let packLength = 65

    /// The sealed part before sealing.
    var encodedBody: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256 + packs.count * Self.packLength + files.count * 96)
        buffer.writeInteger(UInt8(previous == nil ? 0 : 1))
        if let previous {
            buffer.writeBytes(previous.backupID.bytes)
            buffer.writeBytes(previous.digest)
        }
        buffer.writeBytes(keyringDigest)
        buffer.writeMultipleIntegers(content.studies, content.instances, content.payloadBytes)
        buffer.writeBytes(content.digest)
        buffer.writeMultipleIntegers(UInt32(clamping: missingPacks), UInt32(clamping: packs.count))
        for pack in packs {
            buffer.writeBytes(pack.extent.packID.rawValue.bytes)
            buffer.writeMultipleIntegers(UInt8(pack.extent.isSealed ? 1 : 0), pack.extent.length)
            buffer.writeBytes(pack.sha256)
            buffer.writeInteger(pack.instances)
        }
        buffer.writeInteger(UInt16(clamping: files.count))
        for file in files {
            buffer.writeInteger(UInt8(clamping: file.name.utf8.count))
            buffer.writeBytes(file.name.utf8.prefix(255))
            buffer.writeBytes(file.id.bytes)
            buffer.writeInteger(file.length)
            buffer.writeBytes(file.sha256)
        }
        return buffer
    }

    /// Reads a body that was authenticated; what does not fit then was written by another version.
    init(header: BackupHeader, body: ByteBuffer) throws(BackupError) {
        var body = body
        guard let read = Self.read(header, &body), body.readableBytes == 0 else {
            throw BackupError(
                .unsupportedVersion,
                "The manifest of the backup cannot be understood; use the version of this program that made it"
            )
        }
        self = read
    }

    private static func read(_ header: BackupHeader, _ body: inout ByteBuffer) -> BackupManifest? {
        guard let flag = body.readInteger(as: UInt8.self), flag <= 1 else { return nil }
        var previous: Previous?
        if flag == 1 {
            guard let id = readID(&body), let digest = body.readBytes(length: digestLength) else { return nil }
            previous = Previous(backupID: id, digest: digest)
        }
        guard
            let keyringDigest = body.readBytes(length: digestLength),
            let (studies, instances, bytes) = body.readMultipleIntegers(as: (UInt64, UInt64, UInt64).self),
            let contentDigest = body.readBytes(length: digestLength),
            let (missing, packCount) = body.readMultipleIntegers(as: (UInt32, UInt32).self),
            let packs = readPacks(Int(packCount), &body),
            let fileCount = body.readInteger(as: UInt16.self),
            let files = readFiles(Int(fileCount), &body)
        else { return nil }
        return BackupManifest(
            header: header,
            previous: previous,
            keyringDigest: keyringDigest,
            content: ArchiveContent(
                studies: studies,
                instances: instances,
                payloadBytes: bytes,
                digest: contentDigest
            ),
            missingPacks: Int(missing),
            packs: packs,
            files: files
        )
    }

    private static func readPacks(_ count: Int, _ body: inout ByteBuffer) -> [Pack]? {
        guard count <= body.readableBytes / packLength else { return nil }
        var packs: [Pack] = []
        packs.reserveCapacity(count)
        for _ in 0..<count {
            guard
                let id = readID(&body),
                let (flag, length) = body.readMultipleIntegers(as: (UInt8, UInt64).self), flag <= 1,
                let digest = body.readBytes(length: digestLength),
                let instances = body.readInteger(as: UInt64.self)
            else { return nil }
            let extent = PackExtent(packID: PackID(id), length: length, isSealed: flag == 1)
            packs.append(Pack(extent: extent, sha256: digest, instances: instances))
        }
        return packs
    }

    private static func readFiles(_ count: Int, _ body: inout ByteBuffer) -> [File]? {
        var files: [File] = []
        for _ in 0..<count {
            guard
                let nameLength = body.readInteger(as: UInt8.self),
                let name = body.readString(length: Int(nameLength)),
                let id = readID(&body),
                let length = body.readInteger(as: UInt64.self),
                let digest = body.readBytes(length: digestLength)
            else { return nil }
            files.append(File(name: name, id: id, length: length, sha256: digest))
        }
        return files
    }

    private static func readID(_ body: inout ByteBuffer) -> RandomID? {
        body.readBytes(length: 16).flatMap { RandomID(bytes: $0) }
    }
}
