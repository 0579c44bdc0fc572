import AccessControl
import ArchiveServices
import ArgumentParser
import Foundation
import NIOCore
import NIOHTTP1
import Platform
import Sealing

/// The keys of the archive.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Look at the keys of the archive, rotate them, keep them in escrow, check certificates.",
        discussion: """
            Studies are sealed under keys of their own; those are wrapped by a key-encryption key, and that by the root \
            key. Rotation makes a new version of the key-encryption key and wraps all study keys anew; no stored object \
            is touched.
            """,
        subcommands: [
            Status.self, Rotate.self, Destroy.self, Rewrap.self, Verify.self, EscrowCommand.self,
            CertificateCommand.self, ShredCommand.self,
        ],
        defaultSubcommand: Status.self
    )

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show versions, counts and escrow.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let summary = try await ArchiveAccess.withOpen(folder) { try await KeysSummary(from: $0) }
            Console.say(json ? summary.json : summary.text)
            summary.warn()
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new version of the key-encryption key and wrap all keys anew.",
            discussion: """
                The archive stays in use meanwhile. A rotation that was interrupted goes on. The old version stays for \
                decryption until `cassette keys destroy`.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Destroy the older versions afterwards: copies of the keyring that are older open no more.")
        var destroyOld = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let summary = try await ArchiveAccess.withOpen(folder) { access in
                let bar = SharedProgress(ProgressBar("Wrapping keys"))
                try await access.rotateKeys { bar.update(done: $0.done, of: $0.total) }
                bar.finish()
                let summary = try await KeysSummary(from: access)
                guard destroyOld else { return summary }
                for version in summary.versions where version.state == KEKState.decryptOnly.name {
                    try await access.destroyVersion(version.version)
                }
                return try await KeysSummary(from: access)
            }
            Console.say(json ? summary.json : summary.text)
            summary.warn()
        }
    }

    struct Destroy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Destroy an old version of the key-encryption key, for ever.",
            discussion: """
                Older copies of the keyring, in backups too, open no more. Refused while any key is under that version: \
                `cassette keys rotate` first.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The version.")
        var version: UInt32
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let summary = try await ArchiveAccess.withOpen(folder) { access in
                try await access.destroyVersion(version)
                return try await KeysSummary(from: access)
            }
            Console.say(json ? summary.json : "Version \(version) of the key-encryption key is destroyed")
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read both copies of the keyring and unwrap every key.",
            discussion: "Exit code 1 when something is wrong."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let result = try await ArchiveAccess.withOpen(folder) { access in
                let bar = SharedProgress(ProgressBar("Unwrapping keys"))
                let result = try await access.checkKeys { bar.update(done: $0.done, of: $0.total) }
                bar.finish()
                return result
            }
            if json {
                Console.say(
                    JSONText.object([
                        ("keys", String(result.keyCount)),
                        ("broken", JSONText.array(result.broken.map { JSONText.string($0) })),
                        ("fileProblem", result.fileProblem.map { JSONText.string($0) } ?? "null"),
                    ])
                )
            } else {
                for id in result.broken { Console.complain("\(id): does not unwrap") }
                if let problem = result.fileProblem { Console.complain(problem) }
                Console.say("\(result.keyCount) keys unwrapped, \(result.broken.count) broken")
            }
            guard result.broken.isEmpty, result.fileProblem == nil else { throw ExitCode.failure }
        }
    }
}

/// Work on the keyring, wherever it is open.
extension ArchiveAccess {
    private static let administrator = Principal(.administrator)

    func rotateKeys(_ progress: @escaping @Sendable (KeyringProgress) -> Void) async throws {
        switch self {
        case .local(let open, _): try await open.archive.keys.rotate(as: Self.administrator, progress: progress)
        case .remote(let remote): _ = try await Self.follow(remote, "/api/keys/rotation", progress)
        }
    }

    func destroyVersion(_ version: UInt32) async throws {
        switch self {
        case .local(let open, _): try await open.archive.keys.destroy(version: version, as: Self.administrator)
        case .remote(let remote): _ = try await remote.answer(.DELETE, "/api/keys/versions/\(version)")
        }
    }

    func checkKeys(_ progress: @escaping @Sendable (KeyringProgress) -> Void) async throws -> KeysLine {
        switch self {
        case .local(let open, _):
            let check = try await open.archive.keys.check(as: Self.administrator, progress: progress)
            return KeysLine(check)
        case .remote(let remote): return try await Self.follow(remote, "/api/keys/check", progress)
        }
    }

    func addRecoveryKey(_ key: RecoveryKey) async throws {
        switch self {
        case .local(let open, _): try await open.archive.keys.addRecoveryKey(key, as: Self.administrator)
        case .remote(let remote): _ = try await remote.answer(.POST, "/api/keys/recovery-keys", text: key.fileText)
        }
    }

    func removeRecoveryKey(_ id: RandomID) async throws {
        switch self {
        case .local(let open, _): try await open.archive.keys.removeRecoveryKey(id, as: Self.administrator)
        case .remote(let remote): _ = try await remote.answer(.DELETE, "/api/keys/recovery-keys/\(id.hex)")
        }
    }

    /// Reads the lines of long work on the server; returns the last.
    private static func follow(
        _ remote: RemoteArchive,
        _ path: String,
        _ progress: (KeyringProgress) -> Void
    ) async throws -> KeysLine {
        var last: KeysLine?
        try await remote.lines(path) { text in
            let line = try JSONDecoder().decode(KeysLine.self, from: Data(text.utf8))
            if let done = line.done, let total = line.total { progress(KeyringProgress(done: done, total: total)) }
            last = line
        }
        if let error = last?.error { throw CommandFailure(error) }
        guard let last, last.isComplete == true else {
            throw CommandFailure(
                "The server stopped in the middle of the work: see its log, then run the command again"
            )
        }
        return last
    }
}

/// One line of long work on the keyring.
struct KeysLine: Decodable, Sendable {
    let done: Int?
    let total: Int?
    let isComplete: Bool?
    let keyCount: Int
    let broken: [String]
    let fileProblem: String?
    let error: String?

    private enum CodingKeys: CodingKey {
        case done, total, isComplete, keyCount, broken, fileProblem, error
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        done = try values.decodeIfPresent(Int.self, forKey: .done)
        total = try values.decodeIfPresent(Int.self, forKey: .total)
        isComplete = try values.decodeIfPresent(Bool.self, forKey: .isComplete)
        keyCount = try values.decodeIfPresent(Int.self, forKey: .keyCount) ?? 0
        broken = try values.decodeIfPresent([String].self, forKey: .broken) ?? []
        fileProblem = try values.decodeIfPresent(String.self, forKey: .fileProblem)
        error = try values.decodeIfPresent(String.self, forKey: .error)
    }

    init(_ check: KeyringCheck) {
        done = nil
        total = nil
        isComplete = true
        keyCount = check.keyCount
        broken = check.broken.map(\.hex)
        fileProblem = check.fileProblem
        error = nil
    }
}
