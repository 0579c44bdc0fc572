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
        let opener = try opener(location, key: key, context: context, file: file)
        let part = try SealedPart(range, of: location, parameters: opener.parameters)
        let sealed = try file.read(at: part.bytes.lowerBound, count: part.bytes.count)
        return try part.open(sealed, opener)
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
        // What was found at an earlier read tells nothing of the bytes that are there now.
        if index == 0 { forgetOpener(location, context: context) }
        let opener = try opener(location, key: key, context: context, file: file)
        let layout = try FLOELayout(plaintextLength: location.payloadLength, parameters: opener.parameters)
        let end = min(layout.segmentCount, index + 16)
        let part = try SealedPart(segments: index..<end, layout: layout, of: location)
        _ = try part.open(file.read(at: part.bytes.lowerBound, count: part.bytes.count), opener)
        return end < layout.segmentCount ? end : nil
    }

    /// The context and the manifest of a record.
    func manifest(_ location: RecordLocation, key: StudyKey) throws -> (context: [UInt8], manifest: ByteBuffer) {
        let tail = try Self.tail(of: location)
        let file = try files.file(location.packID)
        let header = try file.read(at: location.offset, count: RecordHeader.length)
        return try Self.manifest(
            location,
            key: key,
            header: header,
            tail: file.read(at: tail.lowerBound, count: tail.count)
        )
    }

    /// Where the sealed manifest and the trailer lie in the pack.
    static func tail(of location: RecordLocation) throws -> Range<UInt64> {
        let layout = try FLOELayout(plaintextLength: UInt64(location.manifestLength))
        let (tail, overflows) = layout.sealedLength.addingReportingOverflow(UInt64(RecordTrailer.length))
        guard
            !overflows, tail < location.recordLength, location.manifestLength <= RecordSeal.manifestLengthLimit
        else { throw PackError(.malformedPack) }
        let start = try location.offset.adding(location.recordLength - tail)
        return try start..<start.adding(tail)
    }

    /// Opens the manifest that the bytes of a record's tail hold.
    static func manifest(
        _ location: RecordLocation,
        key: StudyKey,
        header: ByteBuffer,
        tail: ByteBuffer
    ) throws -> (context: [UInt8], manifest: ByteBuffer) {
        let header = try recordHeader(location, header)
        let layout = try FLOELayout(plaintextLength: UInt64(location.manifestLength))
        var bytes = tail
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

    /// Forgets what was verified: a file was put in the place of another.
    func forgetOpeners() {
        openers.withLock { $0 = LRUCache(limit: Self.openerLimit) }
    }

    /// Forgets what was verified of one record.
    func forgetOpener(_ location: RecordLocation, context: [UInt8]) {
        openers.withLock { $0.remove(OpenerKey(location: location, context: context)) }
    }

    /// The verified opener of a record that was read before; `nil` for any other.
    func knownOpener(_ location: RecordLocation, context: [UInt8]) -> FLOEOpener? {
        openers.withLock { $0.value(for: OpenerKey(location: location, context: context)) }
    }

    /// Bytes from the start of a record that hold its header and that of its payload.
    static let headLength = RecordHeader.length + FLOEParameters.headerLength

    /// Verifies the head of a record, and keeps what it found.
    func makeOpener(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        head: ByteBuffer
    ) throws -> FLOEOpener {
        var rest = head
        guard let first = rest.readSlice(length: RecordHeader.length) else { throw PackError(.malformedPack) }
        let header = try Self.recordHeader(location, first)
        let seal = RecordSeal(recordID: location.recordID, studyKey: key)
        let opener = try seal.payloadOpener(context: context, header: rest)
        guard opener.parameters == header.parameters else { throw PackError(.malformedPack) }
        openers.withLock { $0.insert(opener, for: OpenerKey(location: location, context: context)) }
        return opener
    }

    private func opener(
        _ location: RecordLocation,
        key: StudyKey,
        context: [UInt8],
        file: any DiskFile
    ) throws -> FLOEOpener {
        if let opener = knownOpener(location, context: context) { return opener }
        let head = try file.read(at: location.offset, count: Self.headLength)
        return try makeOpener(location, key: key, context: context, head: head)
    }

    private static func recordHeader(_ location: RecordLocation, _ bytes: ByteBuffer) throws -> RecordHeader {
        let header = try RecordHeader(decoding: bytes)
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
