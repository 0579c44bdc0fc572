import DICOMCore
import NIOCore

/// One compression scheme, synchronous, in this process.
///
/// ``CodecLibrary`` has compared the frame with the limits before it calls a scheme.
protocol FrameScheme {
    /// Decodes one frame.
    ///
    /// Nothing is allocated by what the encoded bytes say before they agree with `format`.
    ///
    /// - Parameter format: what group 0028 says.
    /// - Returns: a frame whose format is `format.decoded(from: transferSyntax)`.
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame

    /// Encodes one frame.
    ///
    /// - Parameter frame: by pixel and with all chrominance samples, except where the scheme keeps frames as they are.
    /// - Returns: the bytes of the frame, padded to even length.
    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer
}

extension ByteBuffer {
    /// Makes the length even, as the fragments of a frame must be (PS3.5 A.4).
    mutating func padToEven() {
        if readableBytes % 2 == 1 { writeInteger(UInt8(0)) }
    }
}
