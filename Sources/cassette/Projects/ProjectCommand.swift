import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import Deidentification
import HTTPGateway
import NIOHTTP1

/// Research projects.
struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Research projects: whose data may leave, as what, and for whom.",
        discussion: """
            A project chooses studies by a query as `cassette query` and QIDO-RS have it, keeps the consent of their \
            patients, and calls them by pseudonyms that follow from a key of its own. Researchers get a token that opens \
            the figures of their project and nothing else. `close` destroys the key: then nobody can tell who is who.
            """,
        subcommands: [
            List.self, Create.self, Show.self, Update.self, Close.self, ProjectConsentCommand.self,
            ProjectResearcherCommand.self, Counts.self, Summary.self, Pseudonyms.self,
            LookUp.self,
        ],
        defaultSubcommand: List.self
    )

    /// What can be said of a new project and of one that is there.
    struct Settings: ParsableArguments {
        @Option(help: "The studies: keys with values, Modality=CT&StudyDate=2020-2021; StudyDate=* takes all.")
        var query: String?
        @Option(help: "What it is about.")
        var title: String?
        @Option(name: .customLong("protocol"), help: "Clinical Trial Protocol ID.")
        var protocolID: String?
        @Option(help: "Clinical Trial Sponsor Name.")
        var sponsor: String?
        @Option(
            name: .customLong("option"),
            parsing: .singleValue,
            help: ArgumentHelp("An option of the de-identification profile; may be repeated.", valueName: "option"),
            completion: .list(DeidentificationOption.allCases.map(\.rawValue))
        )
        var options: [String] = []
        @Option(
            help: ArgumentHelp("What becomes of dates: removed, kept, shifted, or shifted-weeks.", valueName: "word"),
            transform: oneOf
        )
        var dates: Project.Dates?
        @Option(
            help: ArgumentHelp("What patients must have said: opt-in, opt-out, or waiver.", valueName: "word"),
            transform: oneOf
        )
        var consent: Project.ConsentRule?
        @Option(help: ArgumentHelp("The last day on which anything leaves: 2030-12-31, or never.", valueName: "day"))
        var expires: String?
        @Option(help: ArgumentHelp("Researchers are told nothing of fewer patients.", valueName: "number"))
        var minimumCellSize: Int?

        func validate() throws {
            if let expires, expires != "never", HoldDay.end(of: expires) == nil {
                throw ValidationError("--expires wants a day like 2030-12-31, or never, not '\(expires)'")
            }
            for option in options where DeidentificationOption(rawValue: option) == nil {
                let known = DeidentificationOption.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("There is no option \(option), only \(known)")
            }
        }

        /// The members of a request.
        var members: [(String, String)] {
            var members: [(String, String)] = []
            for (name, text) in [
                ("query", query), ("title", title), ("protocolID", protocolID), ("sponsor", sponsor),
                ("dates", dates?.rawValue), ("consent", consent?.rawValue),
            ] {
                if let text { members.append((name, JSONText.string(text))) }
            }
            if !options.isEmpty { members.append(("options", JSONText.array(options.map(JSONText.string)))) }
            if let expires { members.append(("expires", expires == "never" ? "null" : JSONText.string(expires))) }
            if let minimumCellSize { members.append(("minimumCellSize", String(minimumCellSize))) }
            return members
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a project.",
            discussion:
                "Unless other is said: opt-in, dates removed, keyed pseudonyms, no end, 10 patients for a figure."
        )

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var settings: Settings
        @Option(
            help: ArgumentHelp("How patients are called: keyed, or numbered (NAME-0001). For good.", valueName: "word"),
            transform: oneOf
        )
        var patients: Project.PatientNaming?
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func validate() throws {
            guard settings.query != nil else {
                throw ValidationError(
                    "Say which studies: --query 'Modality=CT&StudyDate=2020-2021', StudyDate=* takes all"
                )
            }
        }

        func run() async throws {
            var members = [("name", JSONText.string(name.project))] + settings.members
            if let patients { members.append(("patients", JSONText.string(patients.rawValue))) }
            let answer = try await ProjectAccess.ask(folder, .POST, body: JSONText.object(members))
            guard !json else { return Console.say(answer.text) }
            try answer.decoded(ProjectSummary.self).lines.forEach(Console.say)
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a project.",
            discussion: "Pseudonyms stay. Options replace all that there were; new ones hold for later exports."
        )

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var settings: Settings
        @Flag(help: "No options any more.")
        var withoutOptions = false
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func validate() throws {
            guard !settings.members.isEmpty || withoutOptions else {
                throw ValidationError("Say what to change: see `cassette project update --help`")
            }
            guard settings.options.isEmpty || !withoutOptions else {
                throw ValidationError("Give --option or --without-options, not both")
            }
        }

        func run() async throws {
            var members = settings.members
            if withoutOptions { members.append(("options", "[]")) }
            let answer = try await ProjectAccess.ask(folder, .PATCH, "/" + name.project, body: JSONText.object(members))
            guard !json else { return Console.say(answer.text) }
            try answer.decoded(ProjectSummary.self).lines.forEach(Console.say)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all projects.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .GET)
            guard !json else { return Console.say(answer.text) }
            let projects = try answer.decoded([ProjectSummary].self)
            guard !projects.isEmpty else {
                return Console.say("There is no project: make one with `cassette project create`.")
            }
            var table = TextTable(ProjectSummary.titles)
            for project in projects { table.append(project.cells) }
            table.lines.forEach(Console.say)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one project.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .GET, "/" + name.project)
            guard !json else { return Console.say(answer.text) }
            try answer.decoded(ProjectSummary.self).lines.forEach(Console.say)
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cut all ties: destroy the key of a project, its mapping table, consents and tokens.",
            discussion: """
                Nobody can tell afterwards who a pseudonym stands for, and a patient who comes again in another project \
                is somebody else. Exports that are out stay out. Older copies of the keyring hold the key until the epoch \
                of the key-encryption keys ends: the server does that within a day, `cassette keys shred --epoch` does it \
                now. Take a backup then: older ones open with its keyring, in which the key is gone.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Do it.")
        var yes = false
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            guard yes else {
                throw CommandFailure(
                    "With \(name.project) closed nobody can tell any more who its pseudonyms stand for: add --yes to do it"
                )
            }
            let body = JSONText.object([("confirm", JSONText.string(name.project))])
            let answer = try await ProjectAccess.ask(folder, .POST, "/\(name.project)/close", body: body)
            guard !json else { return Console.say(answer.text) }
            Console.say(
                "\(name.project) is closed: its key, mapping table, consents and tokens are destroyed. "
                    + "Take a backup: with older keyrings they are not."
            )
        }
    }

    struct Counts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Count what of a project may leave.")

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "Only these of its studies: keys with values, Modality=CT&StudyDate=2020-2021.")
        var query: String?
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .GET, "/\(name.project)/counts", query: query)
            guard !json else { return Console.say(answer.text) }
            try answer.decoded(CountsSummary.self).lines.forEach(Console.say)
        }
    }

    struct Summary: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how well patients hide among others of the same age, sex, year and site."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "Only these of its studies: keys with values, Modality=CT&StudyDate=2020-2021.")
        var query: String?
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .GET, "/\(name.project)/summary", query: query)
            guard !json else { return Console.say(answer.text) }
            try answer.decoded(AnonymityLines.self).lines.forEach(Console.say)
        }
    }

    struct Pseudonyms: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give pseudonyms to all patients of a project who may leave, as its exports would."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName

        func run() async throws {
            let answer = try await ProjectAccess.ask(folder, .POST, "/\(name.project)/pseudonyms")
            guard !json else { return Console.say(answer.text) }
            struct Given: Decodable { let patients: Int }
            Console.say("\(try answer.decoded(Given.self).patients) patients have pseudonyms")
        }
    }

    struct LookUp: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "lookup",
            abstract: "Tell who a pseudonym stands for, or what a patient is called."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "The Patient ID of who is called something.")
        var patientID: String?
        @Option(help: "The issuer of the Patient ID; any without it.")
        var issuer: String?
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup var name: ProjectName
        @Argument(help: "The pseudonym.")
        var pseudonym: String?

        func validate() throws {
            guard (pseudonym == nil) != (patientID == nil) else {
                throw ValidationError("Give either a pseudonym or --patient-id")
            }
            guard issuer == nil || patientID != nil else { throw ValidationError("--issuer belongs to --patient-id") }
        }

        func run() async throws {
            let members = [("pseudonym", pseudonym), ("patientID", patientID), ("issuer", issuer)].compactMap {
                member in
                member.1.map { (member.0, JSONText.string($0)) }
            }
            let answer = try await ProjectAccess.ask(
                folder,
                .POST,
                "/\(name.project)/lookup",
                body: JSONText.object(members)
            )
            guard !json else { return Console.say(answer.text) }
            for patient in try answer.decoded([MappedSummary].self) { Console.say(patient.line) }
        }
    }
}
