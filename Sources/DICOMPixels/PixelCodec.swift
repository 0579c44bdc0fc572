public import DICOMCore
public import NIOCore

/// Takes frames out of their compression and puts them into it.
///
/// The port through which everything above uses codecs: whether they run here or in a process of their own.
public protocol PixelCodec: Sendable {
    /// Decodes one frame.
    ///
    /// What comes out is what an object in Explicit VR Little Endian would hold:
    /// - grey and palette images, and colour in lossless schemes without a colour transform of their own, keep their
    ///   Photometric Interpretation; JPEG (lossy) and JPEG 2000 colour becomes RGB; see ``PixelFormat/decoded(from:)``;
    /// - chrominance that is called subsampled and is not, in JPEG 2000 without a transform, becomes YBR_FULL; see
    ///   ``PixelFormat/corrected(by:in:)``;
    /// - colour by pixel; signed samples extended to Bits Allocated.
    ///
    /// - Parameters:
    ///   - encoded: the frame's fragments, joined (encapsulated), or its bytes (native); whole bytes.
    ///   - format: what group 0028 says.
    /// - Throws: every code but `.notEncodable` and `.notReversible`.
    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame

    /// Encodes one frame.
    ///
    /// What a lossless scheme made has been decoded again and compared.
    ///
    /// - Returns: the bytes of the frame, of even length; what they are in group 0028 says ``PixelFormat/encoded(in:)``.
    /// - Throws: `.unsupported`, `.notEncodable`, `.notReversible`, `.tooLarge`, `.timedOut`, `.workerLost`.
    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer
}

/// What an encoder is asked for beyond the Transfer Syntax.
public struct EncodingOptions: Sendable, Hashable {
    /// 1 (smallest) to 100 (best), for lossy JPEG and JPEG 2000.
    public var quality: Int
    /// The largest difference of a sample in near-lossless JPEG-LS.
    public var nearLossless: Int

    /// Makes options.
    public init(quality: Int = 90, nearLossless: Int = 2) {
        self.quality = quality
        self.nearLossless = nearLossless
    }
}
