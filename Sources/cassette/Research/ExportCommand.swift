import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import DICOMPixels
import Foundation
import HTTPGateway
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform

/// De-identified cohorts, out of the archive.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Let the de-identified cohort of a project leave: folder, ZIP, S3, DICOM, DICOMweb.",
        discussion: """
            `cassette export --project P --to DIR` writes what the project chooses, without what identifies patients, \
            with manifest.csv and a signed report. It appears under its final name when it is whole; interrupted, the same \
            command goes on where it stopped. Objects in which an identifier is found stay, with the reason in \
            quarantine.csv. `cassette export verify DIR` checks an export.
            """,
        subcommands: [Run.self, List.self, Show.self, Cancel.self, Report.self, Verify.self],
        defaultSubcommand: Run.self
    )

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Export, or go on with an interrupted export.")

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "The project, by its name.")
        var project: String
        @Option(help: "What to choose within the project, as in Modality=CT&StudyDate=2020-2021.")
        var query: String?
        @Option(
            help: ArgumentHelp(
                "DIR, FILE.zip, s3://bucket/prefix, store:NAME, dicom://AET@host:port, https://host/dicomweb.",
                valueName: "place"
            )
        )
        var to: String
        @Option(
            help: ArgumentHelp(
                "Also write the new headers as a table, in folders by modality for Athena, Spark, DuckDB: ndjson or csv.",
                valueName: "form"
            ),
            transform: Self.headerTable
        )
        var headers: HeaderTable?
        @Flag(help: "Send what an earlier export has sent there, too: a peer may have lost it.")
        var again = false
        @Flag(help: "Begin and do not wait for the end; a server must run.")
        var detach = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let parameters = ExportParameters(
                project: project,
                query: query,
                destination: ExportPlace.absolute(to),
                headers: headers,
                sendsAgain: again
            )
            let ended = try await ExportCommand.withOpen(folder) { access in
                let started = try await access.ask(.POST, Self.path(parameters)) { _, principal in
                    guard case .local(let open, _) = access else { throw CommandFailure("The archive is not open") }
                    return ExportJSON.export(try await open.exports.start(parameters, as: principal))
                }
                if detach, case .remote = access { return started }
                let job = try started.decoded(JobSummary.self)
                _ = try await JobWatch("Exporting").finish(started, access)
                return try await ExportCommand.export(job.id, access)
            }
            try ExportCommand.tell(ended, json: json, place: ExportPlace.absolute(to))
        }

        private static func headerTable(_ text: String) throws -> HeaderTable {
            guard let table = HeaderTable(rawValue: text) else {
                throw ValidationError("--headers is ndjson or csv")
            }
            return table
        }

        private static func path(_ parameters: ExportParameters) -> String {
            func escaped(_ text: String) -> String {
                text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            }
            let query = parameters.query.map { "&query=" + escaped($0) } ?? ""
            return "/api/exports?project=\(escaped(parameters.project))&to=\(escaped(parameters.destination))" + query
                + (parameters.headers.map { "&headers=" + $0.rawValue } ?? "")
                + (parameters.sendsAgain ? "&again=true" : "")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show exports: those that have not ended, then the last."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.GET, "/api/exports") { _, principal in
                    guard case .local(let open, _) = access else { throw CommandFailure("The archive is not open") }
                    return ExportJSON.exports(try await open.exports.list(as: principal))
                }
            }
            guard !json else { return Console.say(String(buffer: answer)) }
            let exports = try answer.decoded([ExportSummary].self)
            guard !exports.isEmpty else { return Console.say("There are no exports.") }
            var table = TextTable(["Export", "Project", "State", "Created", "To"])
            for export in exports {
                table.append([export.id, export.project, export.state, String(export.created.prefix(19)), export.to])
            }
            table.lines.forEach(Console.say)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one export.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The id of the export.")
        var id: String

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { try await ExportCommand.export(id, $0) }
            guard !json else { return Console.say(String(buffer: answer)) }
            try answer.decoded(JobSummary.self).lines.forEach(Console.say)
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End an export and take away what it has written; an earlier one stays."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The id of the export.")
        var id: String

        func run() async throws {
            let id = try ExportCommand.id(id)
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.DELETE, "/api/exports/" + id.hex) { _, principal in
                    guard case .local(let open, _) = access else { throw CommandFailure("The archive is not open") }
                    return ExportJSON.export(try await open.exports.cancel(id, as: principal))
                }
            }
            guard !json else { return Console.say(String(buffer: answer)) }
            Console.say("export \(id.hex) \(try answer.decoded(JobSummary.self).state)")
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a document of an export that has ended.",
            discussion: "Of exports to DICOM peers and DICOMweb servers the documents are with the archive only."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: ArgumentHelp("\(ExportService.documentNames.joined(separator: ", ")).", valueName: "name"))
        var document = "report.json"
        @Argument(help: "The id of the export.")
        var id: String

        func run() async throws {
            let id = try ExportCommand.id(id)
            guard ExportService.documentNames.contains(document) else {
                throw ValidationError("--document is one of \(ExportService.documentNames.joined(separator: ", "))")
            }
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.GET, "/api/exports/" + id.hex + "/" + document) { _, principal in
                    guard case .local(let open, _) = access else { throw CommandFailure("The archive is not open") }
                    return try await open.exports.document(document, of: id, as: principal)
                }
            }
            Console.pour(answer)
        }
    }

    // MARK: Shared

    static func id(_ text: String) throws -> RandomID {
        guard let id = RandomID(hex: text) else {
            throw ValidationError("An export is named by 32 hexadecimal digits: see `cassette export list`")
        }
        return id
    }

    /// One export as JSON.
    fileprivate static func export(_ text: String, _ access: ArchiveAccess) async throws -> ByteBuffer {
        let id = try id(text)
        return try await access.ask(.GET, "/api/exports/" + id.hex) { _, principal in
            guard case .local(let open, _) = access else { throw CommandFailure("The archive is not open") }
            return ExportJSON.export(try await open.exports.export(id, as: principal))
        }
    }

    /// Opens the archive with processes for codecs and for reading text in pictures.
    fileprivate static func withOpen<Result: Sendable>(
        _ folder: DataFolderOptions,
        _ body: @escaping @Sendable (ArchiveAccess) async throws -> Result
    ) async throws -> Result {
        let limits = try LocalSettings(folder).limits.pixels.frame
        let codecs = CodecProcesses(limits, Logger(label: "cassette") { _ in SwiftLogNoOpLogHandler() })
        do {
            let result = try await codecs.run { try await ArchiveAccess.withOpen(folder, codecs: codecs, body) }
            try await codecs.close()
            return result
        } catch {
            try? await codecs.close()
            throw error
        }
    }

    fileprivate static func tell(_ answer: ByteBuffer, json: Bool, place: String) throws {
        let export = try answer.decoded(JobSummary.self)
        if json {
            Console.say(String(buffer: answer))
        } else {
            let sent = export.done - export.failures
            let project = try answer.decoded(ExportSummary.self).project
            switch export.state {
            case "done":
                Console.say("\(sent) objects, \(ByteText.text(export.bytes)), in \(place)")
                if export.done == 0 {
                    Console.complain(
                        "Nothing was chosen: `cassette project counts \(project)` tells what the query finds and what "
                            + "consent keeps back"
                    )
                }
                if export.failures > 0 {
                    Console.say("\(export.failures) objects stay: quarantine.csv and the report say why")
                }
                Console.say(
                    "export \(export.id); its report: cassette export report \(export.id) --document report.html"
                )
            case "failed":
                Console.complain("export \(export.id) failed: \(export.failure ?? "")")
                Console.complain(
                    "The same command begins anew; `cassette jobs resume \(export.id)` goes on, with a server"
                )
            default: Console.say("export \(export.id) \(export.state): \(export.progress)")
            }
        }
        if export.state == "failed" { throw ExitCode.failure }
    }
}

/// An export as it travels.
private struct ExportSummary: Decodable {
    let id: String
    let project: String
    let state: String
    let created: String
    let to: String
}
