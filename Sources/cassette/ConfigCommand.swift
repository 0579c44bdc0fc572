import ArgumentParser
import DICOMCore
import Logging
import Platform

/// The configuration file.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Work on the configuration file.",
        subcommands: [Check.self, Limits.self]
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
            let members =
                [
                    ("data", settings.data), ("aet", settings.aet.string), ("dicom-port", String(settings.dicomPort)),
                    ("http-port", String(settings.httpPort)), ("bind", settings.bind),
                    ("log-level", settings.logLevel.rawValue),
                ] + (settings.characterSet.map { [("character-set", $0.text)] } ?? [])
                + (settings.rootKey?.members ?? []) + settings.storage.members
                + LimitSettings.all.map { ($0.key, $0.text(settings.limits)) }
            if json {
                Console.say(JSONText.object(members.map { ($0.0, JSONText.string($0.1)) }))
            } else {
                for (key, value) in members { Console.say("\(key): \(value)") }
            }
        }
    }

    struct Limits: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every limit, with its value and what it may be set to.",
            discussion: """
                Values come from the environment (CASSETTE_LIMITS_...), else from the file, else they are the defaults.
                """
        )

        @Option(help: "A YAML file with settings.")
        var config: String?
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let limits: ArchiveLimits
            do throws(ConfigurationProblem) {
                let file = try config.map { path throws(ConfigurationProblem) in try ConfigurationFile.read(path) }
                limits = try ArchiveLimits(
                    SettingSource(typed: [:], file: file ?? ConfigurationFile(), usesEnvironment: true)
                )
            } catch {
                throw CommandFailure((config.map { "\($0): " } ?? "") + "\(error)")
            }
            Console.say(json ? Self.json(limits) : Self.table(limits))
        }

        private static func json(_ limits: ArchiveLimits) -> String {
            JSONText.array(
                LimitSettings.all.map { setting in
                    JSONText.object([
                        ("key", JSONText.string(setting.key)), ("environment", JSONText.string(setting.variable)),
                        ("value", String(setting.read(limits))), ("default", String(setting.standard)),
                        ("least", String(setting.range.lowerBound)), ("most", String(setting.range.upperBound)),
                        ("unit", JSONText.string(setting.unit.rawValue)), ("meaning", JSONText.string(setting.meaning)),
                    ])
                }
            )
        }

        private static func table(_ limits: ArchiveLimits) -> String {
            let rows =
                [["key", "value", "default", "least", "most", "meaning"]]
                + LimitSettings.all.map { setting in
                    [
                        setting.key, setting.text(limits), setting.unit.text(setting.standard),
                        setting.unit.text(setting.range.lowerBound), setting.unit.text(setting.range.upperBound),
                        setting.meaning,
                    ]
                }
            let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
            let lines = rows.map { row in
                zip(row, widths + [0]).map { cell, width in
                    cell + String(repeating: " ", count: max(0, width - cell.count))
                }.joined(separator: "  ")
            }
            return lines.joined(separator: "\n")
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
