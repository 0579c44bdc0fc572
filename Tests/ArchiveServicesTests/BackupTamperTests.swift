import DICOMCore
import NIOCore
import PackStorage
import StoreTestKit
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `A backup that was damaged or changed` {
    /// A backup of two studies, and what an undamaged restore gives.
    private static func bench() async throws -> (BackupBench, [UID: ByteBuffer]) {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        _ = try await bench.live.store(TestObject(study: 2, number: 1))
        try await bench.backUp()
        return (bench, try await bench.restoredRows().payloads)
    }

    /// Whether a restore fails, or gives all that was there: never less in silence, and never other bytes.
    private static func isHonest(_ bench: BackupBench, _ expected: [UID: ByteBuffer]) async -> Bool {
        do {
            let restored = try await bench.restoredRows()
            return restored.payloads == expected
        } catch {
            return error is BackupError
        }
    }

    @Test func `a flipped bit anywhere is told, or changes nothing`() async throws {
        let (bench, expected) = try await Self.bench()
        var random = SplitMix(seed: 8)
        for entry in try await bench.store.listAll() {
            let whole = try #require(bench.store.content(entry.key))
            // A bit of each byte of small blobs in a long run; some in others.
            for place in BitFlips.places(0..<whole.readableBytes, atMost: max(12, BitFlips.count / 125)) {
                var bytes = whole
                let byte = bytes.getInteger(at: place, as: UInt8.self) ?? 0
                bytes.setInteger(byte ^ (1 << UInt8(random.next(below: 8))), at: place)
                bench.store.setContent(entry.key, bytes)
                #expect(await Self.isHonest(bench, expected), "\(entry.key.text) at \(place)")
            }
            bench.store.setContent(entry.key, whole)
        }
        #expect(await Self.isHonest(bench, expected))
    }

    @Test func `a blob that is cut off or gone is told, or changes nothing`() async throws {
        let (bench, expected) = try await Self.bench()
        var random = SplitMix(seed: 9)
        for entry in try await bench.store.listAll() {
            let whole = try #require(bench.store.content(entry.key))
            for length in [0, 1, whole.readableBytes - 1, random.next(below: whole.readableBytes)] {
                bench.store.setContent(entry.key, whole.getSlice(at: 0, length: length))
                #expect(await Self.isHonest(bench, expected), "\(entry.key.text) cut at \(length)")
            }
            bench.store.setContent(entry.key, nil)
            if !entry.key.text.hasPrefix("backups/") {
                #expect(await Self.isHonest(bench, expected), "\(entry.key.text) gone")
            }
            bench.store.setContent(entry.key, whole)
        }
    }

    @Test func `two blobs of a kind that changed places are told, or change nothing`() async throws {
        let (bench, expected) = try await Self.bench()
        let entries = try await bench.store.listAll()
        for left in entries {
            for right in entries where left.key < right.key {
                let (first, second) = (bench.store.content(left.key), bench.store.content(right.key))
                bench.store.setContent(left.key, second)
                bench.store.setContent(right.key, first)
                #expect(await Self.isHonest(bench, expected), "\(left.key.text) and \(right.key.text)")
                bench.store.setContent(left.key, first)
                bench.store.setContent(right.key, second)
            }
        }
    }

    @Test func `an older keyring in the place of the newest is refused`() async throws {
        let bench = try await BackupBench()
        try await bench.backUp()
        let keys = try await bench.store.listAll(prefix: "keyrings/").map(\.key)
        let older = bench.store.content(try #require(keys.first))
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()

        for entry in try await bench.store.listAll(prefix: "keyrings/") { bench.store.setContent(entry.key, older) }

        await #expect { try await bench.reader() } throws: { error in (error as? BackupError)?.code == .damaged }
    }

    @Test func `a pack that the store lost is copied again by the next backup`() async throws {
        let (bench, expected) = try await Self.bench()
        let pack = try #require(try await bench.store.listAll(prefix: "packs/").first)
        bench.store.setContent(pack.key, nil)

        let report = try await bench.backUp()

        #expect(report.copiedPacks == 1)
        #expect(try await bench.restoredRows().payloads == expected)
    }
}
