import DICOMCore
import DICOMPixels
import NIOCore

/// Frames that are not compressed, as they are.
struct NativeFrameCodec: PixelCodec {
    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        guard transferSyntax.isNative else { throw PixelError(.unsupported, "\(transferSyntax.name)") }
        guard transferSyntax.isBigEndian || transferSyntax.hasBigEndianPixelData, format.bitsAllocated >= 16 else {
            return try PixelFrame(format, encoded)
        }
        var swapped = ByteBufferAllocator().buffer(capacity: encoded.readableBytes)
        var rest = encoded
        while let word = rest.readBytes(length: format.bitsAllocated / 8) { swapped.writeBytes(word.reversed()) }
        return try PixelFrame(format, swapped)
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        throw PixelError(.unsupported, "encoding \(transferSyntax.name)")
    }
}
