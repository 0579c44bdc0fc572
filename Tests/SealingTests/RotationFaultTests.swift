import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Faults while keys are rotated and removed` {
    /// Makes three keys, then rotates, removes the second, makes one more and destroys the first version; each step is tried
    /// up to three times.
    ///
    /// - Returns: The keys that must be there, those that may be gone, and whether every step succeeded in the end.
    private func work(
        _ bench: KeyringBench,
        _ disk: FaultInjectingDisk,
        call: Int,
        _ aftermath: FaultInjectingDisk.Aftermath
    ) async throws -> (kept: [StudyKey], removed: StudyKey, isDone: Bool) {
        let keyring = try await bench.open(on: disk)
        var kept: [StudyKey] = []
        for name in 0..<3 as Range<UInt8> {
            kept.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [name])))
        }
        let removed = kept.remove(at: 1)
        disk.failCall(call, code: call % 2 == 0 ? .io : .noSpace, aftermath: aftermath)
        var isDone = true
        func step(_ body: () async throws -> Void) async {
            for _ in 0..<3 {
                do {
                    return try await body()
                } catch {
                    #expect(disk.hasFailed, "\(error)")
                }
            }
            isDone = false
        }
        await step { try await keyring.rotate() }
        await step { try await keyring.removeStudyKeys([removed.id]) }
        await step { kept.append(try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [9]))) }
        await step {
            for kek in await keyring.status().keks where kek.state == .decryptOnly {
                try await keyring.destroyKEK(version: kek.version)
            }
        }
        // Whatever failed, the keyring in memory still gives the keys.
        for key in kept { #expect(try keyring.existingStudyKey(key.id)?.fingerprint == key.fingerprint) }
        return (kept, removed, isDone)
    }

    @Test(arguments: [FaultInjectingDisk.Aftermath.recovers, .staysBroken])
    func `whatever call fails, no key is lost, and what was told to be removed stays removed`(
        aftermath: FaultInjectingDisk.Aftermath
    ) async throws {
        for call in 0... {
            let bench = KeyringBench()
            let disk = FaultInjectingDisk(bench.disk)
            let (kept, removed, isDone) = try await work(bench, disk, call: call, aftermath)
            if aftermath == .recovers { #expect(isDone, "call \(call)") }

            for random in [nil, SeededRandomSource(seed: UInt64(call))] {
                var after = bench
                after.disk = bench.disk.afterPowerCut(keepingSome: random)
                let keyring = try await after.open()
                for key in kept {
                    #expect(try keyring.existingStudyKey(key.id)?.fingerprint == key.fingerprint, "call \(call)")
                }
                let status = await keyring.status()
                if isDone {
                    #expect(keyring.isRemoved(removed.id), "call \(call)")
                    #expect(status.keks.first?.state == .destroyed, "call \(call)")
                }
                if let found = try keyring.existingStudyKey(removed.id) {
                    #expect(found.fingerprint == removed.fingerprint)
                }
                #expect(try await keyring.check().isSound, "call \(call)")
            }
            if !disk.hasFailed { return }
        }
    }
}
