import Foundation
import Platform
import TestKit
import Testing

@testable import Sealing

/// Files that format 2 has written.
///
/// They must open for ever: never write them anew, add others beside them. Format 1 has its own beside the golden packs.
@Suite struct `Golden files of the keyring` {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")
    private static let isWriting = ProcessInfo.processInfo.environment["CASSETTE_WRITE_GOLDEN"] != nil
    private static let files = ["keyring-2", "root.key", "recovery-x-wing", "recovery-x25519", "certificate.json"]

    private func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
    }

    @Test func `a keyring with a destroyed, an old and an active version opens`() async throws {
        let bench = KeyringBench()
        for path in KeyringBench.paths { bench.disk.setContent(path, try file("keyring-2")) }
        bench.disk.setContent(KeyringBench.rootKeyPath, try file("root.key"))

        let keyring = try await bench.open()

        let status = await keyring.status()
        #expect(status.keks.map(\.state) == [.destroyed, .decryptOnly, .active])
        #expect(status.keks.map(\.keyCount) == [0, 0, 5])
        #expect(status.recoveryKeys.map(\.label) == ["x-wing", "x25519"])
        #expect(try await keyring.check().isSound)
        #expect(keyring.isRemoved(keyring.keyID(for: [1])))
        #expect(try keyring.existingStudyKey(keyring.keyID(for: [2]))?.generation == 2)
        for suite in RecoveryKey.Suite.allCases {
            let text = String(decoding: try file("recovery-" + suite.name), as: UTF8.self)
            let report = try await keyring.verifyEscrow(with: RecoveryPrivateKey(fileText: text))
            #expect(report == EscrowReport(opened: [2, 3], failed: []))
        }
        let certificate = try SignedCertificate(reading: try file("certificate.json"))
        try certificate.verify(publicKey: await keyring.certificateSigner().publicKey)
    }

    @Test(.enabled(if: isWriting)) func `writing the golden files`() async throws {
        let bench = KeyringBench()
        let keyring = try await bench.open()
        for name in 0..<3 as Range<UInt8> {
            _ = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [name]))
        }
        let signer = try await keyring.certificateSigner()
        try await keyring.rotate()
        try await keyring.removeStudyKeys([keyring.keyID(for: [1])])
        try await keyring.destroyKEK(version: 1)
        var contents: [String: [UInt8]] = [:]
        for suite in RecoveryKey.Suite.allCases {
            let random = SeededRandomSource(seed: UInt64(suite.rawValue))
            let key = try RecoveryPrivateKey.generate(suite, label: suite.name, random: random)
            try await keyring.addRecoveryKey(key.publicHalf)
            contents["recovery-" + suite.name] = Array(key.fileText.utf8)
        }
        try await keyring.rotate()
        _ = try await keyring.addGeneration(of: keyring.keyID(for: [2]))
        let certificate = try signer.sign(kind: "test", made: bench.clock.now(), fields: ["number": .integer(1)])
        contents["certificate.json"] = Array(certificate.json.utf8)
        contents["keyring-2"] = bench.disk.content(KeyringBench.paths[0])
        contents["root.key"] = bench.disk.content(KeyringBench.rootKeyPath)
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        for name in Self.files {
            try Data(try #require(contents[name])).write(to: Self.folder.appendingPathComponent(name))
        }
    }
}
