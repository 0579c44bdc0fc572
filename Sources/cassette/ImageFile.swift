import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore
import Platform

/// A DICOM file whose values are read where they stand, as they are needed.
struct ImageFile {
    private static let scanLimit = UInt64.max

    let path: String
    let part10: Part10Header
    let instance: ScannedInstance
    private let file: any DiskFile

    var header: DataSet { instance.header }
    var transferSyntax: TransferSyntax { part10.transferSyntax }

    /// Opens a file and looks through it once.
    ///
    /// - Throws: `CommandFailure` when it is missing, is no DICOM file, or is damaged.
    init(_ path: String) throws {
        switch FileKind(of: path, followsLinks: true) {
        case .none: throw CommandFailure("There is no file \(path)")
        case .folder: throw CommandFailure("\(path) is a folder: name one of the files in it")
        case .other: throw CommandFailure("\(path) is a pipe or device: a file is needed, whose parts can be looked up")
        case .file, .link: break
        }
        self.path = path
        do {
            file = try PosixDisk().open(path, .read)
            (part10, instance) = try Self.scan(file)
        } catch let error as DiskError {
            throw CommandFailure("\(path) cannot be read: \(error)")
        } catch let error as DataSetError {
            throw CommandFailure("\(path): \(error)")
        }
    }

    /// Closes the file.
    func close() {
        // It was only read: nothing is lost whatever closing says.
        try? file.close()
    }

    private static func scan(_ file: any DiskFile) throws -> (Part10Header, ScannedInstance) {
        var decoder = Part10Decoder()
        var scanner: InstanceScanner?
        var position: UInt64 = 0
        while true {
            let chunk = try file.read(at: position, count: FileChunks.chunkLength)
            position += UInt64(chunk.readableBytes)
            let isEnd = chunk.readableBytes == 0
            let bytes = try isEnd ? decoder.finish() : decoder.read(chunk)
            if scanner == nil, let header = decoder.header {
                scanner = InstanceScanner(transferSyntax: header.transferSyntax)
            }
            if let bytes { try scanner?.scan(bytes) }
            guard isEnd else { continue }
            guard let header = decoder.header, let instance = try scanner?.finish() else {
                throw DataSetError(.truncated, at: position)
            }
            return (header, instance)
        }
    }

    /// The header with the tables, overlays and profiles that are only references in it.
    func header(
        filling values: (DataSet) -> [BulkValue],
        by fill: (DataSet, [BulkValue: ByteBuffer]) -> DataSet
    ) throws
        -> DataSet
    {
        var bytes: [BulkValue: ByteBuffer] = [:]
        for value in values(header) where !value.isEncapsulated {
            bytes[value] = try read([value.offset..<value.offset + value.length])
        }
        return fill(header, bytes)
    }

    /// The bytes of a frame, beginning with a byte.
    ///
    /// - Throws: `CommandFailure` when there is no such frame.
    func frame(_ frameNumber: Int) throws -> ByteBuffer {
        guard let index = instance.frameIndex else { throw CommandFailure("\(path): \(noFrames)") }
        guard (1...index.frameCount).contains(frameNumber) else {
            throw CommandFailure(
                index.frameCount == 1
                    ? "\(path) has one frame"
                    : "\(path) has \(index.frameCount) frames: choose --frame 1 to \(index.frameCount)"
            )
        }
        let bytes = try read(index.byteRanges(frameIndex: frameNumber - 1), inSwappedPairs: hasSwappedPairs)
        guard let bits = index.bits(frameIndex: frameNumber - 1) else { return bytes }
        return Self.aligned(bytes, firstBit: bits.first, count: Int(bits.count))
    }

    private var noFrames: String {
        let hasPixels = [Tag.pixelData, .floatPixelData, .doubleFloatPixelData].contains { header[$0] != nil }
        return hasPixels
            ? "Pixel Data does not fit Rows, Columns, Bits Allocated and Number of Frames; try `cassette check`"
            : "there is no image in it"
    }

    /// Frames of single bits follow one another without regard to bytes (PS3.5 8.1.1).
    private static func aligned(_ bytes: ByteBuffer, firstBit: Int, count: Int) -> ByteBuffer {
        let source = bytes.readableBytesUInt8Span
        var result = ByteBufferAllocator().buffer(capacity: (count + 7) / 8)
        for position in 0..<(count + 7) / 8 {
            guard position < source.count else { break }
            let low = source[position] >> UInt8(firstBit)
            let high = position + 1 < source.count && firstBit > 0 ? source[position + 1] << UInt8(8 - firstBit) : 0
            result.writeInteger(low | high)
        }
        return result
    }

    /// Whether samples of a byte or less stand in words whose bytes are exchanged: OW in Explicit VR Big Endian (PS3.5 8.1.1).
    private var hasSwappedPairs: Bool {
        transferSyntax.isBigEndian && header[.pixelData]?.vr == .ow && (header.integer(.bitsAllocated) ?? 16) <= 8
    }

    /// Ranges of the Data Set, joined.
    ///
    /// - Parameter inSwappedPairs: whether they are of Pixel Data, and the bytes of its words are to be exchanged.
    private func read(_ ranges: [Range<UInt64>], inSwappedPairs: Bool = false) throws -> ByteBuffer {
        guard !inSwappedPairs else {
            guard case .bulk(let bulk) = header[.pixelData]?.value else { return ByteBuffer() }
            return try ranges.reduce(into: ByteBuffer()) { result, range in
                // Words begin with the value, frames anywhere.
                let lead = (range.lowerBound - bulk.offset) % 2
                let count = range.upperBound - range.lowerBound + lead
                let words = NativeWords.swapped(
                    try read([range.lowerBound - lead..<range.lowerBound - lead + count + count % 2])
                )
                guard let bytes = words.getSlice(at: words.readerIndex + Int(lead), length: Int(count - lead)) else {
                    return
                }
                result.writeImmutableBuffer(bytes)
            }
        }
        do {
            return try transferSyntax.isDeflated ? inflated(ranges) : stored(ranges)
        } catch let error as DiskError {
            throw CommandFailure("\(path) cannot be read: \(error)")
        } catch let error as DataSetError {
            throw CommandFailure("\(path): \(error)")
        }
    }

    private func stored(_ ranges: [Range<UInt64>]) throws -> ByteBuffer {
        var result = ByteBuffer()
        for range in ranges {
            var position = part10.dataSetOffset + range.lowerBound
            let end = part10.dataSetOffset + range.upperBound
            while position < end {
                let count = Int(min(end - position, UInt64(FileChunks.chunkLength)))
                let bytes = try file.read(at: position, count: count)
                guard bytes.readableBytes > 0 else { throw CommandFailure("\(path) ends inside of a frame") }
                result.writeImmutableBuffer(bytes)
                position += UInt64(bytes.readableBytes)
            }
        }
        return result
    }

    /// Inflates from the start again: nothing of a deflated Data Set can be looked up.
    private func inflated(_ ranges: [Range<UInt64>]) throws -> ByteBuffer {
        var inflater = Inflater(lengthLimit: Self.scanLimit, ratioLimit: DataSetLimits().inflationRatio)
        var result = ByteBuffer()
        var position = part10.dataSetOffset
        var passed: UInt64 = 0
        let end = ranges.map(\.upperBound).max() ?? 0
        while passed < end {
            let chunk = try file.read(at: position, count: FileChunks.chunkLength)
            guard chunk.readableBytes > 0 else { throw CommandFailure("\(path) ends inside of a frame") }
            position += UInt64(chunk.readableBytes)
            inflater.append(chunk)
            while let bytes = try inflater.next() {
                for range in ranges {
                    let start = max(range.lowerBound, passed)
                    let stop = min(range.upperBound, passed + UInt64(bytes.readableBytes))
                    guard start < stop,
                        let slice = bytes.getSlice(
                            at: bytes.readerIndex + Int(start - passed),
                            length: Int(stop - start)
                        )
                    else { continue }
                    result.writeImmutableBuffer(slice)
                }
                passed += UInt64(bytes.readableBytes)
            }
        }
        return result
    }
}
