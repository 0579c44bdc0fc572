import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit
import Testing

@Suite struct `Writing and reading records` {
    @Test(arguments: [0, 1, 65_503, 65_504, 65_505, 131_008, 3_000_000])
    func `a payload comes back byte for byte`(count: Int) async throws {
        let bench = try await PackBench()
        let payload = PackBench.bytes(count)

        let location = try await bench.put(payload, with: bench.store.makeWriter())

        #expect(location.payloadLength == UInt64(count))
        #expect(try await bench.payload(location) == payload)
        #expect(try await bench.store.readManifest(location) == ByteBuffer(string: "manifest"))
        try await bench.store.verify(location, context: bench.context)
        var streamed = ByteBuffer()
        for try await part in bench.store.stream(location, context: bench.context, range: 0..<UInt64(count)) {
            #expect(part.readableBytes <= 16 * 65_504)
            streamed.writeImmutableBuffer(part)
        }
        #expect(streamed == payload)
    }

    @Test(arguments: [0..<1, 65_503..<65_506, 100_000..<100_000, 1..<299_999, 299_999..<300_000] as [Range<UInt64>])
    func `any range of a payload can be read`(range: Range<UInt64>) async throws {
        let bench = try await PackBench()
        let payload = PackBench.bytes(300_000)
        let location = try await bench.put(payload, with: bench.store.makeWriter())

        for _ in 0..<2 {
            let part = try await bench.store.read(location, context: bench.context, range: range)
            #expect(part == payload.getSlice(at: Int(range.lowerBound), length: range.count))
        }
    }

    @Test func `ranges beyond the end or above the limit are refused`() async throws {
        let bench = try await PackBench()
        let location = try await bench.put(PackBench.bytes(10), with: bench.store.makeWriter())

        let beyond = await #expect(throws: PackError.self) {
            try await bench.store.read(location, context: bench.context, range: 5..<11)
        }
        let long = await #expect(throws: PackError.self) {
            try await bench.store.read(location, context: bench.context, range: 0..<PackStore.readLimit + 1)
        }

        #expect(beyond?.code == .rangeOutOfBounds)
        #expect(long?.code == .rangeTooLong)
    }

    @Test func `a payload does not open in another context, nor in the place of another`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let one = try await bench.put(PackBench.bytes(10), with: writer)
        let other = try await bench.put(PackBench.bytes(10, seed: 4), with: writer)
        let swapped = RecordLocation(
            packID: one.packID,
            offset: other.offset,
            recordID: one.recordID,
            studyKeyID: one.studyKeyID,
            keyGeneration: 1,
            payloadLength: 10,
            manifestLength: one.manifestLength,
            recordLength: one.recordLength
        )

        let context = await #expect(throws: PackError.self) {
            try await bench.store.read(one, context: [1], range: 0..<10)
        }
        let place = await #expect(throws: PackError.self) { try await bench.payload(swapped) }

        #expect(context?.code == .sealBroken(.headerNotAuthentic))
        #expect(place?.code == .malformedPack)
    }

    @Test func `records of one study share a pack, and pieces of any size make one payload`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        var locations: [RecordLocation] = []
        for _ in 0..<5 {
            try await writer.begin(studyKey: bench.key(), context: bench.context)
            var rest = PackBench.bytes(200_000)
            while let piece = rest.readSlice(length: min(rest.readableBytes, 30_001)), piece.readableBytes > 0 {
                try await writer.append(piece)
            }
            locations.append(try await writer.finish(manifest: ByteBuffer()))
        }

        #expect(Set(locations.map(\.packID)).count == 1)
        for location in locations { #expect(try await bench.payload(location) == PackBench.bytes(200_000)) }
        let other = try await bench.put(ByteBuffer(), with: writer, study: 2, kind: .tombstone)
        #expect(other.packID != locations[0].packID)
    }

    @Test func `the file shows nothing of payload, manifest, or context`() async throws {
        let bench = try await PackBench()
        let location = try await bench.put(ByteBuffer(string: "DOE^JANE"), with: bench.store.makeWriter())

        let file = String(decoding: bench.disk.content(bench.openPath(location)) ?? [], as: Unicode.ASCII.self)

        for word in ["DOE^JANE", "manifest", "context"] { #expect(!file.contains(word)) }
    }

    @Test func `a full pack begins a new one, and a study that was put off goes on with its own`() async throws {
        var configuration = PackConfiguration()
        configuration.packSizeLimit = 1_000
        configuration.openPacksPerWriter = 2
        let bench = try await PackBench(configuration: configuration)
        let writer = bench.store.makeWriter()

        let first = try await bench.put(PackBench.bytes(2_000), with: writer)
        let second = try await bench.put(PackBench.bytes(10), with: writer)
        let third = try await bench.put(PackBench.bytes(10), with: writer, study: 2)
        _ = try await bench.put(PackBench.bytes(10), with: writer, study: 3)
        let again = try await bench.put(PackBench.bytes(10), with: writer, study: 1)
        let last = try await bench.put(PackBench.bytes(10), with: writer, study: 3)

        #expect(second.packID != first.packID)
        #expect(again.packID == second.packID)
        let sealed = try await bench.store.sealPacks(olderThan: .seconds(30)) {}
        #expect(Set(sealed) == [first.packID, third.packID])
        for location in [first, second, third, again, last] { _ = try await bench.payload(location) }
    }

    @Test func `objects of more studies than a writer keeps packs share a pack by study`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        var packs: [UInt8: Set<PackID>] = [:]

        for _ in 0..<3 {
            for study in 1...40 as ClosedRange<UInt8> {
                let location = try await bench.put(PackBench.bytes(10), with: writer, study: study)
                packs[study, default: []].insert(location.packID)
            }
        }

        #expect(packs.count == 40)
        #expect(packs.values.allSatisfy { $0.count == 1 })
    }

    @Test(arguments: [10, 3_000_000])
    func `a cancelled record leaves no trace, and the pack goes on`(count: Int) async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let first = try await bench.put(PackBench.bytes(100), with: writer)
        let length = bench.disk.content(bench.openPath(first))?.count

        try await writer.begin(studyKey: bench.key(), context: bench.context)
        try await writer.append(PackBench.bytes(count))
        await writer.cancel()
        #expect(bench.disk.content(bench.openPath(first))?.count == length)
        let second = try await bench.put(PackBench.bytes(50, seed: 5), with: writer)

        #expect(second.packID == first.packID)
        #expect(second.offset == first.offset + first.recordLength)
        #expect(try await bench.payload(second) == PackBench.bytes(50, seed: 5))
    }

    @Test func `a record that is cancelled with its task is written over by the next`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let first = try await bench.put(PackBench.bytes(100), with: writer)
        try await writer.begin(studyKey: bench.key(), context: bench.context)
        try await writer.append(PackBench.bytes(3_000_000))

        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { await writer.cancel() }
        }
        let second = try await bench.put(PackBench.bytes(50, seed: 5), with: writer)

        #expect(second.packID == first.packID)
        let (after, records, survey) = try await bench.restarted()
        #expect(records.map(\.location) == [first, second])
        #expect(survey.problems.isEmpty)
        #expect(try await after.payload(second) == PackBench.bytes(50, seed: 5))
    }

    @Test func `calls in the wrong order are refused`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let key = try await bench.key()

        let error = await #expect(throws: PackError.self) { try await writer.append(ByteBuffer()) }
        #expect(error?.code == .wrongOrder)
        await #expect(throws: PackError.self) { try await writer.finish(manifest: ByteBuffer()) }
        try await writer.begin(studyKey: key, context: [])
        await #expect(throws: PackError.self) { try await writer.begin(studyKey: key, context: []) }
        await writer.close()
        await #expect(throws: PackError.self) { try await writer.begin(studyKey: key, context: []) }
    }

    @Test func `a record of another kind is found as such, also when its payload is long`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        _ = try await bench.put(PackBench.bytes(3_000_000), with: writer, kind: .edit)
        _ = try await bench.put(ByteBuffer(), with: writer, kind: .tombstone)

        var kinds: [RecordKind] = []
        let survey = try await bench.store.forEachRecord { kinds.append($0.kind) }

        #expect(kinds == [.edit, .tombstone])
        #expect(survey.recordCount == 2)
        #expect(survey.problems.isEmpty)
    }

    @Test func `new records are refused while the volume is nearly full`() async throws {
        let bench = try await PackBench()
        bench.disk.setFree((1 << 40) / 100 * 5)
        try await bench.store.admit()
        bench.disk.setFree((1 << 40) / 100 * 5 - 1)

        let error = await #expect(throws: PackError.self) { try await bench.store.admit() }
        #expect(error?.code == .noSpace)
    }
}
