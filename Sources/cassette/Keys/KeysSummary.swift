import AccessControl
import ArchiveServices
import Foundation
import NIOCore
import NIOHTTP1
import Platform
import Sealing

/// The status of the keyring as it travels, and as `--json` prints it.
struct KeysSummary: Codable, Sendable {
    struct Version: Codable, Sendable {
        let version: UInt32
        let state: String
        let keys: Int
        let created: String
        let changed: String
        let provider: String
        let escrowedTo: [String]
    }

    struct Recovery: Codable, Sendable {
        let id: String
        let suite: String
        let label: String
    }

    let archive: String
    let journalGeneration: UInt64
    let studyKeys: Int
    let sideKeys: Int
    let removed: Int
    let isRotating: Bool
    let certificateKey: String
    let versions: [Version]
    let recoveryKeys: [Recovery]

    init(from access: ArchiveAccess) async throws {
        switch access {
        case .remote(let remote):
            let answer = try await remote.answer(.GET, "/api/keys")
            self = try JSONDecoder().decode(KeysSummary.self, from: Data(answer.readableBytesView))
        case .local(let open, _):
            let administrator = Principal(.administrator)
            self.init(
                try await open.archive.keys.status(as: administrator),
                certificateKey: try await open.archive.keys.certificateKey(as: administrator)
            )
        }
    }

    private init(_ status: KeyringStatus, certificateKey: [UInt8]) {
        archive = status.tenantID.hex
        journalGeneration = status.journalGeneration
        studyKeys = status.studyKeyCount
        sideKeys = status.sideKeyCount
        removed = status.removedCount
        isRotating = status.isRotating
        self.certificateKey = Hex.encode(certificateKey)
        versions = status.keks.map { kek in
            Version(
                version: kek.version,
                state: kek.state.name,
                keys: kek.keyCount,
                created: kek.created.description,
                changed: kek.changed.description,
                provider: kek.provider,
                escrowedTo: kek.escrowedTo.map(\.hex)
            )
        }
        recoveryKeys = status.recoveryKeys.map { Recovery(id: $0.id.hex, suite: $0.suite.name, label: $0.label) }
    }

    var text: String {
        var lines = [
            "\(studyKeys) keys of studies and research projects, \(sideKeys) keys of the archive itself, "
                + "\(removed) studies shredded or projects closed"
        ]
        for version in versions {
            let escrow = version.state == KEKState.destroyed.name ? "" : ", escrow: \(version.escrowedTo.count)"
            lines.append(
                "version \(version.version): \(version.state), \(version.keys) keys, since \(version.changed.prefix(19))Z, "
                    + "root key \(version.provider.isEmpty ? "file" : version.provider)" + escrow
            )
        }
        for key in recoveryKeys { lines.append("recovery key \(key.id): \(key.suite), \(key.label)") }
        lines.append("certificates are signed by \(certificateKey)")
        return lines.joined(separator: "\n")
    }

    var json: String {
        JSONText.object([
            ("archive", JSONText.string(archive)), ("journalGeneration", String(journalGeneration)),
            ("studyKeys", String(studyKeys)), ("sideKeys", String(sideKeys)), ("removed", String(removed)),
            ("isRotating", String(isRotating)), ("certificateKey", JSONText.string(certificateKey)),
            (
                "versions",
                JSONText.array(
                    versions.map { version in
                        JSONText.object([
                            ("version", String(version.version)), ("state", JSONText.string(version.state)),
                            ("keys", String(version.keys)), ("created", JSONText.string(version.created)),
                            ("changed", JSONText.string(version.changed)),
                            ("provider", JSONText.string(version.provider)),
                            ("escrowedTo", JSONText.array(version.escrowedTo.map { JSONText.string($0) })),
                        ])
                    }
                )
            ),
            (
                "recoveryKeys",
                JSONText.array(
                    recoveryKeys.map { key in
                        JSONText.object([
                            ("id", JSONText.string(key.id)), ("suite", JSONText.string(key.suite)),
                            ("label", JSONText.string(key.label)),
                        ])
                    }
                )
            ),
        ])
    }

    /// Says on standard error what an administrator should do something about.
    func warn() {
        if isRotating { Console.complain("A rotation was interrupted: `cassette keys rotate` goes on with it") }
        if recoveryKeys.isEmpty { Console.complain(EscrowAdvice.text) }
    }
}

/// What is said where there is no escrow.
enum EscrowAdvice {
    static let text =
        "No recovery key: if the root key is lost, everything is lost. Run `cassette keys escrow create-recovery-key`"
}
