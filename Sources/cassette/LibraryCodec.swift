import DICOMCore
import DICOMPixels
import NIOCore

/// All codecs in this process, for one file of somebody's own.
struct LibraryCodec: PixelCodec {
    let limits = PixelLimits()

    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: limits)
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: limits)
    }
}
