import NIOCore

/// Where the segments of a frame are: the header of RLE Lossless (PS3.5 G.5).
struct RLESegments {
    /// Of each segment, its bytes from the first one of the frame.
    let ranges: [Range<Int>]

    /// Bytes of the header: the number of segments and 15 offsets.
    static let headerLength = 64
    /// The most segments that a header can name.
    static let countLimit = 15

    /// Reads the header of a frame.
    ///
    /// - Parameter count: how many segments the image needs.
    /// - Throws: `.malformed`; `.mismatch` for another number of segments.
    init(_ frame: ByteBuffer, count: Int) throws(PixelError) {
        var header = frame
        guard header.readableBytes >= Self.headerLength,
            let stated = header.readInteger(endianness: .little, as: UInt32.self)
        else { throw PixelError(.malformed, "\(frame.readableBytes) bytes are less than an RLE header") }
        guard (1...UInt32(Self.countLimit)).contains(stated) else {
            throw PixelError(.malformed, "\(stated) RLE segments")
        }
        guard stated == count else {
            throw PixelError(.mismatch, "\(stated) RLE segments, the image needs \(count)")
        }
        var starts: [Int] = []
        for _ in 0..<count {
            guard let offset = header.readInteger(endianness: .little, as: UInt32.self),
                offset >= Self.headerLength, offset < frame.readableBytes
            else { throw PixelError(.malformed, "an RLE segment begins outside of the frame") }
            // Segments follow each other (PS3.5 G.4), so the next one's offset ends this one.
            guard starts.last.map({ $0 < offset }) ?? true else {
                throw PixelError(.malformed, "RLE segments are not in ascending order")
            }
            starts.append(Int(offset))
        }
        let ends = starts.dropFirst() + [frame.readableBytes]
        ranges = zip(starts, ends).map { $0..<$1 }
    }
}
