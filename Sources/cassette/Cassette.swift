import ArgumentParser
import CodecWorkers

/// The program: an encrypted DICOM archive in one binary.
@main
struct Cassette: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cassette",
        abstract: "An encrypted DICOM archive: studies in over DICOM, out over DICOMweb.",
        discussion: """
            Start with `cassette serve`; nothing needs to be configured. The archive lives in one folder (`data` unless \
            --data says otherwise), its root key beside it.
            """,
        version: Version.string,
        subcommands: [
            ServeCommand.self, ImportCommand.self, QueryCommand.self, VerifyCommand.self, DumpCommand.self,
            DeleteCommand.self, TrashCommand.self,
            CheckCommand.self, EditCommand.self, TranscodeCommand.self, RenderCommand.self, EchoCommand.self,
            SendCommand.self, ApplicationEntityCommand.self, IndexCommand.self, KeysCommand.self, ConfigCommand.self,
            JobsCommand.self, TiersCommand.self, StoreCommand.self, LabelCommand.self, HoldCommand.self,
            BackupCommand.self, RestoreCommand.self, AdoptCommand.self, DeidentifyCommand.self,
            ProjectCommand.self, ExportCommand.self,
        ]
    )

    /// Runs the command that the arguments name.
    ///
    /// Exit codes: 0 done, 1 failed, 2 bad usage.
    static func main() async {
        // First of all: a process that runs codecs is to be there at once, and knows no other commands.
        if CodecWorkerProcess.isAsked(by: CommandLine.arguments) {
            CodecWorkerProcess.run(arguments: CommandLine.arguments)
        }
        do {
            try checkCommand(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            Console.complain(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

/// What this build calls itself on the command line.
enum Version {
    static let string = "0.1.0"
}
