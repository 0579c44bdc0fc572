import ArchiveCatalog
import ArgumentParser
import DICOMCore

/// A study, a series or an instance into the bin.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Move a study, a series or an instance into the bin.",
        discussion: """
            What is deleted is hidden at once, and can be restored for a time: see `cassette trash`. Without --yes the command \
            tells what it would take and does nothing. Exit code 1 when a hold forbids it.
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @Argument(help: "Study Instance UID.")
    var study: String
    @Argument(help: "Series Instance UID, for one series.")
    var series: String?
    @Argument(help: "SOP Instance UID, for one instance.")
    var instance: String?
    @Option(help: "Why; kept with the deletion.")
    var reason = ""
    @Flag(help: "Do it.")
    var yes = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        _ = try scope()
    }

    func run() async throws {
        let scope = try scope()
        try await ArchiveAccess.withOpen(folder) { access in
            let removal = RemovalAccess(access)
            let preview = try await removal.preview(scope)
            guard yes else {
                return json ? Console.say(preview.json) : show(preview)
            }
            if preview.value.hold != nil { show(preview) }
            let outcome = try await removal.delete(scope, reason: reason)
            if json { return Console.say(outcome.json) }
            if let until = outcome.value.restorableUntil {
                Console.say(
                    "Deleted \(outcome.value.instances) instances (\(ByteCount.text(outcome.value.bytes))). "
                        + "Until \(until): cassette trash restore \(outcome.value.id)"
                )
            } else {
                Console.say(
                    "\(outcome.value.instances) instances wait for a second administrator: "
                        + "cassette trash confirm \(outcome.value.id)"
                )
            }
        }
    }

    private func show(_ preview: RemovalAnswer<DeletionPreviewSummary>) {
        let value = preview.value
        Console.say(
            "\(value.instances) instances of \(value.series) series, \(ByteCount.text(value.bytes)); "
                + "restorable until \(value.restorableUntil)"
        )
        if let hold = value.hold {
            Console.complain("Under a hold (\(hold.kind)) of \(hold.owner): \(Console.shown(hold.reason))")
        } else if value.needsConfirmation {
            Console.say("A second administrator must confirm so many.")
        }
        if !yes { Console.say("Nothing was deleted: add --yes to do it.") }
    }

    private func scope() throws -> ArchiveScope {
        func uid(_ text: String, _ name: String) throws -> UID {
            guard let uid = UID(text) else { throw ValidationError("'\(text)' is no \(name)") }
            return uid
        }
        return ArchiveScope(
            studyInstanceUID: try uid(study, "Study Instance UID"),
            seriesInstanceUID: try series.map { try uid($0, "Series Instance UID") },
            sopInstanceUID: try instance.map { try uid($0, "SOP Instance UID") }
        )
    }
}
