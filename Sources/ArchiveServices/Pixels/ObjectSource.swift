public import DICOMCoding
public import DICOMCore
public import NIOCore

/// An object that is to be put into another Transfer Syntax: what it is, and how its bytes are read.
public struct ObjectSource: Sendable {
    /// Reads one piece after the other; `nil` at the end.
    public typealias Reader = () async throws -> ByteBuffer?

    /// All elements of the Data Set, bulk by reference.
    let header: DataSet
    let transferSyntax: TransferSyntax
    /// Where the frames are; `nil` where they cannot be told apart.
    let frameIndex: FrameIndex?
    /// Begins to read the Part 10 file.
    let reader: @Sendable () -> Reader
    /// Reads one frame, 0-based, as it is stored, but with the bytes of `SwappedWords` in their order.
    let frame: @Sendable (Int) async throws -> ByteBuffer

    /// Describes an object.
    public init(
        header: DataSet,
        transferSyntax: TransferSyntax,
        frameIndex: FrameIndex?,
        reader: @escaping @Sendable () -> Reader,
        frame: @escaping @Sendable (Int) async throws -> ByteBuffer
    ) {
        self.header = header
        self.transferSyntax = transferSyntax
        self.frameIndex = frameIndex
        self.reader = reader
        self.frame = frame
    }

    /// Whether another Transfer Syntax asks for other frames, or the Data Set can be rewritten with those it has.
    func needsFrames(for target: TransferSyntax) -> Bool {
        guard header[.pixelData] != nil else { return !target.isNative }
        guard target.isNative else { return true }
        guard transferSyntax.isEncapsulated, frameIndex?.isEncapsulated != false else { return false }
        return true
    }
}
