import Logging
import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit

/// A pack store on a disk in memory, with what it needs.
struct PackBench: Sendable {
    let disk: MemoryDisk
    let faults: FaultInjectingDisk
    let random = SeededRandomSource(seed: 7)
    let clock = ManualClock()
    let keyring: Keyring
    let store: PackStore
    let context: [UInt8] = Array("context".utf8)

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(
        disk: MemoryDisk = MemoryDisk(),
        configuration: PackConfiguration = PackConfiguration(),
        tiers: PackTiers? = nil
    ) async throws {
        self.disk = disk
        faults = FaultInjectingDisk(disk)
        keyring = try await Keyring.open(
            directories: ["/data/keyring", "/mirror"],
            provider: FileRootKeyProvider(
                disk: disk,
                pool: TestPool.shared,
                path: "/keys/root.key",
                random: random,
                refusingUnder: "/data"
            ),
            disk: disk,
            pool: TestPool.shared,
            random: random,
            clock: clock
        )
        store = PackStore(
            directory: "/data/packs",
            disk: faults,
            pool: TestPool.shared,
            keyring: keyring,
            random: random,
            clock: clock,
            logger: Self.quiet,
            configuration: configuration,
            tiers: tiers
        )
    }

    func key(_ study: UInt8 = 1) async throws -> StudyKey {
        try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [study]))
    }

    /// Stores one record.
    func put(
        _ payload: ByteBuffer,
        with writer: PackWriter,
        study: UInt8 = 1,
        manifest: String = "manifest",
        kind: RecordKind = .instance
    ) async throws -> RecordLocation {
        try await writer.begin(studyKey: key(study), context: context, kind: kind)
        try await writer.append(payload)
        return try await writer.finish(manifest: ByteBuffer(string: manifest))
    }

    func payload(_ location: RecordLocation) async throws -> ByteBuffer {
        try await store.read(location, context: context, range: 0..<location.payloadLength)
    }

    /// Bytes that differ everywhere.
    static func bytes(_ count: Int, seed: UInt64 = 3) -> ByteBuffer {
        ByteBuffer(bytes: SeededRandomSource(seed: seed).bytes(count))
    }

    /// Starts anew and returns what recovery hands out.
    func restarted(on disk: MemoryDisk? = nil) async throws -> (PackBench, [PackRecord], PackSurvey) {
        let bench = try await PackBench(disk: disk ?? self.disk)
        var records: [PackRecord] = []
        let survey = try await bench.store.recover { records.append($0) }
        return (bench, records, survey)
    }

    func openPath(_ location: RecordLocation) -> String { "/data/packs/open/" + location.packID.hex }

    func sealedPath(_ location: RecordLocation) -> String {
        "/data/packs/" + location.packID.hex.prefix(2) + "/" + location.packID.hex + ".pack"
    }
}
