import ArgumentParser
import NIOPosix
import Platform
import Sealing

/// Recovery keys: what opens the archive when the root key is lost.
struct EscrowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "escrow",
        abstract: "Keep the key-encryption key sealed to recovery keys that lie offline.",
        discussion: """
            Make a recovery key, keep its private file where neither the archive nor its backups are, and add the public \
            file. Every version of the key-encryption key is sealed to it (HPKE), also those made later.
            """,
        subcommands: [Create.self, Add.self, Remove.self, List.self, Drill.self, Open.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-recovery-key",
            abstract: "Make a recovery key: a private file to lock away, and a public one to add."
        )

        @Argument(help: "The file of the private key; the public one gets .pub behind it.")
        var file: String
        @Option(help: "x-wing (also against quantum computers) or x25519.")
        var suite = "x-wing"
        @Option(help: "What to call the key.")
        var label = ""

        func run() async throws {
            guard let suite = RecoveryKey.Suite(name: suite) else {
                throw ValidationError("--suite is x-wing or x25519")
            }
            let disk = PosixDisk()
            for path in [file, file + ".pub"] where try disk.exists(path) {
                throw CommandFailure("\(path) exists: choose another name; a recovery key is never overwritten")
            }
            let key: RecoveryPrivateKey
            do {
                key = try RecoveryPrivateKey.generate(suite, label: label, random: SystemRandomSource())
            } catch {
                throw CommandFailure(error.description)
            }
            try KeyFile(path: file, disk: disk).create(key.fileText)
            try KeyFile(path: file + ".pub", disk: disk).create(key.publicHalf.fileText)
            Console.say("Recovery key \(key.publicHalf.id.hex)")
            Console.say("Private key: \(file) - take it away from this machine, in two copies")
            Console.say("Next: cassette keys escrow add \(file).pub")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Seal the key-encryption key to a recovery key.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The file of the public key.")
        var file: String

        func run() async throws {
            guard let key = RecoveryKey(fileText: try KeyFile(path: file, disk: PosixDisk()).read()) else {
                throw CommandFailure("\(file) is no recovery public key: name the .pub file of create-recovery-key")
            }
            try await ArchiveAccess.withOpen(folder) { try await $0.addRecoveryKey(key) }
            Console.say("The key-encryption key is sealed to \(key.id.hex)")
            Console.say("Next, with the private key: cassette keys escrow verify PRIVATE-KEY-FILE")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a recovery key.")

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The id of the recovery key, as `cassette keys escrow list` shows it.")
        var id: String

        func run() async throws {
            guard let id = RandomID(hex: id) else { throw ValidationError("The id has 32 hexadecimal digits") }
            try await ArchiveAccess.withOpen(folder) { try await $0.removeRecoveryKey(id) }
            Console.say("Nothing is sealed to \(id.hex) any more; rotate the keys if it is in wrong hands")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the recovery keys and what is sealed to them.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let summary = try await ArchiveAccess.withOpen(folder) { try await KeysSummary(from: $0) }
            if json { return Console.say(summary.json) }
            for key in summary.recoveryKeys {
                let versions = summary.versions.filter { $0.escrowedTo.contains(key.id) }.map { String($0.version) }
                Console.say("\(key.id) \(key.suite) versions \(versions.joined(separator: ", ")) \(key.label)")
            }
            if summary.recoveryKeys.isEmpty { Console.complain(EscrowAdvice.text) }
        }
    }

    struct Drill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Open everything with a recovery private key, as after a loss of the root key.",
            discussion: """
                Reads the keyring from the disk and changes nothing; works beside a running server. Exit code 1 when a \
                version does not open.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Argument(help: "The file of the private key.")
        var file: String

        func run() async throws {
            let key = try KeyFile(path: file, disk: PosixDisk()).recoveryKey()
            let report = try await KeyringFiles.withPool { pool in
                try await Keyring.drill(
                    directories: folder.folder.keyrings,
                    with: key,
                    disk: PosixDisk(),
                    pool: pool
                )
            }
            for version in report.failed {
                Console.complain("version \(version) of the key-encryption key does not open with this recovery key")
            }
            guard report.isSound else { throw ExitCode.failure }
            Console.say(
                "Recovery key \(key.publicHalf.id.hex) opens "
                    + report.opened.map { "version \($0)" }.joined(separator: ", ") + " and the keys under it"
            )
        }
    }

    struct Open: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "open",
            abstract: "Open a keyring whose root key is lost, and put it under a new root key.",
            discussion: "The server must be stopped."
        )

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var rootKey: RootKeyOptions
        @Argument(help: "The file of the private key.")
        var file: String

        func run() async throws {
            let key = try KeyFile(path: file, disk: PosixDisk()).recoveryKey()
            try await KeyringFiles.withLock(folder) { pool in
                let setting = try rootKey.setting() ?? RootKeySetting.file
                let provider = try setting.provider(
                    rootKeyPath: folder.rootKeyPath,
                    dataDirectory: folder.folder.path,
                    host: ArchiveHost(),
                    pool: pool
                )
                try await Keyring.recover(
                    directories: folder.folder.keyrings,
                    with: key,
                    provider: provider,
                    disk: PosixDisk(),
                    pool: pool
                )
                try setting.remember(besides: folder.rootKeyPath, disk: PosixDisk())
                Console.say("The keyring opens with \(provider.identifier) from now on")
            }
        }
    }
}
