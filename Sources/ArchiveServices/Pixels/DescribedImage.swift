import DICOMCoding
import DICOMCore
import DICOMPixels

/// What is known of an image before any of its frames is read.
struct DescribedImage: Sendable {
    /// All elements, bulk by reference.
    let header: DataSet
    let index: FrameIndex
    /// What group 0028 says.
    let format: PixelFormat
    /// The Transfer Syntax that the frames are in.
    let transferSyntax: TransferSyntax

    /// - Throws: `.notDecodable` for what is no image, or described wrongly.
    init(header: DataSet, index: FrameIndex, transferSyntax: TransferSyntax) throws(ArchiveError) {
        try Self.requireFrames(of: transferSyntax)
        self.header = header
        self.index = index
        self.transferSyntax = index.isEncapsulated || transferSyntax.isNative ? transferSyntax : .explicitVRLittleEndian
        do throws(PixelError) {
            format = try PixelFormat(header).asStored(in: index)
        } catch {
            throw ArchiveError(TranscodingError(decoding: error))
        }
    }

    /// - Throws: `.notDecodable` for video, and for pixels that lie elsewhere.
    static func requireFrames(of transferSyntax: TransferSyntax) throws(ArchiveError) {
        guard !transferSyntax.isVideo, !transferSyntax.isReferenced else {
            throw ArchiveError(.notDecodable, "\(transferSyntax.name) has no frames to decode one by one")
        }
    }

    /// Whether frames as they are stored are those of Explicit VR Little Endian.
    var isPlain: Bool {
        transferSyntax.isNative && !transferSyntax.isBigEndian && !transferSyntax.hasBigEndianPixelData
            || transferSyntax == .encapsulatedUncompressedExplicitVRLittleEndian
    }

    /// The frame that stands for all (PS3.3 C.7.6.6, Representative Frame Number), else the first.
    var representativeFrameNumber: Int {
        let named = header.integer(.representativeFrameNumber) ?? 1
        return (1...index.frameCount).contains(named) ? named : 1
    }
}

extension PixelService {
    /// Waits for the memory that making a frame takes.
    ///
    /// - Parameter workLength: Bytes that are needed beside the frame as it is stored and twice without compression.
    func reserve(
        for image: DescribedImage,
        storedLength: UInt64,
        workLength: Int = 0
    ) async throws(ArchiveError) -> MemoryReservation {
        let limit = limits.frame.frameLength
        guard let length = Int(exactly: storedLength), length <= limit, image.format.frameLength <= limit else {
            throw ArchiveError(.notDecodable, "The frame is longer than the limit limits.pixels.frame-length")
        }
        return try await budget.reserve(length + 2 * image.format.frameLength + workLength)
    }
}

extension PixelFormat {
    /// The same; of native frames that are called subsampled and are not, as full.
    func asStored(in index: FrameIndex) throws(PixelError) -> PixelFormat {
        guard !index.isEncapsulated else { return self }
        return try asStored(length: index.byteRanges(frameIndex: 0).reduce(0) { $0 + $1.count })
    }
}
