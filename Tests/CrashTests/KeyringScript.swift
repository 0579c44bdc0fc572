import NIOCore
import Platform
import TestKit

@testable import Sealing

/// Something that is true of a keyring from a moment on, or may be.
enum KeyringFact: Sendable {
    /// The key was returned to its user.
    case made(StudyKey)
    /// Its removal was asked for: it may be gone or not.
    case removing(StudyKeyID)
    /// The removal was told: gone for ever, with these wrapped bytes.
    case removed(StudyKeyID, wrapped: [[UInt8]])
    /// The version was told to be destroyed, with these wrapped bytes.
    case destroyed(UInt32, wrapped: [[UInt8]])
    /// That version was told to be the active one.
    case active(UInt32)
    /// From here on the keyring may be under the other root key.
    case rewrapping
    /// From here on it is.
    case rewrapped
}

/// A keyring at work over a simulated disk, with what its users know written into the log of the disk.
final class KeyringScript {
    enum Name: String, CaseIterable, Sendable {
        case firstStart, rotation, removal, destruction, rootKey, oldFormat
    }

    static let directories = ["/data/keyring", "/data/keyring-mirror"]
    static let paths = directories.map { $0 + "/keyring" }

    let disk: SimulatedDisk
    private(set) var facts: [KeyringFact] = []
    private var made = 0

    private init(on disk: SimulatedDisk) {
        self.disk = disk
    }

    static func provider(_ number: Int, on disk: any Disk) -> FileRootKeyProvider {
        FileRootKeyProvider(
            disk: disk,
            pool: TestPool.shared,
            path: "/data.keys/root-\(number).key",
            random: SeededRandomSource(seed: 1_000 + UInt64(number)),
            refusingUnder: "/data"
        )
    }

    static func open(
        on disk: any Disk,
        seed: UInt64,
        provider: Int = 1
    ) async throws(KeyringError) -> Keyring {
        try await Keyring.open(
            directories: directories,
            provider: Self.provider(provider, on: disk),
            disk: disk,
            pool: TestPool.shared,
            random: SeededRandomSource(seed: seed),
            clock: ManualClock()
        )
    }

    /// Runs a script; gives what happened on the disk, and the facts that its notes count.
    static func record(_ name: Name) async throws -> (log: DiskLog, facts: [KeyringFact]) {
        let script = KeyringScript(on: SimulatedDisk(try await base(of: name)))
        try await script.run(name)
        return (script.disk.log, script.facts)
    }

    /// Runs a script until it is told of a failure.
    static func attempt(_ name: Name, on disk: SimulatedDisk) async -> (facts: [KeyringFact], isRefused: Bool) {
        let script = KeyringScript(on: disk)
        do {
            try await script.run(name)
            return (script.facts, false)
        } catch {
            return (script.facts, true)
        }
    }

    private func run(_ name: Name) async throws {
        let keyring = try await Self.open(on: disk, seed: 1)
        switch name {
        case .firstStart: try await make(3, in: keyring)
        case .rotation:
            try await make(4, in: keyring)
            _ = try await keyring.sideKey("index")
            try await rotate(keyring)
            try await make(2, in: keyring)
            try await rotate(keyring)
        case .removal:
            let keys = try await make(5, in: keyring)
            tell(.made(try await keyring.addGeneration(of: keys[1].id)))
            try await remove([keys[1], keys[3]], in: keyring)
            try await make(1, in: keyring)
            try await remove([keys[0]], in: keyring)
            tell(.made(try await keyring.studyKeyCreatingIfNeeded(keys[3].id)))
        case .destruction:
            let keys = try await make(3, in: keyring)
            try await remove([keys[2]], in: keyring)
            try await rotate(keyring)
            try await destroy(1, in: keyring)
            try await make(2, in: keyring)
        case .rootKey:
            try await make(2, in: keyring)
            let recovery = try RecoveryPrivateKey.generate(
                .x25519,
                label: "",
                random: SeededRandomSource(seed: 5)
            )
            try await keyring.addRecoveryKey(recovery.publicHalf)
            tell(.rewrapping)
            try await keyring.rewrap(with: Self.provider(2, on: disk))
            tell(.rewrapped)
            try await make(1, in: keyring)
        case .oldFormat:
            try await make(2, in: keyring)
            try await rotate(keyring)
        }
    }

    /// What lies on the disk before: nothing, but for the script of the old format.
    static func base(of name: Name) async throws -> DiskImage {
        var image = DiskImage()
        image.directories = ["/", "/data"]
        guard name == .oldFormat else { return image }
        let disk = SimulatedDisk(image)
        let keyring = try await open(on: disk, seed: 9)
        _ = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [99]))
        var plain = disk.image
        for path in paths { plain.files[path] = keyring.plainFile() }
        return plain
    }

    private func tell(_ fact: KeyringFact) {
        disk.note(Acknowledgement(object: facts.count, answer: .stored))
        facts.append(fact)
    }

    @discardableResult
    private func make(_ count: Int, in keyring: Keyring) async throws -> [StudyKey] {
        var keys: [StudyKey] = []
        for _ in 0..<count {
            made += 1
            let key = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: [UInt8(made)]))
            tell(.made(key))
            keys.append(key)
        }
        return keys
    }

    private func remove(_ keys: [StudyKey], in keyring: Keyring) async throws {
        var wrapped: [StudyKeyID: [[UInt8]]] = [:]
        for key in keys {
            tell(.removing(key.id))
            wrapped[key.id] = keyring.memory.content.table.entries.filter { $0.id == key.id.rawValue }
                .map(\.wrappedKey.bytes)
        }
        try await keyring.removeStudyKeys(keys.map(\.id))
        for key in keys { tell(.removed(key.id, wrapped: wrapped[key.id] ?? [])) }
    }

    private func rotate(_ keyring: Keyring) async throws {
        try await keyring.rotate()
        tell(.active(await keyring.status().activeVersion))
    }

    private func destroy(_ version: UInt32, in keyring: Keyring) async throws {
        let wrapped = keyring.memory.withLock { $0.header.kek(version)?.wrapped } ?? []
        try await keyring.destroyKEK(version: version)
        tell(.destroyed(version, wrapped: [wrapped]))
    }
}

extension Keyring {
    /// The bytes of a file of format 1 with the same keys.
    fileprivate func plainFile() -> ByteBuffer {
        let content = memory.content
        var entries = Array(content.table.entries)
        if let kek = content.header.keks.first {
            entries.insert(
                KeyEntry(
                    kind: .kek,
                    id: tenantID,
                    generation: 1,
                    kekVersion: kek.version,
                    created: kek.created,
                    wrappedKey: WrappedKey(kek.wrapped) ?? .none
                ),
                at: 0
            )
        }
        var bytes = ByteBuffer()
        var hash = ChainHash.none
        for (sequence, entry) in entries.enumerated() {
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
        return bytes
    }
}
