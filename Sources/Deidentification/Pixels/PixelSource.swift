public import DICOMCoding
public import DICOMCore
public import NIOCore

/// The pixels of an object: what describes them, and how they are read.
public struct PixelSource: Sendable {
    /// The elements of the Data Set, with tables of palettes and overlays in memory (`RenderingBulk`).
    public let header: DataSet
    /// The Transfer Syntax of the object.
    public let transferSyntax: TransferSyntax
    /// Where the frames are; `nil` without Pixel Data, or when frames cannot be told apart.
    public let frameIndex: FrameIndex?
    /// Reads one frame, 0-based, as it is stored: whole bytes, fragments joined, words of `SwappedWords` in their order.
    public let frame: @Sendable (Int) async throws -> ByteBuffer

    /// Describes the pixels of an object.
    public init(
        header: DataSet,
        transferSyntax: TransferSyntax,
        frameIndex: FrameIndex?,
        frame: @escaping @Sendable (Int) async throws -> ByteBuffer
    ) {
        self.header = header
        self.transferSyntax = transferSyntax
        self.frameIndex = frameIndex
        self.frame = frame
    }
}
