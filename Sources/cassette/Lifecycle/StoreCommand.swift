import ArchiveServices
import ArgumentParser
import HTTPGateway
import NIOCore
import NIOHTTP1

/// The stores that packs may lie in.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "See the stores of packs, and try them out.",
        subcommands: [List.self, Check.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the stores that are configured.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        struct Store: Decodable {
            let name: String
            let kind: String
            let location: String
            let availability: String
        }

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.GET, "/api/stores") { archive, principal in
                    LifecycleJSON.stores(try archive.lifecycle.stores(as: principal))
                }
            }
            guard !json else { return Console.say(String(buffer: answer)) }
            var table = TextTable(["Store", "Kind", "Availability", "Where"])
            for store in try answer.decoded([Store].self) {
                table.append([
                    store.name, store.kind, store.availability,
                    store.location.isEmpty ? "the data folder" : store.location,
                ])
            }
            table.lines.forEach(Console.say)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a small blob into a store, read it back, list it and remove it.",
            discussion: "Exit code 1 when the store does not do all of it."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The name of the store.")
        var name: String

        struct Report: Decodable {
            struct Step: Decodable {
                let name: String
                let failure: String?
            }

            let isSound: Bool
            let steps: [Step]
        }

        func validate() throws {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) || (97...122).contains($0) })
            else { throw ValidationError("'\(name)' is no name of a store: see `cassette store list`") }
        }

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.POST, "/api/stores/" + name + "/check") { archive, principal in
                    LifecycleJSON.check(try await archive.storeChecks.check(name, as: principal))
                }
            }
            let report = try answer.decoded(Report.self)
            if json {
                Console.say(String(buffer: answer))
            } else {
                for step in report.steps { Console.say("\(step.name): \(step.failure ?? "works")") }
            }
            guard report.isSound else { throw ExitCode.failure }
        }
    }
}
