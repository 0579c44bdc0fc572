import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

@Suite struct `Start-up recovery` {
    /// Three small records in one pack that was never closed.
    private func threeRecords() async throws -> (PackBench, [RecordLocation]) {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        var locations: [RecordLocation] = []
        for number in 0..<3 as Range<UInt64> {
            locations.append(try await bench.put(PackBench.bytes(40, seed: number), with: writer, manifest: "m"))
        }
        return (bench, locations)
    }

    @Test func `every whole record is handed out in order, with manifest and context`() async throws {
        let (bench, locations) = try await threeRecords()

        let (_, records, survey) = try await bench.restarted(on: bench.disk.afterPowerCut())

        #expect(records.map(\.location) == locations)
        #expect(records.allSatisfy { $0.manifest == ByteBuffer(string: "m") && $0.context == bench.context })
        #expect(survey.problems.isEmpty)
        #expect(survey.recordCount == 3)
    }

    @Test func `a torn tail is cut off, wherever in the last record`() async throws {
        let (bench, locations) = try await threeRecords()
        let whole = bench.disk.content(bench.openPath(locations[0])) ?? []
        let end = Int(locations[2].offset)

        for length in end..<whole.count {
            bench.disk.setContent(bench.openPath(locations[0]), Array(whole.prefix(length)))
            let (after, records, survey) = try await bench.restarted()

            #expect(records.map(\.location) == Array(locations.prefix(2)), "cut to \(length)")
            #expect(bench.disk.content(bench.openPath(locations[0])) == Array(whole.prefix(end)))
            #expect(survey.problems.map(\.kind) == (length == end ? [] : [.tornTail]))
            #expect(try await after.payload(locations[1]) == PackBench.bytes(40, seed: 1))
        }
    }

    @Test func `a pack that is not even a header is removed`() async throws {
        let (bench, locations) = try await threeRecords()
        let whole = bench.disk.content(bench.openPath(locations[0])) ?? []

        for length in [0, 1, 63] {
            bench.disk.setContent(bench.openPath(locations[0]), Array(whole.prefix(length)))
            let (_, records, _) = try await bench.restarted()
            #expect(records.isEmpty)
            #expect(bench.disk.content(bench.openPath(locations[0])) == nil)
        }
    }

    @Test func `a pack whose header never reached the disk is put aside, one with a damaged header stays`() async throws
    {
        let (bench, locations) = try await threeRecords()
        let path = bench.openPath(locations[0])
        let whole = bench.disk.content(path) ?? []
        var damaged = whole
        damaged[20] ^= 1
        bench.disk.setContent(path, damaged)
        let (after, _, kept) = try await bench.restarted()
        #expect(kept.problems.map(\.kind) == [.damaged])
        #expect(try await after.payload(locations[0]) == PackBench.bytes(40, seed: 0))

        bench.disk.setContent(path, [UInt8](repeating: 0, count: 64) + whole.dropFirst(64))
        let (_, _, survey) = try await bench.restarted()

        #expect(survey.problems.map(\.kind) == [.quarantined])
        #expect(bench.disk.content(path) == nil)
        #expect(bench.disk.content("/data/packs/quarantine/" + locations[0].packID.hex + "-0") != nil)
    }

    @Test func `a record with an end but a hole in the middle is put aside`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        let first = try await bench.put(PackBench.bytes(40), with: writer)
        let second = try await bench.put(PackBench.bytes(200_000), with: writer)
        var bytes = bench.disk.content(bench.openPath(first)) ?? []
        let hole = Int(second.offset) + 70_000
        bytes.replaceSubrange(hole..<hole + 512, with: [UInt8](repeating: 0, count: 512))
        bench.disk.setContent(bench.openPath(first), bytes)

        let (_, records, survey) = try await bench.restarted()

        #expect(records.map(\.location) == [first])
        #expect(survey.problems.map(\.kind) == [.quarantined])
        let aside = "/data/packs/quarantine/" + first.packID.hex + "-" + String(second.offset)
        #expect(bench.disk.content(aside) == Array(bytes[Int(second.offset)...]))
    }

    @Test func `damage in the middle is told and skipped, and nothing is cut`() async throws {
        let (bench, locations) = try await threeRecords()
        var bytes = bench.disk.content(bench.openPath(locations[0])) ?? []
        bytes[Int(locations[1].offset) + 3] ^= 1

        bench.disk.setContent(bench.openPath(locations[0]), bytes)
        let (_, records, survey) = try await bench.restarted()

        #expect(records.map(\.location) == [locations[0], locations[2]])
        #expect(survey.problems.map(\.kind) == [.damaged])
        #expect(survey.problems.first?.offset == locations[1].offset)
        #expect(bench.disk.content(bench.openPath(locations[0])) == bytes)
    }

    @Test func `damage before a torn tail takes no whole record with it`() async throws {
        let (bench, locations) = try await threeRecords()
        let path = bench.openPath(locations[0])
        var damaged = bench.disk.content(path) ?? []
        damaged[Int(locations[1].offset) + 3] ^= 1
        let tornTail = damaged[64..<120]

        bench.disk.setContent(path, damaged + tornTail)
        let (_, records, survey) = try await bench.restarted()

        #expect(records.map(\.location) == [locations[0], locations[2]])
        #expect(survey.problems.map(\.kind) == [.damaged, .tornTail])
        #expect(bench.disk.content(path) == damaged)
    }

    @Test func `recovered packs are sealed, and recovery may be repeated`() async throws {
        let (bench, locations) = try await threeRecords()
        let (again, _, _) = try await bench.restarted()
        let (after, records, _) = try await again.restarted()
        #expect(records.count == 3)

        #expect(try await after.store.sealPacks(olderThan: .seconds(30)) {} == [locations[0].packID])
        #expect(try await after.payload(locations[2]) == PackBench.bytes(40, seed: 2))
    }

    @Test func `a pack whose study key is gone is left alone`() async throws {
        let (bench, locations) = try await threeRecords()
        let whole = bench.disk.content(bench.openPath(locations[0]))
        for path in ["/data/keyring/keyring", "/mirror/keyring"] {
            bench.disk.setContent(path, Array((bench.disk.content(path) ?? []).prefix(3 * 192)))
        }

        let (after, records, survey) = try await bench.restarted()

        #expect(records.isEmpty)
        #expect(survey.problems.map(\.kind) == [.keyNotFound])
        #expect(bench.disk.content(bench.openPath(locations[0])) == whole)
        let error = await #expect(throws: PackError.self) { try await after.payload(locations[0]) }
        #expect(error?.code == .keyNotFound)
    }

    @Test func `any flipped bit of a pack gives an error or the right bytes`() async throws {
        let (bench, locations) = try await threeRecords()
        let path = bench.openPath(locations[0])
        let whole = bench.disk.content(path) ?? []

        for bit in stride(from: 0, to: whole.count * 8, by: 29) {
            var flipped = whole
            flipped[bit / 8] ^= 1 << (bit % 8)
            bench.disk.setContent(path, flipped)
            let fresh = try await PackBench(disk: bench.disk)
            for (number, location) in locations.enumerated() {
                if let payload = try? await fresh.payload(location) {
                    #expect(payload == PackBench.bytes(40, seed: UInt64(number)), "bit \(bit)")
                }
                if let manifest = try? await fresh.store.readManifest(location) {
                    #expect(manifest == ByteBuffer(string: "m"), "bit \(bit)")
                }
            }
            var seen = 0
            let survey = try await fresh.store.forEachRecord { record in
                #expect(locations.contains(record.location))
                #expect(record.manifest == ByteBuffer(string: "m"))
                seen += 1
            }
            // Only the payload of a record may be damaged without the walk noticing; verify tells that.
            var broken = 0
            for location in locations {
                do {
                    try await fresh.store.verify(location, context: fresh.context)
                } catch {
                    broken += 1
                }
            }
            #expect(survey.problems.count + broken > 0 || bit / 8 < 64, "bit \(bit)")
            #expect(seen >= 2 || bit / 8 < 64)
        }
    }
}
