import NIOCore
import Platform
import Sealing
import Synchronization

/// Opens payload ranges and manifests.
///
/// Blocks; runs on the pool.
final class PackReader: Sendable {
    /// What one opener may be used for: the very record and context that it was verified with.
    private struct OpenerKey: Hashable {
        let location: RecordLocation
        let context: [UInt8]
    }

    /// Verified stream headers that are kept, so that a second read of an object is one read of the disk.
    private static let openerLimit = 256

    private let files: PackFiles
    private let openers = Mutex<LRUCache<OpenerKey, FLOEOpener>>(LRUCache(limit: openerLimit))

    init(files: PackFiles) {
        self.files = files
    }

    /// The part of a payload that lies in `range`, in one read of the disk when the record was read before, else in two.
    func payload(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        range: Range<UInt64>
    ) throws -> ByteBuffer {
        guard range.upperBound <= location.payloadLength else { throw SealingError(.rangeOutOfBounds) }
        guard !range.isEmpty else { return ByteBuffer() }
        let file = try files.file(location.packID)
        var opener = try opener(location, key: key, context: context, file: file)
        let layout = try FLOELayout(plaintextLength: location.payloadLength, parameters: opener.parameters)
        let segments = try layout.segments(holding: range)
        var plaintext = try open(segments, of: location, layout: layout, opener: &opener, file: file)
        let covered = try layout.plaintext(ofSegments: segments)
        plaintext.moveReaderIndex(forwardBy: Int(range.lowerBound - covered.lowerBound))
        guard let slice = plaintext.readSlice(length: range.count) else { throw PackError(.malformedPack) }
        return slice
    }

    /// Opens a step of segments, for the check of their tags alone.
    ///
    /// - Returns: The first segment of the next step; `nil` after the last.
    func verify(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        from index: UInt64
    ) throws -> UInt64? {
        let file = try files.file(location.packID)
        var opener = try opener(location, key: key, context: context, file: file)
        let layout = try FLOELayout(plaintextLength: location.payloadLength, parameters: opener.parameters)
        let end = min(layout.segmentCount, index + 16)
        _ = try open(index..<end, of: location, layout: layout, opener: &opener, file: file)
        return end < layout.segmentCount ? end : nil
    }

    /// The context and the manifest of a record.
    func manifest(_ location: RecordLocation, key: StudyKey) throws -> (context: [UInt8], manifest: ByteBuffer) {
        let layout = try FLOELayout(plaintextLength: UInt64(location.manifestLength))
        let (tail, overflows) = layout.sealedLength.addingReportingOverflow(UInt64(RecordTrailer.length))
        guard
            !overflows, tail < location.recordLength, location.manifestLength <= RecordSeal.manifestLengthLimit
        else { throw PackError(.malformedPack) }
        let file = try files.file(location.packID)
        let header = try recordHeader(location, file: file)
        let start = try location.offset.adding(location.recordLength - tail)
        var bytes = try file.read(at: start, count: Int(tail))
        guard
            let sealed = bytes.readSlice(length: Int(layout.sealedLength)),
            try RecordTrailer(decoding: bytes)
                == RecordTrailer(
                    payloadLength: location.payloadLength,
                    manifestLength: location.manifestLength,
                    recordLength: location.recordLength
                )
        else { throw PackError(.malformedPack) }
        let seal = RecordSeal(recordID: location.recordID, studyKey: key)
        let opened = try seal.openManifest(sealed, kind: header.kind, payloadLength: location.payloadLength)
        return try Self.split(opened)
    }

    /// A sealed manifest holds the length of the context, the context, and what the owner wrote.
    static func split(_ opened: ByteBuffer) throws(PackError) -> (context: [UInt8], manifest: ByteBuffer) {
        var opened = opened
        guard
            let length = opened.readInteger(as: UInt32.self),
            let count = Int(exactly: length),
            let context = opened.readBytes(length: count)
        else { throw PackError(.malformedPack) }
        return (context: context, manifest: opened.slice())
    }

    private func open(
        _ segments: Range<UInt64>,
        of location: RecordLocation,
        layout: FLOELayout,
        opener: inout FLOEOpener,
        file: any DiskFile
    ) throws -> ByteBuffer {
        let bytes = try layout.bytes(ofSegments: segments)
        let start = try location.payloadOffset.adding(bytes.lowerBound)
        var sealed = try file.read(at: start, count: bytes.count)
        var plaintext = ByteBuffer()
        plaintext.reserveCapacity(try layout.plaintext(ofSegments: segments).count)
        try opener.open(&sealed, segments: segments, layout: layout, into: &plaintext)
        return plaintext
    }

    private func opener(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        file: any DiskFile
    ) throws -> FLOEOpener {
        let cacheKey = OpenerKey(location: location, context: context)
        if let opener = openers.withLock({ $0.value(for: cacheKey) }) { return opener }
        let header = try recordHeader(location, file: file)
        let streamHeader = try file.read(at: location.payloadOffset, count: FLOEParameters.headerLength)
        let seal = RecordSeal(recordID: location.recordID, studyKey: key)
        let opener = try seal.payloadOpener(context: context, header: streamHeader)
        guard opener.parameters == header.parameters else { throw PackError(.malformedPack) }
        openers.withLock { $0.insert(opener, for: cacheKey) }
        return opener
    }

    private func recordHeader(_ location: RecordLocation, file: any DiskFile) throws -> RecordHeader {
        let header = try RecordHeader(decoding: file.read(at: location.offset, count: RecordHeader.length))
        guard header.recordID == location.recordID else { throw PackError(.malformedPack) }
        return header
    }
}

extension RecordLocation {
    /// Where the sealed payload begins.
    var payloadOffset: UInt64 {
        get throws(PackError) { try offset.adding(UInt64(RecordHeader.length)) }
    }
}

extension UInt64 {
    /// The sum, or an error: offsets come from outside.
    func adding(_ other: UInt64) throws(PackError) -> UInt64 {
        let (sum, overflows) = addingReportingOverflow(other)
        guard !overflows else { throw PackError(.malformedPack) }
        return sum
    }
}
