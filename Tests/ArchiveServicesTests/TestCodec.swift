import DICOMCore
import DICOMPixels
import NIOCore
import Synchronization

/// The codecs of our own in this process; lossy JPEG is told as bytes turned upside down, without chrominance.
final class TestCodec: PixelCodec {
    /// A frame that begins so cannot be decoded.
    static let poison: UInt8 = 0xEE

    private let counts = Mutex((decoded: 0, encoded: 0))

    /// Frames that were decoded.
    var decodedCount: Int { counts.withLock { $0.decoded } }
    /// Frames that were encoded.
    var encodedCount: Int { counts.withLock { $0.encoded } }

    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        counts.withLock { $0.decoded += 1 }
        guard transferSyntax == .jpegBaseline else {
            return try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: PixelLimits())
        }
        guard encoded.readableBytesView.first != Self.poison else { throw PixelError(.malformed, "poison") }
        let decoded = try format.decoded(from: transferSyntax)
        // What the fragment was padded with is no part of the frame.
        let kept = encoded.readableBytesView.prefix(decoded.frameLength)
        return try PixelFrame(decoded, ByteBuffer(bytes: kept.map { ~$0 }))
    }

    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        counts.withLock { $0.encoded += 1 }
        guard transferSyntax == .jpegBaseline else {
            return try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: PixelLimits())
        }
        guard frame.format.bitsAllocated == 8 else { throw PixelError(.notEncodable, "8 bits only") }
        return ByteBuffer(bytes: frame.bytes.readableBytesView.map { ~$0 })
    }
}
