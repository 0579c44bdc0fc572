import Crypto
import NIOCore
import Platform
import Sealing
import TestKit
import Testing

@Suite struct `Reading the keyring's file while it is in use` {
    private let disk = MemoryDisk()

    private func keyring(_ studies: Range<UInt8>) async throws -> Keyring {
        let random = SeededRandomSource(seed: 3)
        let keyring = try await Keyring.open(
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
            clock: ManualClock()
        )
        for study in studies { _ = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [study])) }
        return keyring
    }

    @Test func `a snapshot is the file`() async throws {
        let keyring = try await keyring(1..<5)

        let snapshot = try await keyring.snapshot()

        #expect(Array(snapshot.bytes.readableBytesView) == disk.content("/data/keyring/keyring"))
        #expect(try await UInt64(snapshot.bytes.readableBytes) == keyring.extent().length)
        #expect(try KeyringSnapshot(checking: snapshot.bytes) == snapshot)
    }

    @Test func `no part is read of a file that was written anew since`() async throws {
        let keyring = try await keyring(1..<5)
        let before = try await keyring.extent()
        #expect(try await keyring.bytes(0..<before.length, of: before.generation) != nil)

        try await keyring.removeStudyKeys([keyring.keyID(for: [1])])

        #expect(try await keyring.bytes(0..<64, of: before.generation) == nil)
        #expect(try await keyring.extent().generation > before.generation)
    }

    @Test func `a copy that was cut, zeroed from a place on, or changed is found out`() async throws {
        let whole = try await keyring(1..<5).snapshot().bytes
        let length = whole.readableBytes
        for place in stride(from: 0, to: length, by: 7) {
            let cut = whole.getSlice(at: 0, length: place) ?? ByteBuffer()
            // Between two entries only the number tells that some are missing, unless they were there from the start.
            #expect((try? KeyringSnapshot(checking: cut)).map { $0.bytes == whole } != true)
            var zeroed = cut
            zeroed.writeRepeatingByte(0, count: length - place)
            #expect(throws: KeyringError.self) { try KeyringSnapshot(checking: zeroed) }
        }
    }

    @Test func `each snapshot is of one file while keys are made and removed`() async throws {
        let keyring = try await keyring(1..<40)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for study in 1..<30 as Range<UInt8> {
                    try await keyring.removeStudyKeys([keyring.keyID(for: [study])])
                    _ = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [study, 1]))
                }
            }
            group.addTask {
                for _ in 0..<30 { _ = try await keyring.snapshot() }
            }
            try await group.waitForAll()
        }

        #expect(try await keyring.snapshot().generation == keyring.extent().generation)
    }

    @Test func `that a key was removed is known after the study has a new one`() async throws {
        let keyring = try await keyring(1..<3)
        let id = keyring.keyID(for: [1])

        try await keyring.removeStudyKeys([id])
        let newer = try await keyring.studyKeyCreatingIfNeeded(id)

        #expect(keyring.isRemoved(id, generation: 1))
        #expect(!keyring.isRemoved(id, generation: newer.generation))
        #expect(!keyring.isRemoved(keyring.keyID(for: [2]), generation: 1))
    }
}
