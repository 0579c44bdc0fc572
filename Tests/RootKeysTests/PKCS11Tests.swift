import Crypto
import Foundation
import Platform
import RootKeys
import Sealing
import TestKit
import Testing

private let softHSM = "/usr/lib/softhsm/libsofthsm2.so"
private let hasSoftHSM = FileManager.default.fileExists(atPath: softHSM)

/// Runs against SoftHSM 2 (Debian package softhsm2); `Tools/setup --for-tests` installs it.
@Suite(
    .enabled(if: hasSoftHSM, "SoftHSM is not installed: Tools/setup --for-tests"),
    .serialized
)
struct `A root key in a PKCS #11 token` {
    /// One token for the whole process: the module reads its configuration once.
    private static let folder: String? = {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("softhsm-\(getpid())").path
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/tokens",
                withIntermediateDirectories: true
            )
            try "directories.tokendir = \(folder)/tokens\nobjectstore.backend = file\nlog.level = ERROR\n".write(
                toFile: folder + "/softhsm2.conf",
                atomically: true,
                encoding: .utf8
            )
            for (name, pin) in [("pin", "1234"), ("wrong-pin", "4321")] {
                _ = FileManager.default.createFile(
                    atPath: folder + "/" + name,
                    contents: Data((pin + "\n").utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            }
            // The module looks the variable up in this process.
            _ = unsafe setenv("SOFTHSM2_CONF", folder + "/softhsm2.conf", 1)
            let tool = Process()
            tool.executableURL = URL(fileURLWithPath: "/usr/bin/softhsm2-util")
            tool.arguments = ["--init-token", "--free", "--label", "cassette", "--pin", "1234", "--so-pin", "5678"]
            tool.standardOutput = FileHandle.nullDevice
            try tool.run()
            tool.waitUntilExit()
            return tool.terminationStatus == 0 ? folder : nil
        } catch {
            return nil
        }
    }()

    private func provider(
        token: String = "cassette",
        key: String = "root",
        pin: String = "pin",
        module: String = softHSM
    ) throws -> PKCS11RootKeyProvider {
        let folder = try #require(Self.folder)
        return PKCS11RootKeyProvider(
            .init(module: module, token: token, key: key, pinFile: folder + "/" + pin),
            disk: PosixDisk(),
            pool: TestPool.shared
        )
    }

    private func code(_ body: () async throws -> Void) async -> RootKeyError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RootKeyError)?.code
        }
    }

    @Test func `a token makes its key once, and unwraps what it wrapped`() async throws {
        let key = SymmetricKey(size: .bits256)
        let first = try provider()
        #expect(await code { try await first.prepare(mayCreate: false) } == .missing)
        try await first.prepare(mayCreate: true)
        try await first.prepare(mayCreate: true)

        let wrapped = try await first.wrap(key)
        let second = try provider()
        try await second.prepare(mayCreate: false)

        #expect(wrapped.count == 60)
        #expect(try await second.unwrap(wrapped) == key)
        #expect(try await second.wrap(key) != wrapped)
        for position in [0, 12, 59] {
            var changed = wrapped
            changed[position] ^= 1
            #expect(await code { _ = try await second.unwrap(changed) } == .wrongKey)
        }
        #expect(await code { _ = try await second.unwrap([]) } == .wrongKey)
    }

    @Test func `another key, another token, another PIN and no module are told apart`() async throws {
        let wrapped = try await { provider in
            try await provider.prepare(mayCreate: true)
            return try await provider.wrap(SymmetricKey(size: .bits256))
        }(try provider(key: "one"))
        let other = try provider(key: "other")
        try await other.prepare(mayCreate: true)

        #expect(await code { _ = try await other.unwrap(wrapped) } == .wrongKey)
        #expect(await code { try await provider(token: "none").prepare(mayCreate: true) } == .missing)
        #expect(await code { try await provider(pin: "wrong-pin").prepare(mayCreate: true) } == .unavailable)
        #expect(await code { try await provider(module: "/nowhere.so").prepare(mayCreate: true) } == .unavailable)
    }

    @Test func `a keyring under a token opens again, and is rotated`() async throws {
        let disk = MemoryDisk()
        let open = { () async throws in
            try await Keyring.open(
                directories: ["/a", "/b"],
                provider: provider(key: "keyring"),
                disk: disk,
                pool: TestPool.shared,
                random: SeededRandomSource(),
                clock: ManualClock()
            )
        }
        let keyring = try await open()
        let id = keyring.keyID(for: [1])
        let key = try await keyring.studyKeyCreatingIfNeeded(id)
        try await keyring.rotate()

        let again = try await open()
        let record = RandomID(high: 0, low: 0)

        let found = try again.existingStudyKey(id)?.recordKey(purpose: "t", recordID: record)
        #expect(found == key.recordKey(purpose: "t", recordID: record))
        #expect(await again.status().keks.map(\.provider).last == "pkcs11:token=cassette;object=keyring")
    }
}
