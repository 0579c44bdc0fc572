import NIOCore
import Sealing

/// The files of a keyring in one blob: keys are wrapped in them, so nothing more is sealed.
struct KeyringBundle: Sendable, Hashable {
    struct File: Sendable, Hashable {
        let name: String
        let bytes: ByteBuffer
    }

    private static let magic: UInt64 = 0x4341_5353_4B45_5953  // "CASSKEYS"
    private static let version: UInt16 = 1
    private static let digestLength = 32
    /// The longest bundle: ten million keys.
    static let lengthLimit: UInt64 = 2 << 30

    var files: [File]

    init(files: [File]) {
        self.files = files
    }

    /// The file of a keyring as it stood at one moment.
    init(_ snapshot: KeyringSnapshot) {
        files = [File(name: Keyring.fileName, bytes: snapshot.bytes)]
    }

    /// Whether this is that keyring, read back: each entry is looked at, and the chain of hashes through all of them.
    func holds(_ snapshot: KeyringSnapshot) -> Bool {
        guard files.count == 1, let file = files.first, file.name == Keyring.fileName else { return false }
        do throws(KeyringError) {
            let found = try KeyringSnapshot(checking: file.bytes)
            return found.generation == snapshot.generation && found.count == snapshot.count
                && found.bytes == snapshot.bytes
        } catch {
            return false
        }
    }

    /// Reads a bundle; the digest at its end tells damage.
    init(decoding blob: ByteBuffer) throws(BackupError) {
        var rest = blob
        guard
            blob.readableBytes > Self.digestLength,
            let content = blob.getSlice(at: blob.readerIndex, length: blob.readableBytes - Self.digestLength),
            let digest = blob.getBytes(
                at: blob.readerIndex + content.readableBytes,
                length: Self.digestLength
            ),
            content.sha256 == digest,
            let (magic, version, count) = rest.readMultipleIntegers(as: (UInt64, UInt16, UInt16).self),
            magic == Self.magic
        else { throw BackupError.damaged("The keyring of the backup") }
        guard version == Self.version else {
            throw BackupError(.unsupportedVersion, "A later version of this program made the backup; use that version")
        }
        files = []
        for _ in 0..<count {
            guard
                let nameLength = rest.readInteger(as: UInt8.self),
                let name = rest.readString(length: Int(nameLength)), BlobName.isPlain(name),
                let length = rest.readInteger(as: UInt64.self),
                let bytes = Int(exactly: length).flatMap({ rest.readSlice(length: $0) })
            else { throw BackupError.damaged("The keyring of the backup") }
            files.append(File(name: name, bytes: bytes))
        }
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(files.reduce(64) { $0 + $1.bytes.readableBytes + 300 })
        buffer.writeMultipleIntegers(Self.magic, Self.version, UInt16(clamping: files.count))
        for file in files {
            buffer.writeInteger(UInt8(clamping: file.name.utf8.count))
            buffer.writeBytes(file.name.utf8.prefix(255))
            buffer.writeInteger(UInt64(file.bytes.readableBytes))
            buffer.writeImmutableBuffer(file.bytes)
        }
        buffer.writeBytes(buffer.sha256)
        return buffer
    }
}

/// Which names a restore writes: plain ones, whatever a backup says.
enum BlobName {
    static func isPlain(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
