import NIOCore
import Platform
import Sealing

/// The first 64 bytes of a pack, described byte by byte in PackFormat.md.
struct PackHeader: Sendable, Hashable {
    static let length = 64
    static let magic: UInt64 = 0x4341_5353_5041_434B  // "CASSPACK"
    static let version: UInt16 = 1

    let packID: PackID
    let studyKeyID: StudyKeyID
    let keyGeneration: UInt32

    init(packID: PackID, studyKeyID: StudyKeyID, keyGeneration: UInt32) {
        self.packID = packID
        self.studyKeyID = studyKeyID
        self.keyGeneration = keyGeneration
    }

    init(decoding bytes: ByteBuffer) throws(PackError) {
        var buffer = bytes
        guard
            bytes.readableBytes >= Self.length,
            let (magic, version, reserved) = buffer.readMultipleIntegers(as: (UInt64, UInt16, UInt16).self),
            let packID = RandomID(bytes: buffer.readBytes(length: 16) ?? []),
            let studyKeyID = StudyKeyID(bytes: buffer.readBytes(length: 16) ?? []),
            let (generation, low, high) = buffer.readMultipleIntegers(as: (UInt32, UInt32, UInt64).self),
            let content = bytes.getSlice(at: bytes.readerIndex, length: Self.length - 4),
            buffer.readInteger(as: UInt32.self) == CRC32C.checksum(content),
            magic == Self.magic
        else { throw PackError(.malformedPack, offset: 0) }
        guard version == Self.version, reserved == 0, low == 0, high == 0 else {
            throw PackError(.unsupportedVersion, packID: PackID(packID), offset: 8)
        }
        self.init(packID: PackID(packID), studyKeyID: studyKeyID, keyGeneration: generation)
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(Self.magic, Self.version, UInt16(0))
        buffer.writeBytes(packID.rawValue.bytes)
        buffer.writeBytes(studyKeyID.bytes)
        buffer.writeMultipleIntegers(keyGeneration, UInt32(0), UInt64(0))
        buffer.writeInteger(CRC32C.checksum(buffer))
        return buffer
    }
}

/// The first 32 bytes of a record.
struct RecordHeader: Sendable, Hashable {
    static let length = 32
    static let magic: UInt32 = 0x4352_4543  // "CREC"
    static let firstByte = UInt8(ascii: "C")

    /// Whether the bytes are a header of a record.
    static func isWhole(_ bytes: ByteBuffer) -> Bool {
        do {
            _ = try RecordHeader(decoding: bytes)
            return true
        } catch {
            return false
        }
    }

    let kind: RecordKind
    let recordID: RandomID
    let parameters: FLOEParameters

    init(kind: RecordKind, recordID: RandomID, parameters: FLOEParameters) {
        self.kind = kind
        self.recordID = recordID
        self.parameters = parameters
    }

    init(decoding bytes: ByteBuffer) throws(PackError) {
        var buffer = bytes
        guard
            bytes.readableBytes >= Self.length,
            let (magic, kindByte) = buffer.readMultipleIntegers(as: (UInt32, UInt8).self),
            let (low, high) = buffer.readMultipleIntegers(as: (UInt8, UInt16).self),
            let recordID = RandomID(bytes: buffer.readBytes(length: 16) ?? []),
            let segmentLength = buffer.readInteger(as: UInt32.self),
            let content = bytes.getSlice(at: bytes.readerIndex, length: Self.length - 4),
            buffer.readInteger(as: UInt32.self) == CRC32C.checksum(content),
            magic == Self.magic
        else { throw PackError(.malformedPack) }
        guard let kind = RecordKind(rawValue: kindByte), low == 0, high == 0 else {
            throw PackError(.unsupportedVersion)
        }
        do {
            parameters = try FLOEParameters(segmentLength: Int(segmentLength))
        } catch {
            throw PackError(.malformedPack)
        }
        self.kind = kind
        self.recordID = recordID
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(Self.magic, kind.rawValue, UInt8(0), UInt16(0))
        buffer.writeBytes(recordID.bytes)
        buffer.writeInteger(UInt32(parameters.segmentLength))
        buffer.writeInteger(CRC32C.checksum(buffer))
        return buffer
    }
}

/// The last 32 bytes of a record.
struct RecordTrailer: Sendable, Hashable {
    static let length = 32
    static let endMark: UInt32 = 0x4345_4E44  // "CEND"

    let payloadLength: UInt64
    let manifestLength: UInt32
    let recordLength: UInt64

    init(payloadLength: UInt64, manifestLength: UInt32, recordLength: UInt64) {
        self.payloadLength = payloadLength
        self.manifestLength = manifestLength
        self.recordLength = recordLength
    }

    init(decoding bytes: ByteBuffer) throws(PackError) {
        var buffer = bytes
        guard
            bytes.readableBytes == Self.length,
            let (payloadLength, manifestLength) = buffer.readMultipleIntegers(as: (UInt64, UInt32).self),
            let (reserved, recordLength) = buffer.readMultipleIntegers(as: (UInt32, UInt64).self),
            let content = bytes.getSlice(at: bytes.readerIndex, length: Self.length - 8),
            buffer.readInteger(as: UInt32.self) == CRC32C.checksum(content),
            buffer.readInteger(as: UInt32.self) == Self.endMark,
            reserved == 0
        else { throw PackError(.malformedPack) }
        self.init(payloadLength: payloadLength, manifestLength: manifestLength, recordLength: recordLength)
    }

    var encoded: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(payloadLength, manifestLength, UInt32(0), recordLength)
        buffer.writeInteger(CRC32C.checksum(buffer))
        buffer.writeInteger(Self.endMark)
        return buffer
    }
}
