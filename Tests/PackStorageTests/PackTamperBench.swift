import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

/// A pack that is changed behind the program's back, and what every read of it must then give: the stored bytes, or an error.
struct PackTamperBench {
    let bench: PackBench
    let locations: [RecordLocation]
    let payloads: [ByteBuffer]
    let path: String
    let whole: [UInt8]

    /// A sealed pack with a record for each length.
    init(lengths: [Int], study: UInt8 = 1, bench shared: PackBench? = nil) async throws {
        let bench: PackBench
        if let shared { bench = shared } else { bench = try await PackBench() }
        self.bench = bench
        let writer = bench.store.makeWriter()
        payloads = lengths.enumerated().map { PackBench.bytes($1, seed: UInt64($0) &+ UInt64(study) << 8) }
        var locations: [RecordLocation] = []
        for payload in payloads {
            locations.append(try await bench.put(payload, with: writer, study: study, manifest: "m"))
        }
        await writer.close()
        _ = try await bench.store.sealPacks(olderThan: .seconds(30)) {}
        self.locations = locations
        path = bench.sealedPath(try #require(locations.first))
        whole = try #require(bench.disk.content(path))
    }

    /// A store that has read nothing yet.
    func freshStore() -> PackStore {
        PackStore(
            directory: "/data/packs",
            disk: bench.disk,
            pool: TestPool.shared,
            keyring: bench.keyring,
            random: bench.random,
            clock: bench.clock,
            logger: PackBench.quiet
        )
    }

    /// Which record holds this byte; `nil` for the header of the pack.
    func record(at byte: Int) -> Int? {
        locations.firstIndex { $0.offset <= UInt64(byte) && UInt64(byte) < $0.offset + $0.recordLength }
    }

    /// Reads one record in every way; whether all of it came back.
    ///
    /// Other bytes than the stored ones fail the test.
    func isReadable(_ number: Int, from store: PackStore, _ told: Comment) async -> Bool {
        let location = locations[number]
        var isWhole = true
        do {
            let read = try await store.read(location, context: bench.context, range: 0..<location.payloadLength)
            #expect(read == payloads[number], told)
        } catch {
            isWhole = false
        }
        do {
            #expect(try await store.readManifest(location) == ByteBuffer(string: "m"), told)
        } catch {
            isWhole = false
        }
        return isWhole
    }

    /// Whether a walk through all packs and a verification of all records notice that something is wrong.
    ///
    /// The walk must not hand out a record that was not stored.
    func isNoticed(by store: PackStore, _ told: Comment) async throws -> Bool {
        var isNoticed = false
        let survey = try await store.forEachRecord { record in
            guard record.location.packID == locations.first?.packID else { return }
            // A record that was moved as it is stays that record.
            #expect(locations.contains { $0.recordID == record.location.recordID }, told)
            #expect(record.manifest == ByteBuffer(string: "m"), told)
            #expect(record.context == bench.context, told)
        }
        if !survey.problems.isEmpty { isNoticed = true }
        for location in locations where !isNoticed {
            do {
                try await store.verify(location, context: bench.context)
            } catch {
                isNoticed = true
            }
        }
        return isNoticed
    }
}
