import NIOCore
import PackStorage

/// Ranges of a payload that lie close together, read as one and put together without the gaps.
///
/// The fragments of a frame are neighbours: read one by one, a segment of 64 KiB would be opened for each of them.
struct GatheredRanges: Sendable {
    /// From the first to the last byte.
    private(set) var cover: Range<UInt64>
    /// Ascending, not empty, apart.
    private(set) var ranges: [Range<UInt64>]

    /// A gap that is longer is not read: it spans at least one segment.
    private static let gapLimit: UInt64 = 65_504

    private init(_ range: Range<UInt64>) {
        cover = range
        ranges = [range]
    }

    /// Puts neighbours together; the bytes come out in the order of `ranges` all the same.
    static func gather(_ ranges: [Range<UInt64>]) -> [GatheredRanges] {
        var gathered: [GatheredRanges] = []
        for range in ranges where !range.isEmpty {
            if gathered.last?.takes(range) == true {
                gathered[gathered.count - 1].add(range)
            } else {
                gathered.append(GatheredRanges(range))
            }
        }
        return gathered
    }

    private func takes(_ range: Range<UInt64>) -> Bool {
        range.lowerBound >= cover.upperBound && range.lowerBound - cover.upperBound < Self.gapLimit
    }

    private mutating func add(_ range: Range<UInt64>) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
        cover = cover.lowerBound..<range.upperBound
    }
}

/// Takes what lies in the ranges out of the bytes of the cover, as they come.
struct RangeGatherer: Sendable {
    private var position: UInt64
    private var waiting: ArraySlice<Range<UInt64>>

    init(_ gathered: GatheredRanges) {
        position = gathered.cover.lowerBound
        waiting = gathered.ranges[...]
    }

    /// The part of the next chunk that lies in the ranges; may be empty.
    mutating func take(_ chunk: ByteBuffer) -> ByteBuffer {
        let end = position + UInt64(chunk.readableBytes)
        defer { position = end }
        var result = ByteBuffer()
        while let range = waiting.first, range.lowerBound < end {
            let part = max(range.lowerBound, position)..<min(range.upperBound, end)
            let start = chunk.readerIndex + Int(part.lowerBound - position)
            // The slice exists: the part lies between position and end.
            let slice = chunk.getSlice(at: start, length: part.count) ?? ByteBuffer()
            if result.readableBytes == 0 {
                result = slice
            } else {
                result.writeImmutableBuffer(slice)
            }
            guard range.upperBound <= end else { break }
            waiting.removeFirst()
        }
        return result
    }
}
