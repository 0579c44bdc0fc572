import NIOCore
import Testing

@testable import ArchiveServices

@Suite struct `Ranges that lie close together` {
    /// What is taken out of counted bytes that come in chunks of `length`.
    private func taken(_ ranges: [Range<UInt64>], chunks length: UInt64) -> [UInt8] {
        var result: [UInt8] = []
        for gathered in GatheredRanges.gather(ranges) {
            var gatherer = RangeGatherer(gathered)
            var position = gathered.cover.lowerBound
            while position < gathered.cover.upperBound {
                let end = min(position + length, gathered.cover.upperBound)
                let chunk = ByteBuffer(bytes: (position..<end).map { UInt8(truncatingIfNeeded: $0) })
                result += Array(gatherer.take(chunk).readableBytesView)
                position = end
            }
        }
        return result
    }

    @Test(arguments: [1, 2, 3, 7, 100] as [UInt64])
    func `come out one after another, whatever the chunks`(length: UInt64) {
        let ranges: [Range<UInt64>] = [3..<5, 5..<5, 5..<9, 11..<12, 20..<31, 8..<10]

        #expect(taken(ranges, chunks: length) == ranges.flatMap { Array($0) }.map { UInt8($0) })
        #expect(taken([], chunks: length).isEmpty)
    }

    @Test func `are read as one up to a gap of a segment, and only forwards`() {
        let gap: UInt64 = 65_504
        func count(_ ranges: [Range<UInt64>]) -> Int { GatheredRanges.gather(ranges).count }

        #expect(count([0..<10, 10 + gap - 1..<10 + gap]) == 1)
        #expect(count([0..<10, 10 + gap..<11 + gap]) == 2)
        #expect(count([50..<60, 0..<10]) == 2)
        #expect(count([0..<10, 5..<20]) == 2)
        #expect(count((0..<100_000).map { $0 * 10..<$0 * 10 + 2 }) == 1)
        #expect(GatheredRanges.gather([0..<10, 10..<20]).first?.ranges == [0..<20])
    }
}
