import ArchiveServices
import ArgumentParser
import DICOMCore
import DICOMPixels
import Deidentification
import Logging
import NIOCore
import Platform

/// Files without what identifies their patients.
struct DeidentifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deidentify",
        abstract: "Write DICOM files without what identifies their patients.",
        discussion: """
            By PS3.15 Annex E: the Basic Application Level Confidentiality Profile and its options. No archive is needed. \
            New files are named by their new UIDs and appear when they are complete and were read again without finding an \
            identifier of the patient; objects in which one is left stay, with the reason. Without --key-file pseudonyms are \
            of this run only. Options: \(DeidentificationOption.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @Option(help: ArgumentHelp("The profile: basic.", valueName: "name"))
    var profile = "basic"
    @Option(
        name: .customLong("option"),
        parsing: .singleValue,
        help: ArgumentHelp("An option of the profile; may be repeated.", valueName: "option"),
        completion: .list(DeidentificationOption.allCases.map(\.rawValue)),
        transform: Self.option
    )
    var options: [DeidentificationOption] = []
    @Option(name: .shortAndLong, help: "The folder that the new files go to.")
    var output: String
    @Option(help: "The key that pseudonyms follow from; made where there is no such file.")
    var keyFile: String?
    @Option(help: "What stands in front of the patients' pseudonyms.")
    var prefix = PseudonymPrefix.standard.string
    @Flag(help: "Move dates by whole weeks.")
    var keepWeekdays = false
    @Option(help: "A file of names that are taken out of texts, one a line.")
    var names: String?
    @Option(help: "Rules for pixels (YAML), beside those that come with the program.")
    var pixelRules: String?
    @Option(help: "Write a report of every action per attribute to this file (JSON).")
    var report: String?
    @Flag(help: "Replace new files that are there.")
    var force = false
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "Files and folders.")
    var paths: [String] = []

    private static func option(_ text: String) throws -> DeidentificationOption {
        if let option = DeidentificationOption(rawValue: text) { return option }
        let known = DeidentificationOption.allCases.map(\.rawValue)
        let hint = Spelling.nearest(to: text, in: known).map { ": did you mean \($0)?" }
        throw ValidationError("There is no option \(text)" + (hint ?? ", only \(known.joined(separator: ", "))"))
    }

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name a file or folder to de-identify") }
        guard profile == "basic" else {
            throw ValidationError("There is no profile \(profile): it is basic, and --option says what else is wanted")
        }
        guard PseudonymPrefix(prefix) != nil else {
            throw ValidationError("--prefix is 1 to 16 letters, digits, hyphens and underscores")
        }
        do {
            _ = try DeidentificationProfile(options: Set(options))
        } catch {
            throw ValidationError(error.description)
        }
        guard !keepWeekdays || options.contains(.retainLongitudinalModifiedDates) else {
            let option = DeidentificationOption.retainLongitudinalModifiedDates.rawValue
            throw ValidationError("--keep-weekdays is about dates that move: add --option \(option)")
        }
    }

    func run() async throws {
        let job = try prepared()
        let summary: DeidentificationSummary
        do {
            summary = try await job.codecs.run { try await job.run.run(job.walk) }
        } catch {
            try await job.codecs.close()
            throw error
        }
        try await job.codecs.close()
        try finish(summary, job)
    }

    /// What is made of the arguments before any file is read.
    private struct Job {
        let walk: FileWalk
        let codecs: CodecProcesses
        let run: DeidentificationRun
        let profile: DeidentificationProfile
        /// Whether the key of a file is new; `nil` without a file.
        let isKeyNew: Bool?
    }

    // Apart from `run`: the compiler (Swift 6.3.1, optimizing) fails on closures with typed errors in an async function.
    private func prepared() throws -> Job {
        let profile = try DeidentificationProfile(options: Set(options))
        let walk = try FileWalk(paths)
        let folder = try DeidentifiedFolder(output, isForced: force, reading: paths)
        if let report, FileKind(of: report, followsLinks: true) == .folder {
            throw CommandFailure("\(report) is a folder: name a file with --report")
        }
        var listed = NameList.empty
        if let names { listed = NameList(lines: try Self.text(of: names)) }
        var rules = PixelRules.standard
        if let pixelRules { rules = try PixelRuleFile.rules(yaml: try Self.text(of: pixelRules), path: pixelRules) }
        var key = ProjectKey.random()
        var isKeyNew: Bool?
        if let keyFile { (key, isKeyNew) = try Self.key(at: keyFile) }
        let pseudonyms = Pseudonyms(
            key: key,
            scheme: .keyed(prefix: PseudonymPrefix(prefix) ?? .standard),
            dates: profile.datePolicy(keepsWeekday: keepWeekdays)
        )
        let limits = try ArchiveLimits.fromEnvironment().pixels
        let codecs = CodecProcesses(limits.frame, Logger(label: "cassette") { _ in SwiftLogNoOpLogHandler() })
        let objects = ObjectDeidentification(
            profile: profile,
            pseudonyms: pseudonyms,
            names: listed,
            leakPolicy: profile.leakPolicy(keepsWeekday: keepWeekdays),
            cleaner: PixelCleaner(rules: rules, codec: codecs.codec, recognizer: codecs.recognizer),
            frameLengthLimit: limits.frame.frameLength
        )
        let run = DeidentificationRun(objects: objects, folder: folder, pool: codecs.pool, named: Set(paths))
        return Job(walk: walk, codecs: codecs, run: run, profile: profile, isKeyNew: isKeyNew)
    }

    private static func key(at path: String) throws -> (ProjectKey, Bool?) {
        let found = try ProjectKeyFile.key(at: path)
        return (found.key, found.isNew)
    }

    private func finish(_ summary: DeidentificationSummary, _ job: Job) throws {
        if let report {
            let path = report.contains("/") ? report : "./" + report
            try SmallFile(path: path, disk: PosixDisk()).write(summary.report(job.profile))
        }
        tell(summary, job.isKeyNew)
        guard summary.refused.isEmpty, job.walk.refused.isEmpty else { throw ExitCode.failure }
    }

    private func tell(_ summary: DeidentificationSummary, _ isKeyNew: Bool?) {
        guard !json else {
            let members = summary.members + [("key", JSONText.string(isKeyNew == nil ? "random" : "file"))]
            return Console.say(JSONText.object(members))
        }
        for line in summary.lines { Console.say(line) }
        switch isKeyNew {
        case .none:
            Console.say("Pseudonyms are of this run only: with --key-file FILE another run would give the same ones")
        case .some(true):
            Console.say("A new key is in \(keyFile ?? ""): who has it can tell who a pseudonym stands for")
        case .some(false): break
        }
    }

    private static func text(of path: String) throws -> String {
        var input = try InputBytes(path)
        defer { input.close() }
        var text = ""
        while let piece = try input.next() {
            text += String(buffer: piece)
            guard text.utf8.count <= 16 << 20 else { throw CommandFailure("\(path) is longer than 16 MiB") }
        }
        return text
    }
}
