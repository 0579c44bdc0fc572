import ArgumentParser

/// Files looked through for all that is odd.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell what is odd in DICOM files, with place and rule.",
        discussion: """
            For a file: each finding with its offset, attribute and the place in the standard. For folders: a table of what \
            was found, how often, and in how many files; --details lists the findings, too. Values are never shown.

            Findings are errors (the object cannot be read further, or has no identity and no archive can file it), warnings \
            (against the standard, and read nevertheless) and notes. Exit code 1 when a DICOM object cannot be read to its \
            end, or a file that was named is none; else 0, whatever was found.
            """
    )

    @Flag(help: "Print JSON: a line for each file, then one with the summary.")
    var json = false
    @Flag(help: "List the findings of files in folders, too.")
    var details = false
    @Argument(help: "Files and folders.")
    var paths: [String] = []

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name a file or folder to check") }
    }

    func run() throws {
        let walk = try FileWalk(paths)
        let named = Set(paths)
        let isDetailed = details || walk.files.allSatisfy { named.contains($0) }
        var summary = CheckSummary()
        var output = OutputText()
        var progress = ProgressBar("Checking")
        for refusal in walk.refused {
            summary.skipped += 1
            Console.complain("\(Console.shown(refusal.path)): \(refusal.reason)")
        }
        for (position, path) in walk.files.enumerated() {
            progress.update(done: position, of: walk.files.count)
            let report = CheckReport(path)
            summary.take(report, isNamed: named.contains(path))
            if json {
                output.write(report.json + "\n")
            } else if isDetailed {
                for line in report.lines { output.write(line + "\n") }
            } else if !report.isReadable {
                output.write(report.lines.first.map { $0 + "\n" } ?? "")
            }
            if walk.files.count < 100 || !Console.isWatched { output.flush() }
        }
        progress.finish()
        if json {
            output.write(summary.json + "\n")
        } else if walk.files.count > 1 {
            for line in summary.lines { output.write(line + "\n") }
        }
        output.flush()
        guard !summary.hasFailed else { throw ExitCode.failure }
    }
}
