import Crypto
import Platform
import TestKit
import Testing

@testable import Sealing

@Suite struct `Escrow` {
    private let bench = KeyringBench()

    private func recoveryKey(_ suite: RecoveryKey.Suite, seed: UInt64 = 5) throws -> RecoveryPrivateKey {
        try RecoveryPrivateKey.generate(suite, label: "safe: left", random: SeededRandomSource(seed: seed))
    }

    private func otherProvider() -> FileRootKeyProvider {
        FileRootKeyProvider(
            disk: bench.disk,
            pool: TestPool.shared,
            path: "/other.keys/root.key",
            random: SeededRandomSource(seed: 77),
            refusingUnder: "/data"
        )
    }

    @Test(arguments: RecoveryKey.Suite.allCases)
    func `each version opens with the recovery key, those made later as well`(suite: RecoveryKey.Suite) async throws {
        let keyring = try await bench.open()
        let key = try recoveryKey(suite)
        #expect(try await keyring.verifyEscrow(with: key) == EscrowReport(opened: [], failed: [1]))

        try await keyring.addRecoveryKey(key.publicHalf)
        try await keyring.rotate()

        let report = try await keyring.verifyEscrow(with: key)
        #expect(report == EscrowReport(opened: [1, 2], failed: []))
        #expect(report.isSound)
        let again = try await bench.open()
        #expect(try await again.verifyEscrow(with: RecoveryPrivateKey(fileText: key.fileText)).opened == [1, 2])
        #expect(try await !again.verifyEscrow(with: recoveryKey(suite, seed: 6)).isSound)
        #expect(await again.status().keks.map(\.escrowedTo) == [[key.publicHalf.id], [key.publicHalf.id]])
        #expect(await again.status().recoveryKeys == [key.publicHalf])
    }

    @Test func `the escrow of a destroyed version is gone`() async throws {
        let keyring = try await bench.open()
        let key = try recoveryKey(.x25519)
        try await keyring.addRecoveryKey(key.publicHalf)
        let sealed = try #require(keyring.memory.withLock { $0.header.keks[0].escrow.first })

        try await keyring.rotate()
        try await keyring.destroyKEK(version: 1)

        #expect(try await keyring.verifyEscrow(with: key).opened == [2])
        for path in bench.disk.paths {
            #expect(bench.disk.content(path)?.contains(sealed.ciphertext) == false)
        }
    }

    @Test func `a keyring whose root key is lost opens again under a new one`() async throws {
        let keyring = try await bench.open()
        let key = try recoveryKey(.xWing)
        try await keyring.addRecoveryKey(key.publicHalf)
        let study = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [1]))
        bench.disk.setContent(KeyringBench.rootKeyPath, nil)
        await #expect(throws: KeyringError.self) { try await bench.open() }
        let before = bench.disk.content(KeyringBench.paths[0])

        await #expect(throws: KeyringError.self) {
            try await Keyring.recover(
                directories: KeyringBench.directories,
                with: recoveryKey(.xWing, seed: 6),
                provider: otherProvider(),
                disk: bench.disk,
                pool: TestPool.shared
            )
        }
        #expect(bench.disk.content(KeyringBench.paths[0]) == before)
        try await Keyring.recover(
            directories: KeyringBench.directories,
            with: key,
            provider: bench.provider(),
            disk: bench.disk,
            pool: TestPool.shared
        )

        #expect(try await bench.open().existingStudyKey(study.id)?.fingerprint == study.fingerprint)
    }

    @Test func `after a change of the root key the old one opens nothing`() async throws {
        let keyring = try await bench.open()
        let study = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [1]))

        try await keyring.rewrap(with: otherProvider())
        try await keyring.rotate()

        await #expect(throws: KeyringError.self) { try await bench.open() }
        bench.disk.setContent(KeyringBench.rootKeyPath, bench.disk.content("/other.keys/root.key"))
        #expect(try await bench.open().existingStudyKey(study.id)?.fingerprint == study.fingerprint)
        #expect(
            await keyring.status().keks.map(\.provider) == [String](repeating: "file:/other.keys/root.key", count: 2)
        )
    }

    @Test func `a recovery key that was removed is sealed to no more`() async throws {
        let keyring = try await bench.open()
        let key = try recoveryKey(.x25519)
        try await keyring.addRecoveryKey(key.publicHalf)

        try await keyring.removeRecoveryKey(key.publicHalf.id)

        #expect(try await keyring.verifyEscrow(with: key) == EscrowReport(opened: [], failed: [1]))
        await #expect(throws: KeyringError.self) { try await keyring.removeRecoveryKey(key.publicHalf.id) }
    }

    @Test func `files of recovery keys are read again, and other files are refused`() throws {
        let key = try recoveryKey(.xWing)

        #expect(RecoveryKey(fileText: key.publicHalf.fileText) == key.publicHalf)
        #expect(try RecoveryPrivateKey(fileText: key.fileText).publicHalf == key.publicHalf)
        #expect(key.publicHalf.publicKey.count == 1_216)
        #expect(!"\(key)".contains(key.fileText.split(separator: ":")[2]))
        for text in ["", key.fileText, "cassette-recovery-public-1:x25519:00:", "cassette-recovery-public-1:x-wing"] {
            #expect(RecoveryKey(fileText: text) == nil)
        }
        for text in ["", key.publicHalf.fileText, "cassette-recovery-key-1:x-wing:00:a"] {
            #expect(throws: KeyringError.self) { try RecoveryPrivateKey(fileText: text) }
        }
    }
}
