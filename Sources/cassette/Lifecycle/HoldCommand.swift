import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import DICOMCore
import HTTPGateway
import NIOCore
import NIOHTTP1

/// Holds of studies.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep studies from being deleted, shredded or moved.",
        discussion: "A legal hold lasts until it is removed or its day is over; a retention period needs a day.",
        subcommands: [Add.self, Remove.self, List.self],
        defaultSubcommand: List.self
    )

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case legal
        case retention

        var kind: Hold.Kind {
            switch self {
            case .legal: .legal
            case .retention: .retention
            }
        }
    }

    struct Summary: Codable {
        let studyInstanceUID: String
        let kind: String
        let reason: String
        let owner: String
        let placedAt: String
        let until: String?

        var line: String {
            "\(studyInstanceUID)  \(kind)" + (until.map { "  until \($0.prefix(10))" } ?? "")
                + "  \(Console.shown(reason))"
        }

        var json: String {
            JSONText.object(
                [
                    ("studyInstanceUID", JSONText.string(studyInstanceUID)), ("kind", JSONText.string(kind)),
                    ("reason", JSONText.string(reason)), ("owner", JSONText.string(owner)),
                    ("placedAt", JSONText.string(placedAt)),
                ] + (until.map { [("until", JSONText.string($0))] } ?? [])
            )
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Place a hold on a study, or change it.")

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "legal or retention.")
        var kind = Kind.legal
        @Option(help: "Why; no names of patients.")
        var reason: String
        @Option(help: "The last day, like 2030-12-31 (UTC). (default: until it is removed)")
        var until: String?
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The Study Instance UID.", transform: studyUID)
        var study: UID

        func validate() throws {
            guard !reason.isEmpty, reason.utf8.count <= 200 else {
                throw ValidationError("--reason wants 1 to 200 bytes")
            }
            if let until, HoldDay.end(of: until) == nil {
                throw ValidationError("--until wants a day like 2030-12-31, not '\(until)'")
            }
        }

        func run() async throws {
            let path = HoldCommand.path(study, kind) + (until.map { "?until=" + $0 } ?? "")
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.PUT, path, body: reason) { archive, principal in
                    LifecycleJSON.holds([
                        try await archive.holds.hold(
                            study,
                            kind: kind.kind,
                            reason: reason,
                            until: until.flatMap { HoldDay.end(of: $0) },
                            as: principal
                        )
                    ])
                }
            }
            for hold in try answer.decoded([Summary].self) { Console.say(json ? hold.json : hold.line) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Release a hold.")

        @OptionGroup var folder: DataFolderOptions
        @Option(help: "legal or retention.")
        var kind = Kind.legal
        @Argument(help: "The Study Instance UID.", transform: studyUID)
        var study: UID

        func run() async throws {
            _ = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.DELETE, HoldCommand.path(study, kind)) { archive, principal in
                    guard try await archive.holds.release(study, kind: kind.kind, as: principal) else {
                        throw ArchiveError(.notFound, "The study has no such hold")
                    }
                    return ByteBuffer()
                }
            }
            Console.say("The hold is released")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the holds in force.")

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let holds = try await ArchiveAccess.withOpen(folder) { try await self.holds($0) }
            if json {
                Console.say(JSONText.array(holds.map(\.json)))
            } else if holds.isEmpty {
                Console.say("No study is held.")
            } else {
                for hold in holds { Console.say(hold.line) }
            }
        }

        private func holds(_ access: ArchiveAccess) async throws -> [Summary] {
            var all: [Summary] = []
            while true {
                let last = all.last.flatMap { last in
                    UID(last.studyInstanceUID).flatMap { uid in
                        Hold.Kind(rawValue: last.kind).map { LifecycleServices.place(uid, $0) }
                    }
                }
                let query = last.map { "?after=\($0.studyInstanceUID.string)&kind=\($0.kind.rawValue)" } ?? ""
                let answer = try await access.ask(.GET, "/api/holds" + query) { archive, principal in
                    LifecycleJSON.holds(try await archive.holds.holds(after: last, limit: 1_000, as: principal))
                }
                let page = try answer.decoded([Summary].self)
                guard !page.isEmpty else { return all }
                all += page
            }
        }
    }

    static func path(_ study: UID, _ kind: Kind) -> String {
        "/api/studies/\(study.string)/holds/\(kind.rawValue)"
    }
}
