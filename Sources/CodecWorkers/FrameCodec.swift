public import DICOMCore
public import DICOMPixels
public import NIOCore

/// Codecs that work at once, on the thread that calls: what runs inside a worker, or on a `WorkPool`.
public protocol FrameCodec: Sendable {
    /// Whether frames can be taken out of a Transfer Syntax.
    func canDecode(_ transferSyntax: TransferSyntax) -> Bool
    /// Whether frames can be put into a Transfer Syntax.
    func canEncode(_ transferSyntax: TransferSyntax) -> Bool
    /// Whether the codec is our own Swift and needs no process of its own.
    func isSafeInProcess(_ transferSyntax: TransferSyntax) -> Bool
    /// Decodes one frame; the result's format is `format.decoded(from: transferSyntax)`, of what is left of `format` when it
    /// has been corrected by the frame.
    func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame
    /// Encodes one frame; what a lossless scheme made has been decoded again and compared.
    func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions,
        limits: PixelLimits
    ) throws(PixelError) -> ByteBuffer
}

/// The codecs of ``CodecLibrary``.
public struct LibraryCodecs: FrameCodec {
    /// Makes the value.
    public init() {}

    /// Whether frames can be taken out of a Transfer Syntax.
    public func canDecode(_ transferSyntax: TransferSyntax) -> Bool { CodecLibrary.canDecode(transferSyntax) }

    /// Whether frames can be put into a Transfer Syntax.
    public func canEncode(_ transferSyntax: TransferSyntax) -> Bool { CodecLibrary.canEncode(transferSyntax) }

    /// Whether the codec is our own Swift and needs no process of its own.
    public func isSafeInProcess(_ transferSyntax: TransferSyntax) -> Bool {
        CodecLibrary.isSafeInProcess(transferSyntax)
    }

    /// Decodes one frame.
    public func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        try CodecLibrary.decode(encoded, in: transferSyntax, as: format, limits: limits)
    }

    /// Encodes one frame.
    public func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions,
        limits: PixelLimits
    ) throws(PixelError) -> ByteBuffer {
        try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: limits)
    }
}
