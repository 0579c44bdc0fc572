import NIOCore
import Platform
import TestKit

@testable import Sealing

/// Opens a keyring on what a crash has left and compares it with what its users know.
struct KeyringChecker: Sendable {
    let facts: [KeyringFact]

    /// What must not be, after a start on that disk.
    ///
    /// - Parameter count: How many of the facts were told before the crash.
    func violations(on disk: SimulatedDisk, told count: Int, seed: UInt64) async -> [String] {
        let known = facts.prefix(count)
        let keyring: Keyring
        do {
            keyring = try await open(disk, known, seed: seed)
        } catch {
            return ["the keyring does not open: \(error)"]
        }
        var texts = await check(keyring, known)
        texts += files(on: disk, known)
        return texts
    }

    /// Goes on with the keyring as its users would, and looks again.
    func violationsOfGoingOn(on disk: SimulatedDisk, told count: Int, seed: UInt64) async -> [String] {
        let known = facts.prefix(count)
        do {
            let keyring = try await open(disk, known, seed: seed)
            let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [200]))
            // A removal that was not told is asked for again.
            let ids = known.compactMap { if case .removing(let id) = $0 { id } else { nil } }
            let told = known.compactMap { if case .removed(let id, _) = $0 { id } else { nil } }
            let pending = Set(ids).subtracting(told)
            try await keyring.removeStudyKeys(Array(pending))
            try await keyring.rotate()
            for version in await keyring.status().keks where version.state == .decryptOnly {
                try await keyring.destroyKEK(version: version.version)
            }
            let check = try await keyring.check()
            var texts = check.isSound ? [] : ["after going on: \(check)"]
            let again = try await open(disk, known, seed: seed &+ 1)
            texts += await self.check(again, known.filter { if case .active = $0 { false } else { true } })
            for id in pending where !again.isRemoved(id) { texts.append("a removal asked for again did nothing") }
            if try again.existingStudyKey(key.id)?.fingerprint != key.fingerprint {
                texts.append("a key made after recovery is lost")
            }
            return texts
        } catch {
            return ["the recovered keyring does not go on: \(error)"]
        }
    }

    private func open(
        _ disk: SimulatedDisk,
        _ known: ArraySlice<KeyringFact>,
        seed: UInt64
    ) async throws(KeyringError) -> Keyring {
        let mayBeRewrapped = known.contains { if case .rewrapping = $0 { true } else { false } }
        let isRewrapped = known.contains { if case .rewrapped = $0 { true } else { false } }
        if isRewrapped { return try await KeyringScript.open(on: disk, seed: seed, provider: 2) }
        do {
            return try await KeyringScript.open(on: disk, seed: seed)
        } catch {
            guard mayBeRewrapped, error.code == .rootKey(.wrongKey) else { throw error }
            return try await KeyringScript.open(on: disk, seed: seed, provider: 2)
        }
    }

    private func check(_ keyring: Keyring, _ known: some Sequence<KeyringFact>) async -> [String] {
        var texts: [String] = []
        var mayBeGone: Set<StudyKeyID> = []
        for case .removing(let id) in known { mayBeGone.insert(id) }
        let status = await keyring.status()
        var isGone: Set<StudyKeyID> = []
        for fact in known {
            switch fact {
            case .made(let key):
                // A key made again after the removal of the older ones counts as any other.
                let isNewer = isGone.contains(key.id)
                let found = try? keyring.existingStudyKey(key.id, generation: key.generation)
                if let found, found.fingerprint != key.fingerprint { texts.append("I7: another key") }
                if found == nil, isNewer || !mayBeGone.contains(key.id) { texts.append("I1: a key is lost") }
            case .removed(let id, _):
                isGone.insert(id)
                if (try? keyring.existingStudyKey(id, generation: 1)) != nil {
                    texts.append("I4: a removed key is back")
                }
            case .destroyed(let version, _):
                if status.keks.first(where: { $0.version == version })?.state != .destroyed {
                    texts.append("I4: a destroyed version is back")
                }
            case .active(let version):
                if status.activeVersion < version { texts.append("an older version is active again") }
            case .removing, .rewrapping, .rewrapped: break
            }
        }
        return texts
    }

    private func files(on disk: SimulatedDisk, _ known: ArraySlice<KeyringFact>) -> [String] {
        let image = disk.image
        var texts: [String] = []
        if image.files[KeyringScript.paths[0]] != image.files[KeyringScript.paths[1]] {
            texts.append("the copies differ after a start")
        }
        var gone: [[UInt8]] = []
        for fact in known {
            switch fact {
            case .removed(_, let wrapped), .destroyed(_, let wrapped): gone += wrapped
            case .made, .removing, .active, .rewrapping, .rewrapped: break
            }
        }
        for (path, bytes) in image.files {
            if path.hasSuffix(".new") { texts.append("a draft is left after a start") }
            for wrapped in gone where bytes.holds(wrapped) {
                texts.append("I4: wrapped bytes of a removed key are left")
            }
        }
        return texts
    }
}

extension StudyKey {
    /// Tells two keys apart.
    fileprivate var fingerprint: [UInt8] { recordKey(purpose: "test", recordID: RandomID(high: 0, low: 0)).rawBytes }
}

extension ByteBuffer {
    /// Whether these bytes stand anywhere within.
    fileprivate func holds(_ wanted: [UInt8]) -> Bool {
        let all = Array(readableBytesView)
        guard let first = wanted.first, all.count >= wanted.count else { return false }
        return (0...all.count - wanted.count).contains {
            all[$0] == first && all[$0..<$0 + wanted.count].elementsEqual(wanted)
        }
    }
}
