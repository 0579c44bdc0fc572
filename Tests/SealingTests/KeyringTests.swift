import Crypto
import NIOCore
import Platform
import TestKit
import Testing

@testable import Sealing

/// What a keyring needs, on a disk in memory.
struct KeyringBench {
    var disk = MemoryDisk()
    var random: any RandomSource = SeededRandomSource()
    let clock = ManualClock()

    static let directories = ["/data/keyring", "/mirror/keyring"]
    static let paths = directories.map { $0 + "/keyring" }
    static let rootKeyPath = "/data.keys/root.key"
    /// Bytes before the first entry while there is one version of the key-encryption key: its two blocks.
    static let headerLength = 2 * 192

    func provider(on disk: (any Disk)? = nil) -> FileRootKeyProvider {
        FileRootKeyProvider(
            disk: disk ?? self.disk,
            pool: TestPool.shared,
            path: Self.rootKeyPath,
            random: random,
            refusingUnder: "/data"
        )
    }

    func open(on other: (any Disk)? = nil) async throws(KeyringError) -> Keyring {
        try await Keyring.open(
            directories: Self.directories,
            provider: provider(on: other),
            disk: other ?? disk,
            pool: TestPool.shared,
            random: random,
            clock: clock
        )
    }
}

extension Keyring {
    /// The bytes of a file of format 1 with the same keys.
    func plainFile() -> [UInt8] {
        let content = memory.content
        let kek = content.header.keks[0]
        let first = KeyEntry(
            kind: .kek,
            id: tenantID,
            generation: 1,
            kekVersion: kek.version,
            created: kek.created,
            wrappedKey: WrappedKey(kek.wrapped) ?? .none
        )
        var bytes = ByteBuffer()
        var hash = ChainHash.none
        for (sequence, entry) in ([first] + content.table.entries).enumerated() {
            let start = bytes.writerIndex
            KeyringRecord(
                format: .plain,
                entry: entry,
                tenantID: tenantID,
                sequence: UInt64(sequence),
                batchStart: sequence < 2 ? 0 : UInt64(sequence),
                previousHash: hash
            ).write(to: &bytes)
            hash = ChainHash(of: bytes, at: start, length: KeyringRecord.length)
        }
        return Array(bytes.readableBytesView)
    }
}

extension StudyKey {
    /// Tells two keys apart.
    var fingerprint: [UInt8] { recordKey(purpose: "test", recordID: RandomID(high: 0, low: 0)).rawBytes }
}

@Suite struct `The keyring` {
    private let bench = KeyringBench()

    @Test func `a study key is the same after the keyring is opened again`() async throws {
        let first = try await bench.open()
        let id = first.keyID(for: Array("1.2.3".utf8))
        let made = try await first.studyKeyCreatingIfNeeded(id)
        let side = try await first.sideKey("index")

        let second = try await bench.open()
        let found = try second.existingStudyKey(id)

        #expect(first.isNew)
        #expect(!second.isNew)
        #expect(second.keyID(for: Array("1.2.3".utf8)) == id)
        #expect(found?.fingerprint == made.fingerprint)
        #expect(found?.generation == 1)
        #expect(try await second.sideKey("index") == side)
        #expect(try await second.sideKeyBytes("index") == side.rawBytes)
        #expect(try await second.sideKey("other") != side)
        #expect(try second.existingStudyKey(second.keyID(for: [])) == nil)
    }

    @Test func `both copies hold the same bytes and show neither key nor name`() async throws {
        let keyring = try await bench.open()
        let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: Array("1.2.3".utf8)))

        let copies = KeyringBench.paths.map { bench.disk.content($0) }

        #expect(copies[0] == copies[1])
        #expect(copies[0]?.count == KeyringBench.headerLength + 2 * 192)
        #expect(!String(reflecting: key).contains(Hex.encode(key.fingerprint)))
        #expect("\(key)" == "StudyKey(" + key.id.hex + ", generation 1)")
    }

    @Test func `many tasks that ask for one study get one key, and share syncs for others`() async throws {
        let disk = FaultInjectingDisk(bench.disk)
        let keyring = try await bench.open(on: disk)
        let before = disk.callCount

        let keys = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let id = keyring.keyID(for: [UInt8(number % 50)])
                    return (number % 50, try await keyring.studyKeyCreatingIfNeeded(id).fingerprint)
                }
            }
            return try await group.reduce(into: [Int: Set<[UInt8]>]()) { $0[$1.0, default: []].insert($1.1) }
        }

        #expect(keys.count == 50)
        #expect(keys.values.allSatisfy { $0.count == 1 })
        #expect(bench.disk.content(KeyringBench.paths[0])?.count == KeyringBench.headerLength + 51 * 192)
        #expect(disk.callCount - before <= 50 * 4)
    }

    @Test func `a key that was returned survives a power cut`() async throws {
        let keyring = try await bench.open()
        let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [1]))

        var after = bench
        after.disk = bench.disk.afterPowerCut()
        let found = try await after.open().existingStudyKey(key.id)

        #expect(found?.fingerprint == key.fingerprint)
    }

    @Test func `a start after a kill makes durable what the killed one had not`() async throws {
        for directory in KeyringBench.directories + ["/data.keys"] { try bench.disk.makeDirectory(directory) }
        for path in KeyringBench.paths { _ = try bench.disk.open(path, .createNew) }
        let rootKey = try bench.disk.open(KeyringBench.rootKeyPath, .createNew)
        let text = "cassette-root-key-1:" + String(repeating: "5a", count: 32) + "\n"
        try rootKey.write(ByteBuffer(string: text), at: 0)
        let keyring = try await bench.open()
        let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [1]))

        var after = bench
        after.disk = bench.disk.afterPowerCut()

        #expect(after.disk.paths == bench.disk.paths)
        #expect(try await after.open().existingStudyKey(key.id)?.fingerprint == key.fingerprint)
    }

    @Test func `a root key of which only the length was kept is made again while nothing was wrapped under it`()
        async throws
    {
        try bench.disk.makeDirectory("/data.keys")
        bench.disk.setContent(KeyringBench.rootKeyPath, [UInt8](repeating: 0, count: 85))

        #expect(try await bench.open().isNew)
    }

    @Test(arguments: 1...383)
    func `a first append of format 1 that was cut off does not keep the next start from working`(
        length: Int
    ) async throws {
        let first = try await bench.open()
        let name = first.keyID(for: [1])
        let plain = first.plainFile()
        for path in KeyringBench.paths { bench.disk.setContent(path, Array(plain.prefix(length))) }

        let keyring = try await bench.open()
        let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [1]))
        let again = try await bench.open()

        #expect(try again.existingStudyKey(again.keyID(for: [1]))?.fingerprint == key.fingerprint)
        #expect(first.keyID(for: [1]) == name)
    }

    @Test func `whatever disk call fails, no key is returned that a power cut would lose`() async throws {
        for call in 0... {
            let bench = KeyringBench()
            let disk = FaultInjectingDisk(bench.disk)
            disk.failCall(call, code: call % 2 == 0 ? .io : .noSpace)
            var returned: [StudyKey] = []
            do {
                let keyring = try await bench.open(on: disk)
                for name in 0..<3 as Range<UInt8> {
                    // The second try after a failure must not harm what the first has left.
                    for _ in 0..<2 {
                        do throws(KeyringError) {
                            returned.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [name])))
                            break
                        } catch {
                            #expect(disk.hasFailed)
                        }
                    }
                }
            } catch {
                #expect(disk.hasFailed, "\(error)")
            }

            var after = bench
            after.disk = bench.disk.afterPowerCut()
            // A start that failed before it was durable leaves nothing behind, and then a new keyring may be made.
            let reopened = try await after.open()
            for key in returned {
                #expect(try reopened.existingStudyKey(key.id)?.fingerprint == key.fingerprint, "call \(call)")
            }
            if !disk.hasFailed { return }
        }
    }

    @Test func `a keyring of format 1 opens, stays as it is while it is only read, and is written anew for a new key`()
        async throws
    {
        let first = try await bench.open()
        let key = try await first.studyKeyCreatingIfNeeded(first.keyID(for: [1]))
        let plain = first.plainFile()
        for path in KeyringBench.paths { bench.disk.setContent(path, plain) }

        let second = try await bench.open()
        #expect(try second.existingStudyKey(key.id)?.fingerprint == key.fingerprint)
        #expect(bench.disk.content(KeyringBench.paths[1]) == plain)
        let other = try await second.studyKeyCreatingIfNeeded(second.keyID(for: [2]))

        let third = try await bench.open()
        for key in [key, other] { #expect(try third.existingStudyKey(key.id)?.fingerprint == key.fingerprint) }
        #expect(await third.status().journalGeneration == 1)
        #expect(bench.disk.content(KeyringBench.paths[0]) == bench.disk.content(KeyringBench.paths[1]))
    }

    @Test func `a new keyring on a full volume is refused for want of space, and no root key is blamed`() async throws {
        let disk = FaultInjectingDisk(bench.disk)
        disk.failCall(0, code: .noSpace)

        let error = await #expect(throws: KeyringError.self) { try await bench.open(on: disk) }

        #expect(error?.code == .noSpace)
    }

    @Test func `a cancelled caller does not stop the others`() async throws {
        let keyring = try await bench.open()

        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 as Range<UInt8> {
                group.addTask {
                    _ = try? await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [number]))
                }
            }
            group.cancelAll()
        }

        let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [7]))
        #expect(try await bench.open().existingStudyKey(key.id)?.fingerprint == key.fingerprint)
    }
}
