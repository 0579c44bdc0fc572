import NIOCore

/// Where each frame of an object is, so that any of them is one ranged read.
///
/// The stored form is the form in memory: decoding it and finding a frame are O(1), whatever the number of frames.
/// Format, version 1, little endian: version (1 byte), kind (1), then
///
/// - native (kind 1): frame count (8), bits of a frame (8), offset of the value field (8);
/// - encapsulated (kind 2): width of a position, 4 or 8 (1), whether frames and fragments are one to one (1), frame count
///   (4), fragment count (4), base (8): offset of the first fragment's item header; then one position per fragment, of its
///   contents from the base, and one more that a further fragment would have; then, unless one to one, the number of the
///   first fragment (4) of each frame, and the fragment count.
public struct FrameIndex: Sendable, Hashable {
    /// The number of frames, at least 1.
    public let frameCount: Int

    enum Layout: Sendable, Hashable {
        case native(offset: UInt64, bitsPerFrame: UInt64)
        case encapsulated(EncapsulatedFrames)
    }

    let layout: Layout

    init(frameCount: Int, layout: Layout) {
        self.frameCount = frameCount
        self.layout = layout
    }

    /// An index of native Pixel Data; `nil` for no frame, empty frames, or products beyond 64 bits.
    public init?(frameCount: Int, bitsPerFrame: UInt64, offset: UInt64) {
        guard frameCount > 0, bitsPerFrame > 0 else { return nil }
        let (bits, bitsOverflow) = bitsPerFrame.multipliedReportingOverflow(by: UInt64(frameCount))
        let (_, endOverflow) = (bits / 8).addingReportingOverflow(offset)
        guard !bitsOverflow, !endOverflow, bits <= UInt64.max - 7, offset < .max - bits / 8 else { return nil }
        self.init(frameCount: frameCount, layout: .native(offset: offset, bitsPerFrame: bitsPerFrame))
    }

    /// Whether the frames are fragments of a compressed stream.
    public var isEncapsulated: Bool {
        if case .encapsulated = layout { true } else { false }
    }

    /// The bytes of a frame, from the first byte of the Data Set (inflated).
    ///
    /// Encapsulated: the contents of the fragments without item headers, to be joined. Native: one range; see `firstBit`.
    ///
    /// - Parameter frameIndex: 0-based.
    /// - Returns: empty when there is no such frame, or a damaged index does not tell.
    public func byteRanges(frameIndex: Int) -> [Range<UInt64>] {
        guard frameIndex >= 0, frameIndex < frameCount else { return [] }
        switch layout {
        case .native(let offset, let bitsPerFrame):
            // Neither overflows: checked for all frames together when the index was made.
            let firstBit = UInt64(frameIndex) * bitsPerFrame
            let endBit = firstBit + bitsPerFrame
            return [offset + firstBit / 8..<offset + (endBit + 7) / 8]
        case .encapsulated(let frames):
            return frames.byteRanges(frameIndex: frameIndex)
        }
    }

    /// The bits that a native frame takes of its byte range: the first one's place, and how many.
    ///
    /// - Returns: `nil` when the byte ranges are the frame as it is: encapsulated, or whole bytes.
    public func bits(frameIndex: Int) -> (first: Int, count: UInt64)? {
        guard frameIndex >= 0, frameIndex < frameCount, case .native(_, let bitsPerFrame) = layout else { return nil }
        guard bitsPerFrame % 8 != 0 else { return nil }
        return (firstBit(frameIndex: frameIndex), bitsPerFrame)
    }

    /// How many bits of the first byte of the range belong to the frame before: not 0 only where Bits Allocated is 1 and
    /// frames do not end with a byte (PS3.5 8.1.1).
    public func firstBit(frameIndex: Int) -> Int {
        guard frameIndex >= 0, frameIndex < frameCount, case .native(_, let bitsPerFrame) = layout else { return 0 }
        return Int(UInt64(frameIndex) * bitsPerFrame % 8)
    }
}

/// Positions of fragments, and which of them are the first of a frame, kept as the bytes that are stored.
struct EncapsulatedFrames: Sendable, Hashable {
    let base: UInt64
    let fragmentCount: Int
    /// Bytes of one position: 4, or 8 from 4 GiB on.
    let width: Int
    let positions: ByteBuffer
    /// `nil` when each frame is one fragment.
    let firstFragments: ByteBuffer?

    func byteRanges(frameIndex: Int) -> [Range<UInt64>] {
        guard let (first, end) = fragments(frameIndex: frameIndex) else { return [] }
        var ranges: [Range<UInt64>] = []
        ranges.reserveCapacity(end - first)
        for fragment in first..<end {
            guard let start = position(fragment), let next = position(fragment + 1), next >= start, next - start >= 8
            else { return [] }
            let (lower, lowerOverflow) = base.addingReportingOverflow(start)
            let (upper, upperOverflow) = base.addingReportingOverflow(next - 8)
            guard !lowerOverflow, !upperOverflow else { return [] }
            ranges.append(lower..<upper)
        }
        return ranges
    }

    private func fragments(frameIndex: Int) -> (first: Int, end: Int)? {
        guard let firstFragments else { return (frameIndex, frameIndex + 1) }
        let at = firstFragments.readerIndex + frameIndex * 4
        guard let first = firstFragments.getInteger(at: at, endianness: .little, as: UInt32.self),
            let end = firstFragments.getInteger(at: at + 4, endianness: .little, as: UInt32.self),
            first < end, end <= fragmentCount
        else { return nil }
        return (Int(first), Int(end))
    }

    private func position(_ fragment: Int) -> UInt64? {
        let at = positions.readerIndex + fragment * width
        if width == 8 { return positions.getInteger(at: at, endianness: .little, as: UInt64.self) }
        return positions.getInteger(at: at, endianness: .little, as: UInt32.self).map(UInt64.init)
    }
}
