public import DICOMCore
public import NIOCore

/// Samples of a byte or less in words whose bytes are exchanged: OW in Explicit VR Big Endian (PS3.5 8.1.1).
///
/// Words begin with the value, frames anywhere: a word may hold the end of one frame and the beginning of the next.
public struct SwappedWords: Sendable, Hashable {
    private let valueOffset: UInt64

    /// - Returns: `nil` where frames are in order as they are stored, or a codec puts them in order.
    public init?(_ header: DataSet, in transferSyntax: TransferSyntax) {
        guard transferSyntax.isBigEndian, let element = header[.pixelData], element.vr == .ow,
            let bitsAllocated = header.integer(.bitsAllocated), bitsAllocated <= 8, case .bulk(let bulk) = element.value
        else { return nil }
        valueOffset = bulk.offset
    }

    /// The words that hold a range of the value; both count from the first byte of the Data Set.
    public func words(around range: Range<UInt64>) -> Range<UInt64> {
        guard range.lowerBound >= valueOffset else { return range }
        return range.lowerBound - (range.lowerBound - valueOffset) % 2..<range.upperBound
            + (range.upperBound - valueOffset) % 2
    }

    /// The bytes of a range in their order.
    ///
    /// - Parameter words: what `words(around:)` names.
    public func bytes(of range: Range<UInt64>, in words: ByteBuffer) -> ByteBuffer {
        let swapped = NativeWords.swapped(words)
        let lead = Int(range.lowerBound - self.words(around: range).lowerBound)
        return swapped.getSlice(at: swapped.readerIndex + lead, length: range.count) ?? ByteBuffer()
    }
}
