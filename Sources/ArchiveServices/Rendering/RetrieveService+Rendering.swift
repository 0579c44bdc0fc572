public import AccessControl
import ArchiveCatalog
import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

extension RetrieveService {
    /// A picture of one frame.
    ///
    /// - Parameters:
    ///   - frameNumber: 1-based; `nil` takes the one that stands for the object.
    ///   - instance: Read with its header.
    ///   - presentationState: How the image is to be shown; read with its header.
    /// - Throws: `.notFound` above Number of Frames; `.framesUnknown`, `.notDecodable`; `.badRequest` for a viewport that
    ///   shows nothing of the image.
    public func picture(
        ofFrame frameNumber: Int?,
        of instance: ArchivedInstance,
        _ order: PictureOrder,
        presentationState: ArchivedInstance? = nil,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        try authorize(.readPixels, principal)
        let image = try image(instance)
        let number = frameNumber ?? image.described.representativeFrameNumber
        let stored = try await frame(number, of: instance, as: principal)
        let stateID = presentationState?.record.location.recordID
        let key = image.key(number, .picture(order, presentationState: stateID))
        let workLength: Int
        do {
            let state = try presentationState.map { try headers.dataSet($0.record.header) }
            let renderer = try FrameRenderer(header: image.header, presentationState: state)
            workLength = try order.workLength(of: image.format, frameIndex: number - 1, renderer)
        } catch {
            throw ArchiveError(making: error)
        }
        let reservation = try await reserve(for: image, storedLength: stored.length, workLength: workLength)
        let entry = try await entry(key) { [self] in
            let state = try await presentationState.asyncMap { try await filledHeader(of: $0) }
            let renderer = try FrameRenderer(header: try await filledHeader(of: instance), presentationState: state)
            let picture = try await render(number, stored, image, renderer, order)
            return FrameCache.Entry(bytes: try await pixels.written(picture, order), format: image.format)
        }
        reservation.shrink(to: entry.bytes.readableBytes)
        return ByteStream(entry.bytes, holding: reservation)
    }

    /// All frames of an object as one moving picture.
    ///
    /// What cannot be shown is known here: the first frame has been made when this returns.
    public func film(
        of instance: ArchivedInstance,
        _ order: PictureOrder,
        as principal: Principal
    ) async throws(ArchiveError) -> Film {
        try await beginReading(instance, as: principal)
        let image = try image(instance)
        let header: DataSet
        let renderer: FrameRenderer
        do {
            header = try await filledHeader(of: instance)
            renderer = try FrameRenderer(header: header)
        } catch {
            throw ArchiveError(making: error)
        }
        let timing = FrameTiming(header)
        return try await Film(frameCount: image.index.frameCount, timing: timing, pixels: pixels) {
            [self] number throws(ArchiveError) in
            let stored = storedFrame(number - 1, image.index, of: instance)
            do {
                let workLength = try order.workLength(of: image.format, frameIndex: number - 1, renderer)
                let reservation = try await reserve(for: image, storedLength: stored.length, workLength: workLength)
                return (try await render(number, stored, image, renderer, order), reservation)
            } catch {
                throw ArchiveError(making: error)
            }
        }
    }

    /// Number of Frames of an object that has pixels; `nil` for one without, and for video.
    ///
    /// - Parameter instance: Read with its header.
    public func pictureCount(of instance: ArchivedInstance) throws(ArchiveError) -> Int? {
        guard instance.record.frameIndex != nil, !instance.transferSyntax.isVideo else { return nil }
        return try frameIndex(of: instance).frameCount
    }

    private func render(
        _ frameNumber: Int,
        _ stored: ByteStream,
        _ image: StoredImage,
        _ renderer: FrameRenderer,
        _ order: PictureOrder
    ) async throws -> RenderedImage {
        let decoded = try await decoded(frameNumber, stored, image)
        let frame = try PixelFrame(decoded.format ?? image.format, decoded.bytes)
        return try await pixels.picture(of: frame, frameIndex: frameNumber - 1, renderer, order)
    }

    /// The header with the tables, overlays and profiles that rendering needs.
    private func filledHeader(of instance: ArchivedInstance) async throws -> DataSet {
        try await RenderingBulk.filled(
            try headers.dataSet(instance.record.header),
            isBigEndian: instance.transferSyntax.isBigEndian
        ) { try await gathered(stream(instance, dataSetRanges: [$0])) }
    }
}

extension Optional where Wrapped: Sendable {
    /// As `map`, for what has to be waited for.
    fileprivate func asyncMap<Result: Sendable>(
        _ transform: (Wrapped) async throws -> Result
    ) async rethrows -> Result? {
        guard let wrapped = self else { return nil }
        return try await transform(wrapped)
    }
}
