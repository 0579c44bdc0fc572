import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

@Suite struct `Sealing packs` {
    private struct IndexFailure: Error {}

    @Test func `a closed pack is renamed after the index is durable, and stays readable`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let location = try await bench.put(PackBench.bytes(100), with: writer)
        await writer.close()

        let sealed = try await bench.store.sealPacks(olderThan: .seconds(30)) {
            #expect(bench.disk.content(bench.openPath(location)) != nil)
        }

        #expect(sealed == [location.packID])
        #expect(bench.disk.content(bench.openPath(location)) == nil)
        #expect(bench.disk.content(bench.sealedPath(location)) != nil)
        #expect(try await bench.payload(location) == PackBench.bytes(100))
        let (after, records, survey) = try await bench.restarted(on: bench.disk.afterPowerCut())
        #expect(records.isEmpty && survey.packCount == 0)
        #expect(try await after.payload(location) == PackBench.bytes(100))
        var walked: [RecordLocation] = []
        try await after.store.forEachRecord { walked.append($0.location) }
        #expect(walked == [location])
    }

    @Test func `an open pack is sealed after the quiet time, and its writer begins another`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let first = try await bench.put(PackBench.bytes(100), with: writer)

        bench.clock.advance(by: .seconds(29))
        #expect(try await bench.store.sealPacks(olderThan: .seconds(30)) {}.isEmpty)
        bench.clock.advance(by: .seconds(1))
        #expect(try await bench.store.sealPacks(olderThan: .seconds(30)) {} == [first.packID])
        let second = try await bench.put(PackBench.bytes(100), with: writer)

        #expect(second.packID != first.packID)
    }

    @Test func `a pack in use is not sealed`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        _ = try await bench.put(PackBench.bytes(100), with: writer)
        try await writer.begin(studyKey: bench.key(), context: [])

        #expect(try await bench.store.sealPacks(olderThan: .zero) {}.isEmpty)
        _ = try await writer.finish(manifest: ByteBuffer())
        #expect(try await bench.store.sealPacks(olderThan: .zero) {}.count == 1)
    }

    @Test func `when the index cannot be made durable nothing is renamed, and a later call seals`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let location = try await bench.put(PackBench.bytes(100), with: writer)
        await writer.close()

        await #expect(throws: IndexFailure.self) {
            try await bench.store.sealPacks(olderThan: .seconds(30)) { throw IndexFailure() }
        }

        #expect(bench.disk.content(bench.openPath(location)) != nil)
        #expect(try await bench.store.sealPacks(olderThan: .seconds(30)) {} == [location.packID])
    }

    @Test func `what a cancelled record left behind is cut off, and an empty pack is removed`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        try await writer.begin(studyKey: bench.key(), context: [])
        try await writer.append(PackBench.bytes(3_000_000))
        await writer.close()

        #expect(try await bench.store.sealPacks(olderThan: .seconds(30)) {}.isEmpty)

        #expect(!bench.disk.paths.contains { $0.hasPrefix("/data/packs/") })
    }

    @Test func `readers do not notice that packs are renamed`() async throws {
        var configuration = PackConfiguration()
        configuration.openFileLimit = 1
        let bench = try await PackBench(configuration: configuration)
        var locations: [RecordLocation] = []
        for study in 0..<20 as Range<UInt8> {
            let writer = bench.store.makeWriter()
            locations.append(try await bench.put(PackBench.bytes(1_000), with: writer, study: study))
            await writer.close()
        }
        let all = locations

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<3 {
                        for location in all {
                            let payload = try await bench.payload(location)
                            #expect(payload == PackBench.bytes(1_000))
                        }
                    }
                }
            }
            group.addTask { _ = try await bench.store.sealPacks(olderThan: .seconds(30)) {} }
            try await group.waitForAll()
        }
    }

    @Test func `whatever disk call fails, every record is in one place after it`() async throws {
        for call in 0... {
            let bench = try await PackBench()
            var locations: [RecordLocation] = []
            for study in 0..<3 as Range<UInt8> {
                let writer = bench.store.makeWriter()
                locations.append(try await bench.put(PackBench.bytes(100), with: writer, study: study))
                await writer.close()
            }
            bench.faults.failCall(call, code: .io)

            _ = try? await bench.store.sealPacks(olderThan: .seconds(30)) {}

            let hasFailed = bench.faults.hasFailed
            let (after, _, _) = try await bench.restarted(on: bench.disk.afterPowerCut())
            for location in locations { #expect(try await after.payload(location) == PackBench.bytes(100)) }
            if !hasFailed { return }
        }
    }
}
