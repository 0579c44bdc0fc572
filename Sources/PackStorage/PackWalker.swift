import NIOCore
import Platform
import Sealing

/// Goes through the records of a pack from the first to the last.
///
/// Blocks; runs on the pool.
struct PackWalker: Sendable {
    /// Where a walk came to an end before the end of the file.
    struct Obstacle: Sendable, Hashable {
        /// Where the record begins that cannot be read.
        let offset: UInt64
        /// Whether the record seems to have been written to its end, so that damage and not a cut-off write is the cause.
        let isComplete: Bool
    }

    /// The structure of one record: lengths and places, nothing opened yet.
    private struct Outline {
        let header: RecordHeader
        let payload: FLOELayout
        let manifest: FLOELayout
        let manifestOffset: UInt64
        let end: UInt64
    }

    let header: PackHeader
    let isOpenPack: Bool
    var packID: PackID { header.packID }
    /// Where the next record begins.
    private(set) var offset: UInt64
    /// Set when the walk cannot go on.
    private(set) var obstacle: Obstacle?
    private var window: PackWindow
    private let key: StudyKey

    /// Starts behind the pack header.
    init(file: any DiskFile, length: UInt64, header: PackHeader, key: StudyKey, isOpenPack: Bool) {
        window = PackWindow(file: file, length: length)
        self.header = header
        self.key = key
        self.isOpenPack = isOpenPack
        offset = UInt64(PackHeader.length)
    }

    /// The next record; `nil` at the end or at an obstacle.
    mutating func next() throws -> PackRecord? {
        guard obstacle == nil, offset < window.length else { return nil }
        var isComplete = false
        do {
            guard let outline = try outline(isComplete: &isComplete) else {
                obstacle = Obstacle(offset: offset, isComplete: isComplete)
                return nil
            }
            let record = try open(outline)
            offset = outline.end
            return record
        } catch let error as DiskError {
            throw error
        } catch {
            obstacle = Obstacle(offset: offset, isComplete: true)
            return nil
        }
    }

    /// Goes on at the first whole record behind an obstacle, found from the end of the file by the trailers, or behind a torn
    /// end, which hides those, by its header.
    ///
    /// - Returns: Whether there is one.
    mutating func skipObstacle() throws -> Bool {
        guard let found = obstacle else { return false }
        let starts = try recordStartsFromEnd(downTo: found.offset)
        guard let next = try starts.filter({ $0 > found.offset }).min() ?? nextHeader(after: found.offset) else {
            if starts.contains(found.offset) { obstacle = Obstacle(offset: found.offset, isComplete: true) }
            return false
        }
        obstacle = nil
        offset = next
        return true
    }

    /// The first place behind `offset` where the header of a record is whole.
    ///
    /// What lies between is sealed, so nobody can plant a header there.
    private func nextHeader(after offset: UInt64) throws -> UInt64? {
        var position = offset + 1
        while position < window.length, window.length - position >= UInt64(RecordHeader.length) {
            let bytes = try window.file.read(at: position, count: 65_536)
            guard bytes.readableBytes >= RecordHeader.length else { return nil }
            var start = bytes.readerIndex
            while let found = bytes.readableBytesView[start...].firstIndex(of: RecordHeader.firstByte),
                let header = bytes.getSlice(at: found, length: RecordHeader.length)
            {
                if RecordHeader.isWhole(header) { return position + UInt64(found - bytes.readerIndex) }
                start = found + 1
            }
            position += UInt64(bytes.readableBytes - RecordHeader.length + 1)
        }
        return nil
    }

    private mutating func recordStartsFromEnd(downTo limit: UInt64) throws -> [UInt64] {
        var starts: [UInt64] = []
        var end = window.length
        while end >= limit + UInt64(RecordTrailer.length),
            let bytes = try window.bytes(at: end - UInt64(RecordTrailer.length), count: RecordTrailer.length)
        {
            do {
                let length = try RecordTrailer(decoding: bytes).recordLength
                guard length >= UInt64(RecordHeader.length + RecordTrailer.length), length <= end - limit else { break }
                end -= length
                starts.append(end)
            } catch {
                break
            }
        }
        return starts
    }

    /// Follows the length markers; `nil` when they lead nowhere.
    private mutating func outline(isComplete: inout Bool) throws -> Outline? {
        guard let headerBytes = try window.bytes(at: offset, count: RecordHeader.length) else { return nil }
        let header: RecordHeader
        do {
            header = try RecordHeader(decoding: headerBytes)
        } catch {
            return nil
        }
        let payloadOffset = offset + UInt64(RecordHeader.length)
        guard
            let payload = try stream(at: payloadOffset),
            payload.parameters == header.parameters
        else { return nil }
        let manifestOffset = payloadOffset + payload.sealedLength
        guard
            let manifest = try stream(at: manifestOffset),
            manifest.plaintextLength <= UInt64(RecordSeal.manifestLengthLimit)
        else { return nil }
        let trailerOffset = manifestOffset + manifest.sealedLength
        guard let trailerBytes = try window.bytes(at: trailerOffset, count: RecordTrailer.length) else { return nil }
        isComplete = true
        let trailer = try RecordTrailer(decoding: trailerBytes)
        let end = trailerOffset + UInt64(RecordTrailer.length)
        guard
            trailer.payloadLength == payload.plaintextLength,
            UInt64(trailer.manifestLength) == manifest.plaintextLength,
            trailer.recordLength == end - offset
        else { return nil }
        return Outline(header: header, payload: payload, manifest: manifest, manifestOffset: manifestOffset, end: end)
    }

    /// The layout of the stream at `start`, found by its length markers; `nil` when it is none or is cut off.
    ///
    /// No position passes the end of the window, so no sum here can overflow.
    private mutating func stream(at start: UInt64) throws -> FLOELayout? {
        guard let header = try window.bytes(at: start, count: FLOEParameters.headerLength) else { return nil }
        do {
            let parameters = try FLOEParameters(header: header)
            var position = start + UInt64(FLOEParameters.headerLength)
            while let marker = try window.bytes(at: position, count: 4)?.readableInteger {
                let isLast = marker != UInt32.max
                let length = isLast ? UInt64(marker) : UInt64(parameters.segmentLength)
                guard
                    length >= UInt64(FLOEParameters.segmentOverhead), length <= UInt64(parameters.segmentLength),
                    length <= window.length - position
                else { return nil }
                position += length
                if isLast { return try FLOELayout(sealedLength: position - start, parameters: parameters) }
            }
            return nil
        } catch is SealingError {
            return nil
        }
    }

    private mutating func open(_ outline: Outline) throws -> PackRecord {
        guard
            let length = Int(exactly: outline.manifest.sealedLength),
            let sealed = try window.bytes(at: outline.manifestOffset, count: length)
        else { throw PackError(.malformedPack) }
        let seal = RecordSeal(recordID: outline.header.recordID, studyKey: key)
        let opened = try seal.openManifest(
            sealed,
            kind: outline.header.kind,
            payloadLength: outline.payload.plaintextLength
        )
        let (context, manifest) = try PackReader.split(opened)
        let location = RecordLocation(
            packID: header.packID,
            offset: offset,
            recordID: outline.header.recordID,
            studyKeyID: header.studyKeyID,
            keyGeneration: header.keyGeneration,
            payloadLength: outline.payload.plaintextLength,
            manifestLength: UInt32(outline.manifest.plaintextLength),
            recordLength: outline.end - offset
        )
        return PackRecord(
            location: location,
            kind: outline.header.kind,
            context: context,
            manifest: manifest,
            isInOpenPack: isOpenPack
        )
    }
}

extension ByteBuffer {
    fileprivate var readableInteger: UInt32? {
        getInteger(at: readerIndex, as: UInt32.self)
    }
}
