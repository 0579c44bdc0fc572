import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation
import Logging
import Platform

/// A backup brought back, or a drill that proves that it could be.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring a backup back into a new folder, or prove with --drill that this would work.",
        discussion: """
            The root key is needed, which no backup holds: put a copy beside the new folder (TO.keys/root.key), or name \
            it with --key-file. The index is made from the packs, and compared with what the archive held. What was \
            shredded since the backup stays dead. An interrupted restore is continued by the same command.
            """
    )

    @Option(help: "The new folder of the archive.")
    var to: String?
    @Flag(
        help: "Restore into a folder beside the archive, read every object back, compare, report, and remove it again."
    )
    var drill = false
    @Option(help: "The newest backup taken at this time (UTC) or before: 2026-11-21, or 2026-11-21T08:30:00.")
    var at: String?
    @OptionGroup var folder: DataFolderOptions
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "Where the backups are, as `cassette backup` was told.")
    var place: String

    func validate() throws {
        guard drill || to != nil else { throw ValidationError("Say where to restore with --to, or use --drill") }
        if let at, TimeArgument(at) == nil { throw ValidationError("--at takes a time like 2026-11-21T08:30:00") }
    }

    func run() async throws {
        let target = target()
        let key = keyPath(for: target)
        let reading = BackupReading(
            place: try BackupPlace(place, storage: LocalSettings(folder).storage),
            rootKeyPath: key,
            protectedFolder: target.path
        )
        let outcome: RestoreOutcome
        do {
            outcome = try await reading.with { reader, _ in
                let manifest = try await reader.backup(at: at.flatMap { TimeArgument($0)?.timestamp })
                return try await restore(manifest, from: reader, into: target, key)
            }
        } catch {
            if drill { remove(target) }
            throw error
        }
        if drill { remove(target) }
        Console.say(json ? outcome.json : outcome.text(isDrill: drill, folder: target.path))
        guard outcome.isSound else {
            throw CommandFailure(
                "What was restored is not what the archive held: see `cassette backup list`, and take another backup"
            )
        }
    }

    private func target() -> DataFolder {
        if let to { return DataFolder(to, workingDirectory: Environment.workingDirectory) }
        let name = folder.folder.path + ".drill-" + RandomID(random: SystemRandomSource()).hex.prefix(8)
        return DataFolder(name, workingDirectory: "/")
    }

    /// The key beside the new folder, unless one is named; in a drill the one of the archive.
    private func keyPath(for target: DataFolder) -> String {
        DataFolderOptions.rootKeyPath(folder.keyFile ?? Environment["KEY_FILE"], drill ? folder.folder : target)
    }

    private func remove(_ target: DataFolder) {
        try? FileManager.default.removeItem(atPath: target.path)
    }

    private func restore(
        _ manifest: BackupManifest,
        from reader: BackupReader,
        into data: DataFolder,
        _ key: String
    ) async throws -> RestoreOutcome {
        let disk = PosixDisk()
        let wasThere = try disk.exists(data.path)
        let target = RestoreFolder(path: data.path, packs: data.packs, keyrings: data.keyrings, ignoring: ["lock"])
        guard !drill || !wasThere else {
            throw CommandFailure("\(data.path) is there already: a drill needs a new folder")
        }
        try disk.makeDirectory(data.path)
        guard let lock = try FolderLock(at: data.lock) else {
            throw CommandFailure("Another cassette works on \(data.path): wait until it has ended")
        }
        try await reader.claim(target, for: manifest)
        let began = ContinuousClock.now
        let bar = SharedProgress(ProgressBar("Restoring"))
        let report = try await reader.restore(manifest, into: target) { progress in
            bar.update(done: progress.packs, of: progress.packCount)
        }
        bar.finish()
        var outcome = RestoreOutcome(report)
        outcome.copySeconds = Self.seconds(since: began)
        let indexBegan = ContinuousClock.now
        let open = try await OpenArchive.open(
            data,
            rootKeyPath: key,
            characterSet: CharacterSetSetting.fromEnvironment(),
            limits: ArchiveLimits.fromEnvironment(),
            isRestoring: true,
            logger: .quiet
        )
        outcome.indexSeconds = Self.seconds(since: indexBegan)
        do {
            try await compare(open.archive, &outcome)
            try await open.close()
        } catch {
            try? await open.close()
            throw error
        }
        try await reader.finish(target)
        withExtendedLifetime(lock) {}
        return outcome
    }

    private func compare(_ archive: Archive, _ outcome: inout RestoreOutcome) async throws {
        outcome.content = try await archive.content()
        guard drill else { return }
        let bar = SharedProgress(ProgressBar("Comparing"))
        let began = ContinuousClock.now
        outcome.verification = try await archive.verification.verify(as: Principal(.administrator)) { report in
            bar.update(done: report.checked, of: report.total)
        }
        outcome.compareSeconds = Self.seconds(since: began)
        bar.finish()
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1_000
    }
}
