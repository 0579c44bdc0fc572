import NIOCore
import Platform
import TestKit
import Testing

@testable import PackStorage

/// Promise P1: what `finish` has returned survives, whatever fails and whenever the power goes.
@Suite struct `Failing disks and power cuts` {
    private static let payloads = [40, 70_000, 10].enumerated().map { PackBench.bytes($1, seed: UInt64($0)) }

    /// Writes early, so that records of several writes stay small.
    private func bench() async throws -> PackBench {
        var configuration = PackConfiguration()
        configuration.writeLength = 60_000
        return try await PackBench(configuration: configuration)
    }

    /// Stores records as a patient sender does; returns those that were acknowledged.
    private func receive(_ bench: PackBench) async throws -> [(RecordLocation, ByteBuffer)] {
        let writer = bench.store.makeWriter()
        var stored: [(RecordLocation, ByteBuffer)] = []
        for (number, payload) in Self.payloads.enumerated() {
            let key = try await bench.key(UInt8(number % 2))
            do throws(PackError) {
                try await writer.begin(studyKey: key, context: bench.context)
                try await writer.append(payload)
                stored.append((try await writer.finish(manifest: ByteBuffer(string: "m")), payload))
            } catch {
                #expect(bench.faults.hasFailed)
                await writer.cancel()
            }
        }
        await writer.close()
        _ = try? await bench.store.sealPacks(olderThan: .seconds(30)) {}
        return stored
    }

    private func check(
        _ stored: [(RecordLocation, ByteBuffer)],
        _ disk: MemoryDisk,
        _ bench: PackBench,
        _ comment: Comment
    ) async throws {
        let (after, records, _) = try await bench.restarted(on: disk)
        for (location, payload) in stored {
            #expect(try await after.payload(location) == payload, comment)
        }
        for record in records {
            try await after.store.verify(record.location, context: record.context)
        }
        var found: Set<RecordLocation> = []
        let survey = try await after.store.forEachRecord { found.insert($0.location) }
        #expect(found.isSuperset(of: stored.map(\.0)), comment)
        #expect(survey.problems.map(\.kind).isEmpty, comment)
    }

    @Test(arguments: [DiskError.Code.io, .noSpace, .tooManyOpen], [false, true])
    func `whatever disk call fails, nothing acknowledged is lost`(code: DiskError.Code, staysBroken: Bool) async throws
    {
        for call in 0... {
            let bench = try await bench()
            bench.faults.failCall(call, code: code, aftermath: staysBroken ? .staysBroken : .recovers)

            let stored = try await receive(bench)

            let hasFailed = bench.faults.hasFailed
            #expect(hasFailed || stored.count == Self.payloads.count)
            #expect(!hasFailed || staysBroken || stored.count >= Self.payloads.count - 1, "call \(call)")
            try await check(stored, bench.disk.afterPowerCut(), bench, "call \(call), power cut")
            try await check(stored, bench.disk, bench, "call \(call), process killed")
            if !hasFailed { return }
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `after a power cut at any call, with any part of the unsynced bytes on disk, nothing acknowledged is lost`(
        seed: UInt64
    ) async throws {
        let random = SeededRandomSource(seed: seed)
        for call in 0... {
            let bench = try await bench()
            bench.faults.failCall(call, code: .io, aftermath: .staysBroken)

            let stored = try await receive(bench)

            let hasFailed = bench.faults.hasFailed
            try await check(
                stored,
                bench.disk.afterPowerCut(keepingSome: random),
                bench,
                "seed \(seed), call \(call)"
            )
            if !hasFailed { return }
        }
    }

    @Test func `a disk that only pretends to sync loses what was acknowledged: these tests would notice`() async throws
    {
        let honest = try await PackBench()
        let disk = MemoryDisk(syncsFiles: false)
        for path in honest.disk.paths {
            try disk.makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            disk.setContent(path, honest.disk.content(path))
        }
        let bench = try await PackBench(disk: disk)

        let stored = try await receive(bench)

        let (after, records, _) = try await bench.restarted(on: disk.afterPowerCut())
        #expect(stored.count == Self.payloads.count)
        #expect(records.isEmpty)
        for (location, _) in stored {
            await #expect(throws: PackError.self) { try await after.payload(location) }
        }
    }

    @Test func `a pack whose sync failed is never synced again`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let first = try await bench.put(PackBench.bytes(10), with: writer)
        bench.faults.failCall(1, code: .io)

        let error = await #expect(throws: PackError.self) { try await bench.put(PackBench.bytes(10), with: writer) }
        let second = try await bench.put(PackBench.bytes(10), with: writer)

        #expect(error?.code == .disk(.io))
        #expect(second.packID != first.packID)
        #expect(bench.store.registry.durableLength(first.packID) == nil)
        #expect(try await bench.payload(first) == PackBench.bytes(10))
        await writer.close()
        #expect(try await bench.store.sealPacks(olderThan: .seconds(30)) {} == [second.packID])
    }

    @Test func `two failed syncs within an hour make the store refuse new records for a while`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        for study in 1...2 as ClosedRange<UInt8> {
            _ = try await bench.put(PackBench.bytes(10), with: writer, study: study)
            try await bench.store.admit()
            bench.faults.failCall(1, code: .io)
            await #expect(throws: PackError.self) {
                try await bench.put(PackBench.bytes(10), with: writer, study: study)
            }
        }

        let error = await #expect(throws: PackError.self) { try await bench.store.admit() }
        #expect(error?.code == .volumeSuspect)
        bench.clock.advance(by: .seconds(3_601))
        try await bench.store.admit()
    }
    @Test func `a volume that is full when it syncs is not suspect: it takes records again once there is room`()
        async throws
    {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        for study in 1...4 as ClosedRange<UInt8> {
            _ = try await bench.put(PackBench.bytes(10), with: writer, study: study)
            bench.faults.failCall(1, code: .noSpace)
            let error = await #expect(throws: PackError.self) {
                try await bench.put(PackBench.bytes(10), with: writer, study: study)
            }
            #expect(error?.code == .noSpace)
        }

        try await bench.store.admit()
        _ = try await bench.put(PackBench.bytes(10), with: writer)
    }
}
