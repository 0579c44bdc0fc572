import ArgumentParser
import DICOMCore

extension Cassette {
    /// Complains about a first word that is no command, with the command that it resembles.
    static func checkCommand(_ arguments: [String]) throws {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let typed = arguments.first, !typed.hasPrefix("-"), typed != "help", !names.contains(typed) else {
            return
        }
        let hint = Spelling.nearest(to: typed, in: names).map { ": did you mean '\($0)'?" }
        throw ValidationError("There is no command '\(typed)'" + (hint ?? ", only \(names.joined(separator: ", "))"))
    }
}
