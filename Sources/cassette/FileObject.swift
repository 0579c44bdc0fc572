import ArchiveServices
import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore
import Platform

/// A DICOM file whose frames can be read one by one.
struct FileObject: Sendable {
    let scanned: ScannedFile
    private let file: any DiskFile
    private let pool: WorkPool
    private let length: UInt64

    /// Reads the file once.
    init(_ file: any DiskFile, pool: WorkPool) throws {
        var scanner = PixelDataScanner(limits: .stored)
        var position: UInt64 = 0
        while true {
            let chunk = try file.read(at: position, count: FileChunks.chunkLength)
            guard chunk.readableBytes > 0 else { break }
            position += UInt64(chunk.readableBytes)
            try scanner.scan(chunk)
        }
        scanned = try scanner.finish()
        length = position
        self.file = file
        self.pool = pool
    }

    /// Takes a file that was read before.
    init(_ file: any DiskFile, scanned: ScannedFile, pool: WorkPool) {
        self.scanned = scanned
        self.file = file
        self.pool = pool
        // Only what shows progress asks for it.
        length = 0
    }

    /// What stands before the Data Set; `nil` for a file that is too short to tell.
    static func header(of file: any DiskFile) throws -> Part10Header? {
        var part10 = Part10Decoder()
        var position: UInt64 = 0
        while part10.header == nil {
            let chunk = try file.read(at: position, count: 64 << 10)
            guard chunk.readableBytes > 0 else {
                _ = try part10.finish()
                return part10.header
            }
            position += UInt64(chunk.readableBytes)
            _ = try part10.read(chunk)
        }
        return part10.header
    }

    /// The file as what is to be put into another Transfer Syntax.
    func source(_ progress: SharedProgress) -> ObjectSource {
        ObjectSource(
            header: scanned.dataSet,
            transferSyntax: scanned.part10.transferSyntax,
            frameIndex: scanned.frameIndex,
            reader: { [self] in
                var chunks = FileChunks(file: file, pool: pool).makeAsyncIterator()
                return {
                    let chunk = try await chunks.next()
                    progress.update(done: Int(clamping: chunks.offset >> 20), of: Int(clamping: length >> 20))
                    return chunk
                }
            },
            frame: { [self] frameIndex in try await frame(frameIndex) }
        )
    }

    /// A frame as it is stored, beginning with a byte; empty when there is none.
    ///
    /// - Parameter frameIndex: 0-based.
    func frame(_ frameIndex: Int) async throws -> ByteBuffer {
        try await scanned.frame(frameIndex) { try await read($0) }
    }

    /// Ranges of the Data Set, joined.
    func read(_ ranges: [Range<UInt64>]) async throws -> ByteBuffer {
        guard !scanned.part10.transferSyntax.isDeflated else { return try await inflated(ranges) }
        var bytes = ByteBuffer()
        for range in ranges where !range.isEmpty {
            let start = scanned.part10.dataSetOffset + range.lowerBound
            var piece = try await pool.run { [file] in try file.read(at: start, count: range.count) }
            bytes.writeBuffer(&piece)
        }
        return bytes
    }

    /// Ranges of the inflated Data Set: everything in front of them is inflated, too.
    private func inflated(_ ranges: [Range<UInt64>]) async throws -> ByteBuffer {
        var inflater = Inflater(
            lengthLimit: DataSetLimits.stored.inflatedLength,
            ratioLimit: DataSetLimits.stored.inflationRatio
        )
        var chunks = FileChunks(file: file, pool: pool, offset: scanned.part10.dataSetOffset).makeAsyncIterator()
        var bytes = ByteBuffer()
        var position: UInt64 = 0
        let end = ranges.last?.upperBound ?? 0
        while position < end, let chunk = try await chunks.next() {
            inflater.append(chunk)
            while let piece = try inflater.next() {
                for range in ranges {
                    let from = max(range.lowerBound, position)
                    let to = min(range.upperBound, position + UInt64(piece.readableBytes))
                    guard from < to else { continue }
                    let start = piece.readerIndex + Int(from - position)
                    bytes.writeImmutableBuffer(piece.getSlice(at: start, length: Int(to - from)) ?? ByteBuffer())
                }
                position += UInt64(piece.readableBytes)
            }
        }
        return bytes
    }
}
