import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import Platform

/// The index: a projection of the packs.
struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Work on the index of the archive.",
        subcommands: [Rebuild.self]
    )

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the index again from the sealed packs and the keyring.",
            discussion:
                "The server must be stopped. Records are only read; what a crash left unfinished behind them is cut off."
        )

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var text: CharacterSetOptions
        @Flag(help: "Replace the old index even if packs cannot be read.")
        var force = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let data = folder.folder
            guard try PosixDisk().exists(data.path) else {
                throw CommandFailure("There is no archive in \(data.path): name it with --data")
            }
            guard let lock = try FolderLock(at: data.lock) else {
                throw CommandFailure("A server runs on \(data.path): stop it, then rebuild the index")
            }
            let settings = try LocalSettings(folder)
            let open = try await OpenArchive.open(
                data,
                rootKeyPath: folder.rootKeyPath,
                rebuild: force ? .forced : .wanted,
                characterSet: text.setting(),
                storage: settings.storage,
                limits: settings.limits,
                logger: .quiet
            )
            let counts = try await open.archive.counts()
            try await open.close()
            withExtendedLifetime(lock) {}
            let unreadable = open.rebuild?.unreadable ?? 0
            if json {
                Console.say(
                    JSONText.object([
                        ("patients", String(counts.patients)), ("studies", String(counts.studies)),
                        ("series", String(counts.series)), ("instances", String(counts.instances)),
                        ("unreadable", String(unreadable)),
                    ])
                )
            } else {
                Console.say(
                    "The index holds \(counts.instances) instances of \(counts.series) series, \(counts.studies) studies, "
                        + "\(counts.patients) patients"
                )
            }
            guard unreadable == 0 else {
                throw CommandFailure("\(unreadable) records cannot be read; they stay in their packs")
            }
        }
    }
}
