import NIOCore
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `A damaged keyring` {
    private let bench = KeyringBench()

    /// The first entry and three study keys.
    private func fill() async throws -> [StudyKey] {
        let keyring = try await bench.open()
        var keys: [StudyKey] = []
        for name in 0..<3 as Range<UInt8> {
            keys.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [name])))
        }
        return keys
    }

    @Test func `a copy cut at any byte is levelled from the other`() async throws {
        let keys = try await fill()
        let whole = bench.disk.content(KeyringBench.paths[0]) ?? []

        for length in stride(from: 0, through: whole.count, by: 7) {
            for path in KeyringBench.paths {
                bench.disk.setContent(path, Array(whole.prefix(length)))
                guard length == 0 || length >= KeyringBench.headerLength + 192 else {
                    // What was there when the file got its name cannot be missing: nobody knows how old this one is.
                    let error = await #expect(throws: KeyringError.self) { try await bench.open() }
                    #expect(error?.description.contains("the other copy is intact") == true)
                    bench.disk.setContent(path, whole)
                    continue
                }
                let keyring = try await bench.open()
                for key in keys {
                    #expect(try keyring.existingStudyKey(key.id)?.fingerprint == key.fingerprint)
                }
                #expect(bench.disk.content(path) == whole)
            }
        }
    }

    @Test func `a copy that is gone is written anew`() async throws {
        _ = try await fill()
        let whole = bench.disk.content(KeyringBench.paths[0])
        bench.disk.setContent(KeyringBench.paths[1], nil)

        _ = try await bench.open()

        #expect(bench.disk.content(KeyringBench.paths[1]) == whole)
    }

    @Test func `a torn last entry in both copies is dropped, and a new one takes its place`() async throws {
        let keys = try await fill()
        let whole = bench.disk.content(KeyringBench.paths[0]) ?? []
        for path in KeyringBench.paths { bench.disk.setContent(path, Array(whole.dropLast(50))) }

        let keyring = try await bench.open()

        #expect(try keyring.existingStudyKey(keys[1].id) != nil)
        #expect(try keyring.existingStudyKey(keys[2].id) == nil)
        _ = try await keyring.studyKeyCreatingIfNeeded(keys[2].id)
        #expect(try await bench.open().existingStudyKey(keys[2].id) != nil)
    }

    @Test func `damage before the end is refused and tells that the other copy is intact`() async throws {
        _ = try await fill()
        let whole = bench.disk.content(KeyringBench.paths[1]) ?? []

        for byte in stride(from: 0, to: 4 * 192, by: 5) {
            var damaged = whole
            damaged[byte] ^= 0x10
            bench.disk.setContent(KeyringBench.paths[1], damaged)
            let error = await #expect(throws: KeyringError.self, "byte \(byte)") { try await bench.open() }
            #expect(error?.code == .damaged)
            #expect(error?.description.contains("/mirror/keyring/keyring is damaged") == true)
            #expect(error?.description.contains("the other copy is intact") == true)
        }
    }

    @Test func `flipped bits in both copies give an error or fewer keys, never another key`() async throws {
        let keys = try await fill()
        let whole = bench.disk.content(KeyringBench.paths[0]) ?? []

        for bit in stride(from: 0, to: whole.count * 8, by: 11) {
            var damaged = whole
            damaged[bit / 8] ^= 1 << (bit % 8)
            for path in KeyringBench.paths { bench.disk.setContent(path, damaged) }
            guard let keyring = try? await bench.open() else { continue }
            for key in keys {
                guard let found = try keyring.existingStudyKey(key.id) else { continue }
                #expect(found.fingerprint == key.fingerprint)
            }
        }
    }

    @Test func `copies that tell different stories are refused`() async throws {
        _ = try await fill()
        let one = bench.disk.content(KeyringBench.paths[0]) ?? []
        bench.disk.setContent(KeyringBench.paths[0], Array(one.prefix(KeyringBench.headerLength + 192)))
        bench.disk.setContent(KeyringBench.paths[1], Array(one.prefix(KeyringBench.headerLength + 192)))
        _ = try await fill()
        bench.disk.setContent(KeyringBench.paths[0], one)

        let error = await #expect(throws: KeyringError.self) { try await bench.open() }

        #expect(error?.code == .copiesDiffer)
    }

    @Test func `a missing root key is never replaced while a keyring exists`() async throws {
        _ = try await fill()
        bench.disk.setContent(KeyringBench.rootKeyPath, nil)

        let error = await #expect(throws: KeyringError.self) { try await bench.open() }

        #expect(error?.code == .rootKey(.missing))
        #expect(bench.disk.content(KeyringBench.rootKeyPath) == nil)
    }

    @Test func `another root key is recognised`() async throws {
        _ = try await fill()
        let line = "cassette-root-key-1:" + String(repeating: "ab", count: 32) + "\n"
        bench.disk.setContent(KeyringBench.rootKeyPath, Array(line.utf8))

        let error = await #expect(throws: KeyringError.self) { try await bench.open() }

        #expect(error?.code == .rootKey(.wrongKey))
    }
}
