import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Logging
import NIOPosix
import Platform

/// Files and folders into the archive.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store DICOM files and folders of them.",
        discussion: """
            Files that are no DICOM objects are skipped in folders and refused when named. Whatever is stored already \
            is not stored again, so an import can be repeated.
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var text: CharacterSetOptions
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "Files and folders.")
    var paths: [String]

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name at least one file or folder to import") }
    }

    func run() async throws {
        let disk = PosixDisk()
        let walk = try FileWalk(paths)
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let pool = WorkPool(threads: threads)
        let named = Set(paths)
        var report = try await ArchiveAccess.withOpen(folder, characterSet: text.setting()) { access in
            let importer = FileImporter(access: access, disk: disk, pool: pool, named: named)
            return try await importer.run(walk.files, progress: ProgressBar("Importing"))
        }
        report.refused = (report.refused + walk.refused).sorted { $0.path < $1.path }
        try await threads.shutdownGracefully()
        print(report)
        guard report.refused.isEmpty else { throw ExitCode.failure }
    }

    private func print(_ report: ImportReport) {
        if json {
            Console.say(report.json)
            return
        }
        for (path, reason) in report.refused { Console.complain("\(path): \(reason)") }
        Console.say(
            "\(report.stored) stored, \(report.alreadyStored) known already, \(report.skipped.count) skipped as no DICOM, "
                + "\(report.refused.count) refused"
        )
    }
}

extension Logger {
    /// A logger for commands that print their own results: warnings would say the same twice.
    static var quiet: Logger {
        var logger = Logger(label: "cassette")
        logger.logLevel = .error
        return logger
    }
}
