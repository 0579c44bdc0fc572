import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import NIOCore
import NIOHTTP1

/// What patients say to a project.
struct ProjectConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "Write down what patients say to a project, or count it.",
        discussion: """
            A list is a file of comma-separated values whose first line is PatientID,Issuer,Consent (Issuer may be \
            missing), with given or withdrawn in the last column. Without an issuer a statement holds for the id whoever \
            issued it. Of who has withdrawn nothing leaves any more, and the pseudonym does not tell the patient.
            """
    )

    /// The longest list.
    private static let lengthLimit = 64 << 20

    @OptionGroup var folder: DataFolderOptions
    @Option(help: ArgumentHelp("The Patient ID of who agrees.", valueName: "patient-id"))
    var given: String?
    @Option(help: ArgumentHelp("The Patient ID of who does not, or no more.", valueName: "patient-id"))
    var withdrawn: String?
    @Option(help: "The issuer of the Patient ID.")
    var issuer: String?
    @Option(help: ArgumentHelp("A list of consents.", valueName: "file"))
    var list: String?
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var name: ProjectName

    func validate() throws {
        guard [given, withdrawn, list].count(where: { $0 != nil }) <= 1 else {
            throw ValidationError("Give one of --given, --withdrawn and --list")
        }
        guard issuer == nil || given != nil || withdrawn != nil else {
            throw ValidationError("--issuer belongs to --given or --withdrawn")
        }
    }

    func run() async throws {
        let path = "/\(name.project)/consents"
        let body = try body()
        let answer = try await ProjectAccess.ask(folder, body == nil ? .GET : .POST, path, body: body)
        guard !json else { return Console.say(answer.text) }
        Console.say(try answer.decoded(ConsentSummary.self).line)
    }

    private func body() throws -> String? {
        if let list { return try text(of: list) }
        guard let patientID = given ?? withdrawn else { return nil }
        return JSONText.object([
            ("patientID", JSONText.string(patientID)), ("issuer", JSONText.string(issuer ?? "")),
            ("consent", JSONText.string(given == nil ? "withdrawn" : "given")),
        ])
    }

    private func text(of path: String) throws -> String {
        var input = try InputBytes(path)
        defer { input.close() }
        var bytes = ByteBuffer()
        while var piece = try input.next() {
            bytes.writeBuffer(&piece)
            guard bytes.readableBytes <= Self.lengthLimit else {
                throw CommandFailure("\(path) is longer than 64 MiB: split it")
            }
        }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw CommandFailure("\(path) is not in UTF-8: save it as such")
        }
        return text
    }
}

/// Who may see a project.
struct ProjectResearcherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "researcher",
        abstract: "Let researchers see a project, for a time.",
        subcommands: [Add.self, Remove.self, List.self],
        defaultSubcommand: List.self
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token for a researcher; it is shown once.",
            discussion: "The token opens the figures of this project over HTTP, nothing else of the archive."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "For how many days: 1 to 365.")
        var days = 90
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName
        @Argument(help: "The researcher: letters, digits, '-', '_' and '.'.", transform: researcherName)
        var researcher: String

        func validate() throws {
            guard (1...ProjectService.longestAdmission).contains(days) else {
                throw ValidationError("--days wants a number from 1 to \(ProjectService.longestAdmission)")
            }
        }

        func run() async throws {
            let body = JSONText.object([("name", JSONText.string(researcher)), ("days", String(days))])
            let path = "/\(name.project)/researchers"
            let answer = try await ProjectAccess.ask(folder, .POST, path, body: body)
            guard !json else { return Console.say(answer.text) }
            let admitted = try answer.decoded(ResearcherSummary.self)
            Console.complain(
                "The token of \(admitted.name), good until \(admitted.expires.prefix(10)). It is shown only now:"
            )
            Console.say(admitted.token ?? "")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a researcher's token away, at once.")

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var name: ProjectName
        @Argument(help: "The researcher.", transform: researcherName)
        var researcher: String

        func run() async throws {
            _ = try await ProjectAccess.ask(folder, .DELETE, "/\(name.project)/researchers/\(researcher)")
            Console.say("The token of \(researcher) opens nothing any more")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the researchers of a project.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .GET, "/\(name.project)/researchers")
            guard !json else { return Console.say(answer.text) }
            let researchers = try answer.decoded([ResearcherSummary].self)
            guard !researchers.isEmpty else { return Console.say("Nobody but administrators sees the project.") }
            var table = TextTable(["NAME", "SINCE", "UNTIL"])
            for one in researchers {
                table.append([one.name, String(one.createdAt.prefix(10)), String(one.expires.prefix(10))])
            }
            table.lines.forEach(Console.say)
        }
    }
}

/// Reads the name of a researcher from the command line.
@Sendable
func researcherName(_ text: String) throws -> String {
    guard StudyLabel(text) != nil else {
        throw ValidationError("'\(text)' is no name of a researcher: 1 to 64 letters, digits, '-', '_' and '.'")
    }
    return text
}
