import Foundation
import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit
import Testing

/// The same on the operating system's disk, which the other suites replace.
@Suite struct `Packs on a real disk` {
    private func open(_ folder: String) async throws -> (Keyring, PackStore) {
        let disk = PosixDisk()
        try disk.makeDirectory(folder + "/data")
        let random = SystemRandomSource()
        let keyring = try await Keyring.open(
            directories: [folder + "/data/keyring", folder + "/mirror"],
            provider: FileRootKeyProvider(
                disk: disk,
                pool: TestPool.shared,
                path: folder + "/data.keys/root.key",
                random: random,
                refusingUnder: folder + "/data"
            ),
            disk: disk,
            pool: TestPool.shared,
            random: random,
            clock: SystemWallClock()
        )
        var configuration = PackConfiguration()
        configuration.freeSpaceFloorLimit = 1
        let store = PackStore(
            directory: folder + "/data/packs",
            disk: disk,
            pool: TestPool.shared,
            keyring: keyring,
            random: random,
            clock: SystemWallClock(),
            logger: PackBench.quiet,
            configuration: configuration
        )
        return (keyring, store)
    }

    @Test func `writers side by side, a restart without a close, recovery, and sealing`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (keyring, store) = try await open(folder)
        let payload = PackBench.bytes(300_000)

        try await store.admit()
        let locations = try await withThrowingTaskGroup(of: [RecordLocation].self) { group in
            for writerNumber in 0..<4 as Range<UInt8> {
                group.addTask {
                    let writer = store.makeWriter()
                    var locations: [RecordLocation] = []
                    for record in 0..<5 as Range<UInt8> {
                        let id = keyring.keyID(for: [(writerNumber + record) % 3])
                        try await writer.begin(studyKey: keyring.studyKeyCreatingIfNeeded(id), context: [7])
                        try await writer.append(payload)
                        locations.append(try await writer.finish(manifest: ByteBuffer(bytes: [record])))
                    }
                    return locations
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let (_, restarted) = try await open(folder)
        var recovered: Set<RecordLocation> = []
        let survey = try await restarted.recover { recovered.insert($0.location) }
        let sealed = try await restarted.sealPacks(olderThan: .seconds(30)) {}

        #expect(recovered == Set(locations))
        #expect(survey.problems.isEmpty)
        #expect(Set(sealed) == Set(locations.map(\.packID)))
        #expect(try PosixDisk().list(folder + "/data/packs/open").isEmpty)
        for location in locations {
            let whole = try await restarted.read(location, context: [7], range: 0..<300_000)
            #expect(whole == payload)
            // The first store has the file open under its old name.
            let part = try await store.read(location, context: [7], range: 100_000..<100_010)
            #expect(part == payload.getSlice(at: 100_000, length: 10))
        }
    }
}
