import Crypto
import NIOCore
import Platform
import Synchronization
import TestKit
import Testing

@testable import Sealing

@Suite struct `Rotating and removing keys` {
    private let bench = KeyringBench()

    private func make(_ count: Int, in keyring: Keyring) async throws -> [StudyKey] {
        var keys: [StudyKey] = []
        for number in 0..<count {
            let name = Array(String(number).utf8)
            keys.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: name)))
        }
        return keys
    }

    private func check(_ keys: [StudyKey], in keyring: Keyring) throws {
        for key in keys {
            let found = try keyring.existingStudyKey(key.id, generation: key.generation)
            #expect(found?.fingerprint == key.fingerprint)
        }
    }

    @Test func `a new keyring has one active version and no study key`() async throws {
        let status = try await bench.open().status()

        #expect(status.keks.map(\.state) == [.active])
        #expect(status.keks.map(\.keyCount) == [1])
        #expect(status.activeVersion == 1)
        #expect(status.studyKeyCount == 0)
        #expect(status.sideKeyCount == 1)
        #expect(!status.isRotating)
        #expect(status.keks.first?.provider == "file:/data.keys/root.key")
    }

    @Test(arguments: [0, 1, 999, 1_000, 1_001])
    func `rotation puts all keys under the next version, and they stay the same`(count: Int) async throws {
        let keyring = try await bench.open()
        let keys = try await make(count, in: keyring)
        let side = try await keyring.sideKey("index")
        let told = Mutex<[KeyringProgress]>([])

        try await keyring.rotate { progress in told.withLock { $0.append(progress) } }

        let status = await keyring.status()
        #expect(status.keks.map(\.state) == [.decryptOnly, .active])
        #expect(status.keks.map(\.keyCount) == [0, count + 2])
        #expect(told.withLock { $0.last } == KeyringProgress(done: count + 2, total: count + 2))
        try check(keys, in: keyring)
        let again = try await bench.open()
        try check(keys, in: again)
        #expect(try await again.sideKey("index") == side)
        #expect(bench.disk.content(KeyringBench.paths[0]) == bench.disk.content(KeyringBench.paths[1]))
        #expect(await again.status() == keyring.status())
    }

    @Test func `a destroyed version is gone, and one that is in use is not destroyed`() async throws {
        let keyring = try await bench.open()
        let keys = try await make(3, in: keyring)

        await #expect { try await keyring.destroyKEK(version: 1) } throws: { ($0 as? KeyringError)?.code == .inUse }
        await #expect { try await keyring.destroyKEK(version: 2) } throws: {
            ($0 as? KeyringError)?.code == .unknownVersion
        }
        try await keyring.rotate()
        try await keyring.destroyKEK(version: 1)
        try await keyring.destroyKEK(version: 1)

        try check(keys, in: keyring)
        let again = try await bench.open()
        try check(keys, in: again)
        #expect(await again.status().keks.map(\.state) == [.destroyed, .active])
        await #expect { try await again.destroyKEK(version: 2) } throws: { ($0 as? KeyringError)?.code == .inUse }
    }

    @Test func `keys younger than those that were to be removed stay`() async throws {
        let keyring = try await bench.open()
        let first = try await make(1, in: keyring)[0]
        let second = try await keyring.addGeneration(of: first.id)
        #expect(!keyring.isRemoved(first.id, generation: first.generation))

        try await keyring.removeStudyKeys([first.id], through: first.generation)

        for keyring in [keyring, try await bench.open()] {
            #expect(try keyring.existingStudyKey(first.id, generation: first.generation) == nil)
            #expect(keyring.isRemoved(first.id, generation: first.generation))
            #expect(try keyring.existingStudyKey(first.id)?.fingerprint == second.fingerprint)
            #expect(!keyring.isRemoved(first.id, generation: second.generation))
            #expect(keyring.newestGeneration(of: first.id) == second.generation)
        }
    }

    @Test func `removed keys are gone from memory and from both files, and stay gone`() async throws {
        let keyring = try await bench.open()
        let keys = try await make(5, in: keyring)
        let second = try await keyring.addGeneration(of: keys[1].id)
        let gone = keyring.memory.withLock { state in
            state.table.entries.filter { $0.id == keys[1].id.rawValue }.map(\.wrappedKey.bytes)
        }

        try await keyring.removeStudyKeys([keys[1].id, keys[3].id, StudyKeyID(RandomID(high: 1, low: 2))])

        #expect(gone.count == 2)
        for keyring in [keyring, try await bench.open()] {
            try check([keys[0], keys[2], keys[4]], in: keyring)
            for key in [keys[1], second, keys[3]] {
                #expect(try keyring.existingStudyKey(key.id) == nil)
                #expect(try keyring.existingStudyKey(key.id, generation: key.generation) == nil)
                #expect(keyring.isRemoved(key.id))
            }
            #expect(await keyring.status().removedCount == 2)
        }
        for path in bench.disk.paths {
            let content = try #require(bench.disk.content(path))
            for wrapped in gone { #expect(!content.contains(wrapped)) }
        }
        let anew = try await keyring.studyKeyCreatingIfNeeded(keys[1].id)
        #expect(anew.generation == 3)
        #expect(!keyring.isRemoved(keys[1].id))
        #expect(try await bench.open().existingStudyKey(keys[1].id)?.fingerprint == anew.fingerprint)
    }

    @Test func `a further generation is the newest, and the older one still opens`() async throws {
        let keyring = try await bench.open()
        let first = try await make(1, in: keyring)[0]

        let second = try await keyring.addGeneration(of: first.id)

        #expect(second.generation == 2)
        #expect(second.fingerprint != first.fingerprint)
        for keyring in [keyring, try await bench.open()] {
            try check([first, second], in: keyring)
            #expect(try keyring.existingStudyKey(first.id)?.generation == 2)
        }
    }

    @Test func `keys are read and made while a rotation runs`() async throws {
        let keyring = try await bench.open()
        let keys = try await make(3_000, in: keyring)

        try await withThrowingTaskGroup(of: [StudyKey].self) { group in
            group.addTask {
                try await keyring.rotate()
                return []
            }
            for part in 0..<4 {
                group.addTask {
                    var made: [StudyKey] = []
                    for number in 0..<50 {
                        let name = Array("new \(part) \(number)".utf8)
                        made.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: name)))
                        try check(Array(keys[(number * 60)..<(number * 60 + 5)]), in: keyring)
                    }
                    return made
                }
            }
            let made = try await group.reduce(into: []) { $0 += $1 }
            try check(keys + made, in: try await bench.open())
        }

        #expect(await keyring.status().keks[0].keyCount == 0)
    }

    @Test func `an interrupted rotation is taken up again without a further version`() async throws {
        let disk = FaultInjectingDisk(bench.disk)
        let keyring = try await bench.open(on: disk)
        let keys = try await make(2_500, in: keyring)
        // The drafts, their names, and one batch; then the disk breaks.
        disk.failCall(24, code: .io, aftermath: .staysBroken)
        await #expect(throws: KeyringError.self) { try await keyring.rotate() }
        disk.heal()

        let again = try await bench.open()
        let between = await again.status()
        try check(keys, in: again)
        try await again.rotate()

        #expect(between.isRotating)
        let status = await again.status()
        #expect(status.keks.count == 2)
        #expect(status.keks.map(\.keyCount) == [0, 2_501])
        try check(keys, in: try await bench.open())
    }
}

extension [UInt8] {
    /// Whether other bytes stand in these.
    func contains(_ other: [UInt8]) -> Bool {
        guard count >= other.count, let first = other.first else { return false }
        return indices.dropLast(other.count - 1).contains {
            self[$0] == first && Array(self[$0..<$0 + other.count]) == other
        }
    }
}
