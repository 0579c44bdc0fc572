import ArgumentParser
import DICOMCore
import Logging
import Platform

/// The configuration file.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Work on the configuration file.",
        subcommands: [Check.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a configuration file, and show the settings that it leads to.",
            discussion: """
                What the file leaves out has its default here; the environment and the command line of `serve` win \
                over it.
                """
        )

        @Argument(help: "The YAML file.")
        var file: String
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let settings: ServerSettings
            do throws(ConfigurationProblem) {
                settings = try ServerSettings(
                    typed: [:],
                    file: ConfigurationFile.read(file),
                    opensAccess: false,
                    usesEnvironment: false
                )
            } catch {
                throw CommandFailure("\(file): \(error)")
            }
            let members = [
                ("data", settings.data), ("aet", settings.aet.string), ("dicom-port", String(settings.dicomPort)),
                ("http-port", String(settings.httpPort)), ("bind", settings.bind),
                ("log-level", settings.logLevel.rawValue),
            ]
            if json {
                Console.say(JSONText.object(members.map { ($0.0, JSONText.string($0.1)) }))
            } else {
                for (key, value) in members { Console.say("\(key): \(value)") }
            }
        }
    }
}

extension ConfigurationFile {
    /// Reads a file.
    static func read(_ path: String) throws(ConfigurationProblem) -> ConfigurationFile {
        let text: String?
        do {
            text = try SmallFile(path: path, disk: PosixDisk()).read()
        } catch {
            throw ConfigurationProblem(line: nil, "the file cannot be read: \(error)")
        }
        guard let text else { throw ConfigurationProblem(line: nil, "there is no such file") }
        return try ConfigurationFile(yaml: text)
    }
}
