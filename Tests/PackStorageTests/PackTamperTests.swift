import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

@Suite struct `Tampering with packs` {
    /// Bytes of a sealed stream before its first segment.
    private static let streamHeader = 74
    private static let recordHeader = 32
    private static let segment = 65_536

    /// The bits of all headers, manifests and trailers, thus of everything but the segments of payloads.
    private func bitsOfFrames(_ bench: PackTamperBench) -> [Int] {
        var isPayload = [Bool](repeating: false, count: bench.whole.count)
        for (location, payload) in zip(bench.locations, bench.payloads) {
            let start = Int(location.offset) + Self.recordHeader + Self.streamHeader
            for byte in start..<start + payload.readableBytes { isPayload[byte] = true }
        }
        return isPayload.indices.filter { !isPayload[$0] }.flatMap { byte in (0..<8).map { byte * 8 + $0 } }
    }

    private func flip(_ bit: Int, in bench: PackTamperBench, verifying: Bool) async throws {
        bench.bench.disk.setContent(bench.path, bench.whole.flipping(bit: bit))
        let store = bench.freshStore()
        let told: Comment = "bit \(bit)"
        if let number = bench.record(at: bit / 8) {
            let isWhole = await bench.isReadable(number, from: store, told)
            // Lengths and marks that only a walk needs are not looked at by a reader who knows the place.
            #expect(!isWhole || verifying, told)
        }
        if verifying { #expect(try await bench.isNoticed(by: store, told), told) }
    }

    @Test func `each bit of headers, manifests and trailers: stored bytes or an error, and a check finds it`()
        async throws
    {
        let bench = try await PackTamperBench(lengths: [40, 0, 333])
        let bits = bitsOfFrames(bench)

        for place in BitFlips.places(0..<bits.count) {
            try await flip(bits[place], in: bench, verifying: true)
        }

        bench.bench.disk.setContent(bench.path, bench.whole)
        #expect(try await !bench.isNoticed(by: bench.freshStore(), "unchanged"))
    }

    @Test(arguments: [[900, 300, 2_000], [150_000, 10]])
    func `random bits: stored bytes or an error, and a check finds it`(lengths: [Int]) async throws {
        let bench = try await PackTamperBench(lengths: lengths)
        let random = SeededRandomSource(seed: UInt64(lengths.count))
        let share = lengths.count > 2 ? BitFlips.count : BitFlips.count / 20

        for round in 0..<share {
            try await flip(random.next(below: bench.whole.count * 8), in: bench, verifying: round % 16 == 0)
        }
    }

    @Test func `several bytes at once: stored bytes or an error`() async throws {
        let bench = try await PackTamperBench(lengths: [900, 300, 2_000])
        let random = SeededRandomSource(seed: 5)

        for round in 0..<max(150, BitFlips.count / 50) {
            var bytes = bench.whole
            let start = random.next(below: bytes.count)
            let end = min(bytes.count, start + 1 + random.next(below: 64))
            // Either noise, or what a lost sector leaves.
            bytes.replaceSubrange(
                start..<end,
                with: round % 2 == 0 ? random.bytes(end - start) : Array(repeating: 0, count: end - start)
            )
            bench.bench.disk.setContent(bench.path, bytes)
            let store = bench.freshStore()
            for number in bench.locations.indices {
                _ = await bench.isReadable(number, from: store, "bytes \(start)..<\(end)")
            }
            if bytes != bench.whole {
                #expect(try await bench.isNoticed(by: store, "bytes \(start)..<\(end)"), "bytes \(start)..<\(end)")
            }
        }
    }

    @Test func `a pack cut at any byte gives what is whole, an error for the rest, and a check finds it`() async throws
    {
        let bench = try await PackTamperBench(lengths: [40, 0, 333])

        for length in 0..<bench.whole.count {
            bench.bench.disk.setContent(bench.path, Array(bench.whole.prefix(length)))
            let store = bench.freshStore()
            for (number, location) in bench.locations.enumerated() {
                let isWhole = await bench.isReadable(number, from: store, "\(length) bytes")
                #expect(isWhole == (location.offset + location.recordLength <= UInt64(length)), "\(length) bytes")
            }
            #expect(try await bench.isNoticed(by: store, "\(length) bytes"), "\(length) bytes")
        }
    }

    @Test func `bytes behind the last record are found`() async throws {
        let bench = try await PackTamperBench(lengths: [40])
        for count in [1, 31, 32, 500] {
            bench.bench.disk.setContent(bench.path, bench.whole + Array(repeating: 7, count: count))
            let store = bench.freshStore()

            #expect(await bench.isReadable(0, from: store, "\(count) bytes more"))
            #expect(try await bench.isNoticed(by: store, "\(count) bytes more"))
        }
    }

    @Test func `segments that are swapped, repeated, left out or taken from another record are refused`() async throws {
        let bench = try await PackTamperBench(lengths: [200_000, 200_000])
        let whole = bench.whole
        func place(_ record: Int, _ index: Int) -> Range<Int> {
            let start =
                Int(bench.locations[record].offset) + Self.recordHeader + Self.streamHeader + index * Self.segment
            return start..<start + Self.segment
        }
        func with(_ source: Range<Int>, at target: Range<Int>) -> [UInt8] {
            Array(whole[..<target.lowerBound] + whole[source] + whole[target.upperBound...])
        }
        var swapped = with(place(0, 1), at: place(0, 0))
        swapped.replaceSubrange(place(0, 1), with: whole[place(0, 0)])
        let changes: [(String, [UInt8])] = [
            ("swapped", swapped),
            ("repeated", with(place(0, 0), at: place(0, 1))),
            ("left out", Array(whole[..<place(0, 1).lowerBound] + whole[place(0, 1).upperBound...])),
            ("of the other record", with(place(1, 0), at: place(0, 0))),
            (
                "put in again",
                Array(whole[..<place(0, 1).lowerBound] + whole[place(0, 0)] + whole[place(0, 1).lowerBound...])
            ),
        ]

        for (told, bytes) in changes {
            bench.bench.disk.setContent(bench.path, bytes)
            let store = bench.freshStore()
            #expect(await !bench.isReadable(0, from: store, "\(told)"), "\(told)")
            #expect(try await bench.isNoticed(by: store, "\(told)"), "\(told)")
        }
    }

    @Test func `records that changed places are refused where they do not belong`() async throws {
        let bench = try await PackTamperBench(lengths: [300, 300])
        let places = bench.locations.map { Int($0.offset)..<Int($0.offset + $0.recordLength) }

        bench.bench.disk.setContent(
            bench.path,
            Array(bench.whole[..<places[0].lowerBound] + bench.whole[places[1]] + bench.whole[places[0]])
        )
        let store = bench.freshStore()

        for number in 0..<2 { #expect(await !bench.isReadable(number, from: store, "swapped")) }
        for location in bench.locations {
            await #expect(throws: PackError.self) { try await store.verify(location, context: bench.bench.context) }
        }
    }

    @Test(arguments: [1, 2] as [UInt8])
    func `packs that changed places are refused, of one study or of two`(otherStudy: UInt8) async throws {
        let first = try await PackTamperBench(lengths: [300])
        let second = try await PackTamperBench(lengths: [300], study: otherStudy, bench: first.bench)

        first.bench.disk.setContent(first.path, second.whole)
        first.bench.disk.setContent(second.path, first.whole)
        let store = first.freshStore()

        for bench in [first, second] {
            #expect(await !bench.isReadable(0, from: store, "swapped"))
            let survey = try await store.forEachRecord { _ in Issue.record("a pack under another's name is no pack") }
            #expect(survey.problems.count == 2)
        }
    }

    @Test func `an older version of a pack lacks the later records and says so`() async throws {
        let bench = try await PackTamperBench(lengths: [300, 200])
        let old = Array(bench.whole.prefix(Int(bench.locations[1].offset)))

        bench.bench.disk.setContent(bench.path, old)
        let store = bench.freshStore()

        #expect(await bench.isReadable(0, from: store, "old"))
        #expect(await !bench.isReadable(1, from: store, "old"))
        #expect(try await bench.isNoticed(by: store, "old"))
    }
}
