import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// A new object with its frames, as a researcher gets them one by one, in other Transfer Syntaxes, or as pictures.
public struct ViewedImage: Sendable {
    /// The object.
    public let object: ViewedObject
    /// All its elements, and where its frames are.
    private let scanned: ScannedFile
    private let pixels: PixelService

    private static let pieceLength = 1 << 20

    /// Reads a new object to its end.
    init(_ object: ViewedObject, pixels: PixelService) async throws(ArchiveError) {
        self.object = object
        self.pixels = pixels
        do {
            var scanner = PixelDataScanner(limits: .stored)
            try await object.content.forEachPiece { try scanner.scan($0) }
            scanned = try scanner.finish()
        } catch {
            throw ArchiveError(making: error)
        }
    }

    /// Bytes that it takes while it is kept; `nil` when it is too long for that.
    var keptLength: Int? { object.content.bytes?.storageCapacity }

    /// Number of Frames; `nil` for an object without pixels that could be told apart, and for video.
    public var frameCount: Int? { object.transferSyntax.isVideo ? nil : scanned.frameIndex?.frameCount }

    /// One frame, as it is or in another Transfer Syntax.
    ///
    /// - Parameter frameNumber: 1-based.
    /// - Throws: `.notFound` above Number of Frames; `.framesUnknown`, `.notDecodable`, `.notMakeable`.
    public func frame(
        _ frameNumber: Int,
        in request: TranscodingRequest?
    ) async throws(ArchiveError) -> ByteStream {
        let image = try image(having: frameNumber)
        if let request, request.target.lossyMethod != nil, !request.allowsLossy {
            throw ArchiveError(.notMakeable, "\(request.target.name) loses, and that was not asked for")
        }
        let reservation = try await pixels.reserve(for: image, storedLength: storedLength(frameNumber, image))
        do {
            var bytes = try await scanned.frame(frameNumber - 1, read: read)
            if let request, !(request.target.isNative && image.isPlain) {
                let frame = try await pixels.decode(
                    bytes,
                    in: image.transferSyntax,
                    as: image.format,
                    frameNumber: frameNumber
                )
                bytes =
                    request.target.isNative
                    ? frame.bytes
                    : try await pixels.encode(
                        frame,
                        in: request.target,
                        options: request.options,
                        frameNumber: frameNumber
                    )
            }
            reservation.shrink(to: bytes.readableBytes)
            return ByteStream(bytes, holding: reservation)
        } catch {
            throw ArchiveError(making: error)
        }
    }

    /// A picture of one frame.
    ///
    /// - Parameter frameNumber: 1-based; `nil` takes the one that stands for the object.
    public func picture(ofFrame frameNumber: Int?, _ order: PictureOrder) async throws(ArchiveError) -> ByteStream {
        let first = try image(having: frameNumber ?? 1)
        let number = frameNumber ?? first.representativeFrameNumber
        let image = try image(having: number)
        do {
            let renderer = try FrameRenderer(header: try await filledHeader())
            let workLength = try order.workLength(of: image.format, frameIndex: number - 1, renderer)
            let reservation = try await pixels.reserve(
                for: image,
                storedLength: storedLength(number, image),
                workLength: workLength
            )
            let frame = try await pixels.decode(
                try await scanned.frame(number - 1, read: read),
                in: image.transferSyntax,
                as: image.format,
                frameNumber: number
            )
            let picture = try await pixels.picture(of: frame, frameIndex: number - 1, renderer, order)
            let bytes = try await pixels.written(picture, order)
            reservation.shrink(to: bytes.readableBytes)
            return ByteStream(bytes, holding: reservation)
        } catch {
            throw ArchiveError(making: error)
        }
    }

    /// The object in another Transfer Syntax, made as it is read.
    ///
    /// What cannot be made is known here.
    ///
    /// - Throws: `.notMakeable`, also for an object that is too long to be kept in memory; `.notDecodable`, `.framesUnknown`.
    public func transcoded(_ request: TranscodingRequest) async throws(ArchiveError) -> TranscodedObject {
        guard let bytes = object.content.bytes else {
            throw ArchiveError(.notMakeable, "An object of this length is sent as it is: ask for its frames")
        }
        let (scanned, read) = (scanned, read)
        let source = ObjectSource(
            header: scanned.dataSet,
            transferSyntax: object.transferSyntax,
            frameIndex: scanned.frameIndex,
            reader: {
                var rest = bytes
                return { rest.readSlice(length: min(rest.readableBytes, Self.pieceLength)).flatMap { $0.nilIfEmpty } }
            },
            frame: { try await scanned.frame($0, read: read) }
        )
        do throws(TranscodingError) {
            return try await pixels.transcode(source, request)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The image, when it has that frame.
    private func image(having frameNumber: Int) throws(ArchiveError) -> DescribedImage {
        try DescribedImage.requireFrames(of: object.transferSyntax)
        guard let index = scanned.frameIndex, index.frameCount > 0 else {
            throw ArchiveError(
                .framesUnknown,
                "The instance has no pixels that could be shown, or they cannot be told apart"
            )
        }
        guard (1...index.frameCount).contains(frameNumber) else {
            throw ArchiveError(.notFound, "The instance has \(index.frameCount) frames")
        }
        return try DescribedImage(header: scanned.dataSet, index: index, transferSyntax: object.transferSyntax)
    }

    private func storedLength(_ frameNumber: Int, _ image: DescribedImage) -> UInt64 {
        image.index.byteRanges(frameIndex: frameNumber - 1).reduce(0) { $0 + UInt64($1.count) }
    }

    /// The header with the tables and profiles that rendering needs.
    private func filledHeader() async throws -> DataSet {
        try await RenderingBulk.filled(scanned.dataSet, isBigEndian: object.transferSyntax.isBigEndian) {
            try await read([$0])
        }
    }

    /// Ranges of the Data Set in ascending order, joined.
    @Sendable
    private func read(_ ranges: [Range<UInt64>]) async throws -> ByteBuffer {
        let start = scanned.part10.dataSetOffset
        var joined = ByteBuffer()
        var position: UInt64 = 0
        try await object.content.forEachPiece { piece in
            let end = position + UInt64(piece.readableBytes)
            for range in ranges {
                let from = max(start + range.lowerBound, position)
                let to = min(start + range.upperBound, end)
                guard from < to,
                    let slice = piece.getSlice(at: piece.readerIndex + Int(from - position), length: Int(to - from))
                else { continue }
                joined.writeImmutableBuffer(slice)
            }
            position = end
        }
        return joined
    }
}

extension ByteBuffer {
    fileprivate var nilIfEmpty: ByteBuffer? { readableBytes > 0 ? self : nil }
}
