import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Tampering with the keyring` {
    private let bench = KeyringBench()

    /// The first entry and three study keys; the bytes of both copies.
    private func fill() async throws -> (keys: [StudyKey], whole: [UInt8]) {
        let keyring = try await bench.open()
        var keys: [StudyKey] = []
        for name in 0..<3 as Range<UInt8> {
            keys.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [name])))
        }
        return (keys, try #require(bench.disk.content(KeyringBench.paths[0])))
    }

    /// How many keys the keyring gives; another key than the one that was made fails the test, `nil` is a refused start.
    private func keysFound(_ keys: [StudyKey], _ told: Comment) async -> Int? {
        do {
            let keyring = try await bench.open()
            var found = 0
            for key in keys {
                do {
                    guard let opened = try keyring.existingStudyKey(key.id) else { continue }
                    #expect(opened.fingerprint == key.fingerprint, told)
                    found += 1
                } catch {
                    // A key that does not unwrap is an error, thus no wrong key.
                }
            }
            return found
        } catch {
            return nil
        }
    }

    private func set(_ bytes: [UInt8], in paths: [String], else whole: [UInt8]) {
        for path in KeyringBench.paths { bench.disk.setContent(path, paths.contains(path) ? bytes : whole) }
    }

    @Test func `each bit of one copy: all keys, or a start that is refused`() async throws {
        let (keys, whole) = try await fill()

        for bit in BitFlips.places(0..<whole.count * 8, atMost: BitFlips.count / 4) {
            for path in KeyringBench.paths {
                set(whole.flipping(bit: bit), in: [path], else: whole)
                let found = await keysFound(keys, "bit \(bit)")
                #expect(found == nil || found == keys.count, "bit \(bit) of \(path)")
            }
        }
    }

    @Test func `each bit of both copies: the right keys, fewer at the end, or a start that is refused`() async throws {
        let (keys, whole) = try await fill()
        let last = whole.count - KeyringRecord.length

        for bit in BitFlips.places(0..<whole.count * 8, atMost: BitFlips.count / 4) {
            set(whole.flipping(bit: bit), in: KeyringBench.paths, else: whole)
            let found = await keysFound(keys, "bit \(bit)")
            // A last entry that is not whole in either copy is what a crash leaves; none before it may be missed.
            #expect(found == nil || bit / 8 >= last && found == keys.count - 1, "bit \(bit)")
        }
    }

    @Test func `random damage of one copy or both never gives another key`() async throws {
        let (keys, whole) = try await fill()
        let random = SeededRandomSource(seed: 11)

        for round in 0..<max(300, BitFlips.count / 50) {
            var bytes = whole
            let start = random.next(below: bytes.count)
            let end = min(bytes.count, start + 1 + random.next(below: 300))
            bytes.replaceSubrange(start..<end, with: random.bytes(end - start))
            set(bytes, in: round % 2 == 0 ? KeyringBench.paths : [KeyringBench.paths[round / 2 % 2]], else: whole)
            let found = await keysFound(keys, "bytes \(start)..<\(end)")
            if round % 2 == 1, bytes != whole { #expect(found == nil || found == keys.count, "round \(round)") }
        }
    }

    @Test func `both copies cut at any byte: the keys before the cut, or a start that is refused`() async throws {
        let (keys, whole) = try await fill()

        for length in 0..<whole.count {
            set(Array(whole.prefix(length)), in: KeyringBench.paths, else: whole)
            let entries = (length - KeyringBench.headerLength) / KeyringRecord.length
            // Without any byte that tells of a keyring a new one is begun: it knows none of the keys.
            let found = await keysFound(keys, "\(length) bytes")
            #expect(found == nil || found == max(0, entries - 1), "\(length) bytes")
        }
    }

    @Test func `entries that are swapped, repeated, left out or taken from an older state are refused`() async throws {
        let (keys, whole) = try await fill()
        let header = Array(whole.prefix(KeyringBench.headerLength))
        let entries = stride(from: header.count, to: whole.count, by: KeyringRecord.length).map {
            Array(whole[$0..<$0 + KeyringRecord.length])
        }
        let changes: [(String, [[UInt8]])] = [
            ("swapped", [entries[0], entries[2], entries[1], entries[3]]),
            ("repeated", [entries[0], entries[1], entries[1], entries[2], entries[3]]),
            ("left out", [entries[0], entries[2], entries[3]]),
            ("first left out", Array(entries.dropFirst())),
        ]

        for (told, order) in changes {
            set(header + order.flatMap { $0 }, in: KeyringBench.paths, else: whole)
            #expect(await keysFound(keys, "\(told)") == nil, "\(told)")
        }
        // One copy put back to an older state is completed from the other.
        set(Array(whole.dropLast(2 * KeyringRecord.length)), in: [KeyringBench.paths[0]], else: whole)
        #expect(await keysFound(keys, "older") == keys.count)
    }
}
