import ArgumentParser
import Platform

/// The bin: what was deleted and can be restored.
struct TrashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trash",
        abstract: "Look at what was deleted, restore it, or end its time.",
        subcommands: [List.self, Restore.self, Empty.self, Requests.self, Confirm.self, Withdraw.self, Compact.self],
        defaultSubcommand: List.self
    )

    /// The id of a deletion or request.
    struct Identifier: ParsableArguments {
        @Argument(help: "The id, as the list prints it.")
        var id: String

        func parsed() throws -> RandomID {
            guard let id = RandomID(hex: id) else {
                throw ValidationError("'\(id)' is no id: it has 32 hexadecimal digits, see `cassette trash list`")
            }
            return id
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what can be restored.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let bin = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).bin() }
            if json { return Console.say(bin.json) }
            guard !bin.value.isEmpty else { return Console.say("The bin is empty.") }
            for entry in bin.value { Console.say(entry.line) }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a deletion back.")

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var identifier: Identifier
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let id = try identifier.parsed()
            let answer = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).restore(id) }
            Console.say(json ? answer.json : "Restored \(answer.value.instances) instances.")
        }
    }

    struct Empty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the time in which deletions can be restored, for one or all.",
            discussion:
                "What is under a hold stays. The bytes go with the next compaction: see `cassette trash compact`."
        )

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "One deletion, by its id; without it all.")
        var id: String?
        @Option(help: "Only what was deleted at least that many days ago.")
        var olderThanDays: Int?
        @Flag(help: "Do it.")
        var yes = false
        @Flag(help: "Print JSON.")
        var json = false

        func validate() throws {
            guard id == nil || olderThanDays == nil else {
                throw ValidationError("Give --id or --older-than-days, not both")
            }
            guard olderThanDays.map({ (0...36_500).contains($0) }) ?? true else {
                throw ValidationError("--older-than-days wants a number from 0 to 36500")
            }
        }

        func run() async throws {
            guard yes else {
                throw CommandFailure("What leaves the bin cannot be restored: add --yes to do it")
            }
            var one = TrashCommand.Identifier()
            one.id = id ?? ""
            let wanted = id == nil ? nil : try one.parsed()
            let age = Duration.seconds(86_400 * Int64(olderThanDays ?? 0))
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                if let wanted { return try await RemovalAccess(access).end(wanted) }
                return try await RemovalAccess(access).emptyBin(olderThan: age)
            }
            Console.say(
                json
                    ? answer.json
                    : "\(answer.value.deletions) deletions of \(answer.value.instances) instances "
                        + "(\(ByteCount.text(answer.value.bytes))) are final."
            )
        }
    }

    struct Requests: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what waits for a second administrator.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let requests = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).requests() }
            if json { return Console.say(requests.json) }
            guard !requests.value.isEmpty else { return Console.say("Nothing waits.") }
            for request in requests.value { Console.say(request.line) }
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Carry out what another administrator asked for.")

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var identifier: Identifier
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let id = try identifier.parsed()
            let answer = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).confirm(id) }
            Console.say(json ? answer.json : "Deleted \(answer.value.instances) instances.")
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Withdraw a request.")

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var identifier: Identifier

        func run() async throws {
            let id = try identifier.parsed()
            try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).withdraw(id) }
            Console.say("Withdrawn.")
        }
    }

    struct Compact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Free the bytes of what is final.",
            discussion: """
                Packs with dead records are copied without them; the old ones go after the grace time. The server does this by \
                itself when much of a pack is dead (settings compact-every, compact-dead, compact-small-packs).
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Tell what would be done, and do nothing.")
        var dryRun = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            guard !dryRun else { return try await tellForecast() }
            let answer = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).compact() }
            Console.say(
                json
                    ? answer.json
                    : "\(answer.value.rewritten) packs rewritten (\(ByteCount.text(answer.value.deadBytes)) dead), "
                        + "\(answer.value.removed) removed."
            )
            guard answer.value.failures == 0 else {
                throw CommandFailure("\(answer.value.failures) packs could not be compacted: see the log")
            }
        }

        private func tellForecast() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { try await RemovalAccess($0).compactionForecast() }
            guard !json else { return Console.say(answer.json) }
            let forecast = answer.value
            Console.say(
                "\(forecast.deadPacks) packs with \(ByteCount.text(forecast.deadBytes)) dead, \(forecast.smallPacks) small "
                    + "packs of \(forecast.scatteredStudies) studies; \(forecast.superseded) wait for their grace time."
            )
            if forecast.held > 0 { Console.say("\(forecast.held) studies are held and stay as they are.") }
        }
    }
}
