import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation
import Platform

/// Backups of the archive: taken, listed, pruned.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Take a backup while the archive works; list and prune backups.",
        discussion: """
            `cassette backup DIR` copies what DIR lacks: sealed packs, the wrapped keyring, the registry. Nothing in it \
            opens without the root key, which no backup holds: keep a copy of that elsewhere. `cassette restore DIR` \
            brings a backup back, `cassette restore DIR --drill` proves that it could.
            """,
        subcommands: [Take.self, List.self, Prune.self],
        defaultSubcommand: Take.self
    )

    struct Take: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a backup.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "A folder, best on another machine; or store:NAME or s3://bucket/prefix of a store.")
        var place: String

        func run() async throws {
            let line = try await ArchiveAccess.withOpen(folder) { access in
                switch access {
                case .local(let archive, _): try await take(archive)
                case .remote(let archive): try await take(archive)
                }
            }
            if json {
                Console.say(line.json)
            } else {
                for problem in line.problems ?? [] { Console.complain("pack \(problem.pack): \(problem.cause)") }
                Console.say(
                    "Backup \(line.number ?? 0) in \(BackupPlace.absolute(place)): \(line.instances ?? 0) instances of \(line.studies ?? 0) "
                        + "studies in \(line.packs) packs; \(line.copiedPacks ?? 0) packs with \(line.copiedBytes) bytes "
                        + "were copied"
                )
            }
            guard line.problems?.isEmpty ?? true else {
                throw CommandFailure("Packs that cannot be read are not in the backup: run `cassette verify --deep`")
            }
        }

        private func take(_ archive: OpenArchive) async throws -> BackupLine {
            let bar = SharedProgress(ProgressBar("Backing up"))
            let place = try BackupPlace(place, storage: LocalSettings(folder).storage)
            let store = try place.writable(
                for: folder.folder,
                rootKeyPath: folder.rootKeyPath,
                disk: PosixDisk()
            )
            let report = try await archive.backups.backUp(as: Principal(.administrator), to: store) { progress in
                bar.update(done: progress.packs, of: progress.packCount)
            }
            bar.finish()
            return BackupLine(report)
        }

        private func take(_ archive: RemoteArchive) async throws -> BackupLine {
            let bar = SharedProgress(ProgressBar("Backing up"))
            var last: BackupLine?
            let to = BackupPlace.absolute(place).addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            try await archive.lines("/api/backups?to=" + to) { text in
                let line = try JSONDecoder().decode(BackupLine.self, from: Data(text.utf8))
                if let error = line.error { throw CommandFailure(error) }
                if !line.isComplete { bar.update(done: line.packs, of: line.packCount ?? 0) }
                last = line
            }
            bar.finish()
            guard let last, last.isComplete else {
                throw CommandFailure("The server stopped in the middle of the backup: see its log, and take it again")
            }
            return last
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the backups of a place, and check that they follow each other."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The folder of the backups.")
        var place: String

        func run() async throws {
            let reading = BackupReading(
                place: try BackupPlace(place, storage: LocalSettings(folder).storage),
                rootKeyPath: folder.rootKeyPath,
                protectedFolder: nil
            )
            let backups = try await reading.with { reader, _ in try await reader.list() }
            if json {
                Console.say(JSONText.array(backups.map(Self.json)))
            } else {
                for backup in backups { Console.say(Self.text(backup)) }
            }
            guard backups.allSatisfy({ $0.manifest != nil && $0.isLinked }) else {
                throw CommandFailure("A manifest is damaged or was changed: take a backup anew, and look at the medium")
            }
        }

        private static func text(_ backup: BackupSummary) -> String {
            let name = "\(backup.header.sequence)  \(backup.header.time)  "
            guard let manifest = backup.manifest else { return name + "DAMAGED" }
            let text =
                "\(manifest.content.instances) instances of \(manifest.content.studies) studies, "
                + "\(manifest.packs.count) packs, \(manifest.packBytes) bytes"
            let missing = manifest.missingPacks > 0 ? ", \(manifest.missingPacks) packs MISSING" : ""
            return name + text + missing + (backup.isLinked ? "" : ", NOT THE SUCCESSOR of the one before")
        }

        private static func json(_ backup: BackupSummary) -> String {
            var members = [
                ("number", String(backup.header.sequence)), ("time", JSONText.string("\(backup.header.time)")),
                ("id", JSONText.string(backup.header.backupID.hex)),
                ("isWhole", String(backup.manifest != nil)), ("isLinked", String(backup.isLinked)),
            ]
            if let manifest = backup.manifest {
                members += [
                    ("studies", String(manifest.content.studies)), ("instances", String(manifest.content.instances)),
                    ("packs", String(manifest.packs.count)), ("bytes", String(manifest.packBytes)),
                    ("missingPacks", String(manifest.missingPacks)),
                ]
            }
            return JSONText.object(members)
        }
    }

    struct Prune: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove all backups but the newest, and what only the removed ones needed."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "How many backups stay.")
        var keep: Int
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The folder of the backups.")
        var place: String

        func validate() throws {
            guard keep >= 1 else { throw ValidationError("--keep takes 1 or more: the newest backup stays") }
        }

        func run() async throws {
            let reading = BackupReading(
                place: try BackupPlace(place, storage: LocalSettings(folder).storage),
                rootKeyPath: folder.rootKeyPath,
                protectedFolder: nil
            )
            let report = try await reading.with { reader, _ in try await reader.prune(keeping: keep) }
            if json {
                Console.say(
                    JSONText.object([
                        ("kept", String(report.kept)), ("removedBackups", String(report.removedBackups)),
                        ("removedBlobs", String(report.removedBlobs)), ("removedBytes", String(report.removedBytes)),
                    ])
                )
            } else {
                Console.say(
                    "\(report.kept) backups kept, \(report.removedBackups) removed with \(report.removedBlobs) packs and "
                        + "files, \(report.removedBytes) bytes"
                )
            }
        }
    }
}
