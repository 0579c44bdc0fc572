import DICOMCore
import DICOMPixels
import NIOCore

extension PixelService {
    /// How a frame looks.
    ///
    /// - Throws: `ArchiveError` `.badRequest` for a viewport that shows nothing of the image; `PixelError`.
    func picture(
        of frame: PixelFrame,
        frameIndex: Int,
        _ renderer: FrameRenderer,
        _ order: PictureOrder
    ) async throws -> RenderedImage {
        // On threads that may be busy for a while.
        do throws(PixelError) {
            return try await onPool { () throws(PixelError) in
                try renderer.render(frame, frameIndex: frameIndex, request: order.request)
            }
        } catch {
            throw order.blaming(error)
        }
    }

    /// A picture as the file that was ordered.
    func written(_ picture: RenderedImage, _ order: PictureOrder) async throws -> ByteBuffer {
        var picture = picture
        if !order.keepsProfile, picture.iccProfile != nil {
            picture = try RenderedImage(
                width: picture.width,
                height: picture.height,
                channels: picture.channels,
                bitsPerSample: picture.bitsPerSample,
                bytes: picture.bytes
            )
        }
        switch order.form {
        case .jpeg(let quality):
            let jpeg = try await encode(
                try picture.pixelFrame,
                in: .jpegBaseline,
                options: EncodingOptions(quality: quality)
            )
            return picture.iccProfile.map { ICCProfile.insert($0, intoJPEG: jpeg) } ?? jpeg
        case .png:
            return try await onPool { [picture] () throws(PixelError) in try PNGWriter.png(picture) }
        case .gif:
            return try await onPool { [picture] () throws(PixelError) in
                var writer = GIFWriter()
                var bytes = try writer.append(picture, duration: .zero)
                bytes.writeImmutableBuffer(writer.finish())
                return bytes
            }
        }
    }
}

extension PictureOrder {
    /// Bytes that a picture takes beside its frame; what the viewport is to blame for is known here.
    func workLength(of format: PixelFormat, frameIndex: Int, _ renderer: FrameRenderer) throws -> Int {
        do throws(PixelError) {
            return try renderer.workLength(of: format, frameIndex: frameIndex, request: request)
        } catch {
            throw blaming(error)
        }
    }

    /// The error, or what is wrong with the order.
    fileprivate func blaming(_ error: PixelError) -> any Error {
        let isViewport = error.code == .tooLarge || error.code == .badDescription
        guard isViewport, request.viewport != nil else { return error }
        return ArchiveError(.badRequest, "The viewport cannot be shown: \(error.detail)")
    }
}

extension ArchiveError {
    /// The error for what kept a frame or a picture from being made.
    init(making error: any Error) {
        switch error {
        case let error as ArchiveError: self = error
        case let error as TranscodingError: self.init(error)
        case let error as PixelError: self.init(TranscodingError(decoding: error))
        default: self.init(.unavailable, "The picture was not made: the request was given up")
        }
    }
}
