import ArchiveCatalog
import DICOMCore
import NIOCore
import Platform

/// What a record says about its payload, sealed behind it: enough to rebuild the catalog without reading the payload.
///
/// The layout is in `ArchiveServices.docc/InstanceManifest.md`. All integers are big-endian.
struct InstanceManifest: Sendable, Hashable {
    var path: InstancePath
    var sopClassUID: UID
    var transferSyntaxUID: UID
    var dataSetOffset: UInt64
    var dataSetLength: UInt64
    /// SHA-256 of the Data Set as stored.
    var dataSetDigest: [UInt8]
    var receivedAt: Timestamp
    var source: String
    /// All elements but bulk, as `HeaderArchive` encodes them.
    var header: [UInt8]
    var frameIndex: [UInt8]?

    /// The version that this code writes, and the newest that it reads.
    static let version: UInt8 = 1

    private static let digestLength = 32

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(512 + header.count + (frameIndex?.count ?? 0))
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt8(frameIndex == nil ? 0 : 1))
        buffer.writeInteger(receivedAt.microseconds)
        buffer.writeInteger(dataSetOffset)
        buffer.writeInteger(dataSetLength)
        buffer.writeBytes(dataSetDigest)
        let texts = [
            sopClassUID.string, path.sopInstanceUID.string, path.studyInstanceUID.string,
            path.seriesInstanceUID.string, transferSyntaxUID.string, source,
        ]
        for text in texts {
            // UIDs have 64 characters at most, sources 16 or the short name of a principal.
            buffer.writeInteger(UInt8(truncatingIfNeeded: text.utf8.count))
            buffer.writeBytes(text.utf8.prefix(255))
        }
        buffer.writeInteger(UInt32(truncatingIfNeeded: header.count))
        buffer.writeBytes(header)
        if let frameIndex {
            buffer.writeInteger(UInt32(truncatingIfNeeded: frameIndex.count))
            buffer.writeBytes(frameIndex)
        }
        return buffer
    }

    /// Reads a manifest; `nil` for another version or bytes that are none.
    ///
    /// The bytes have been authenticated by then, so damage here means a fault of the program that wrote them.
    init?(decoding buffer: ByteBuffer) {
        var buffer = buffer
        guard
            buffer.readInteger(as: UInt8.self) == Self.version,
            let flags = buffer.readInteger(as: UInt8.self),
            let receivedAt = buffer.readInteger(as: Int64.self),
            let dataSetOffset = buffer.readInteger(as: UInt64.self),
            let dataSetLength = buffer.readInteger(as: UInt64.self),
            let digest = buffer.readBytes(length: Self.digestLength),
            let sopClassUID = Self.readUID(&buffer),
            let sopInstanceUID = Self.readUID(&buffer),
            let studyInstanceUID = Self.readUID(&buffer),
            let seriesInstanceUID = Self.readUID(&buffer),
            let transferSyntaxUID = Self.readUID(&buffer),
            let source = Self.readText(&buffer),
            let header = Self.readBlock(&buffer)
        else { return nil }
        var frameIndex: [UInt8]?
        if flags & 1 == 1 {
            guard let block = Self.readBlock(&buffer) else { return nil }
            frameIndex = block
        }
        path = InstancePath(
            studyInstanceUID: studyInstanceUID,
            seriesInstanceUID: seriesInstanceUID,
            sopInstanceUID: sopInstanceUID
        )
        self.sopClassUID = sopClassUID
        self.transferSyntaxUID = transferSyntaxUID
        self.dataSetOffset = dataSetOffset
        self.dataSetLength = dataSetLength
        dataSetDigest = digest
        self.receivedAt = Timestamp(microseconds: receivedAt)
        self.source = source
        self.header = header
        self.frameIndex = frameIndex
    }

    init(
        path: InstancePath,
        sopClassUID: UID,
        transferSyntaxUID: UID,
        dataSetOffset: UInt64,
        dataSetLength: UInt64,
        dataSetDigest: [UInt8],
        receivedAt: Timestamp,
        source: String,
        header: [UInt8],
        frameIndex: [UInt8]?
    ) {
        self.path = path
        self.sopClassUID = sopClassUID
        self.transferSyntaxUID = transferSyntaxUID
        self.dataSetOffset = dataSetOffset
        self.dataSetLength = dataSetLength
        self.dataSetDigest = dataSetDigest
        self.receivedAt = receivedAt
        self.source = source
        self.header = header
        self.frameIndex = frameIndex
    }

    private static func readText(_ buffer: inout ByteBuffer) -> String? {
        guard let length = buffer.readInteger(as: UInt8.self) else { return nil }
        return buffer.readString(length: Int(length))
    }

    private static func readUID(_ buffer: inout ByteBuffer) -> UID? {
        readText(&buffer).flatMap { UID($0) }
    }

    private static func readBlock(_ buffer: inout ByteBuffer) -> [UInt8]? {
        guard let length = buffer.readInteger(as: UInt32.self) else { return nil }
        return buffer.readBytes(length: Int(length))
    }
}
