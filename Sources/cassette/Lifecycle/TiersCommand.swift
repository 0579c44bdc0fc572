import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation
import HTTPGateway
import NIOCore
import NIOHTTP1

/// Where studies lie, and where the rules want them.
struct TiersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiers",
        abstract: "See where studies lie, and move them as the rules say.",
        discussion: """
            Stores and rules stand in the configuration file (--config); `cassette config check` explains them. A \
            running server follows the rules by itself (move-every, move-hours).
            """,
        subcommands: [Status.self, Plan.self, Run.self, Prefetch.self],
        defaultSubcommand: Status.self
    )

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show for each store its studies, packs and bytes, and the work on them."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                try await access.ask(.GET, "/api/tiers") { archive, principal in
                    LifecycleJSON.status(try await archive.lifecycle.status(as: principal))
                }
            }
            guard !json else { return Console.say(String(buffer: answer)) }
            try answer.decoded(TierSummary.self).lines.forEach(Console.say)
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what the rules would move now, and what it would cost; nothing moves.",
            discussion: "The first \(LifecycleService.namedStudies) studies are named with --studies or --json."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Name the studies, and say why each moves.")
        var studies = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { try await ask($0) }
            guard !json else { return Console.say(String(buffer: answer)) }
            let plan = try answer.decoded(PlanSummary.self)
            plan.lines.forEach(Console.say)
            if studies { plan.studyLines.forEach(Console.say) }
        }

        private func ask(_ access: ArchiveAccess) async throws -> ByteBuffer {
            guard case .remote(let archive) = access else {
                return try await access.ask(.POST, "/api/tiers/plan") { archive, principal in
                    LifecycleJSON.plan(try await archive.lifecycle.plan(as: principal))
                }
            }
            struct Line: Decodable { let isComplete: Bool }
            var last = ""
            try await archive.lines("/api/tiers/plan") { last = $0 }
            let answer = ByteBuffer(string: last)
            guard try answer.decoded(Line.self).isComplete else {
                throw CommandFailure("The server stopped in the middle of the plan: see its log")
            }
            return answer
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move what the rules say, now.",
            discussion: """
                A running server does it, and goes on with it when this command is stopped. Without one it is done \
                here. The old copy of a pack goes after the grace time.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Do not wait for the end.")
        var detach = false
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                let started = try await access.ask(.POST, "/api/tiers/run") { archive, principal in
                    LifecycleJSON.job(try await archive.lifecycle.run(as: principal))
                }
                guard !detach else { return started }
                return try await JobWatch("Moving").finish(started, access)
            }
            try JobWatch.report(answer, json: json)
        }
    }

    struct Prefetch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring studies into the data folder before somebody reads them.",
            discussion: "The file holds one Study Instance UID on each line; '-' reads them from standard input."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Wait until all of them are there.")
        var wait = false
        @Flag(help: "Print JSON.")
        var json = false
        @Argument(help: "The file with the list, or '-'.")
        var file: String

        func run() async throws {
            let text = try Self.text(file)
            guard let studies = StudyList.studies(in: text) else {
                throw CommandFailure("\(file) must hold one Study Instance UID on each line")
            }
            let answer = try await ArchiveAccess.withOpen(folder) { access in
                let started = try await access.ask(.POST, "/api/prefetch", body: text) { archive, principal in
                    LifecycleJSON.job(try await archive.recalls.prefetch(studies, as: principal))
                }
                if case .remote = access, !wait { return started }
                return try await JobWatch("Fetching").finish(started, access)
            }
            try JobWatch.report(answer, json: json)
        }

        private static func text(_ file: String) throws -> String {
            let limit = 1 << 20
            let handle = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file)
            guard let handle else { throw CommandFailure("\(file) cannot be read") }
            let bytes = try handle.read(upToCount: limit + 1) ?? Data()
            guard bytes.count <= limit else { throw CommandFailure("\(file) is longer than \(limit) bytes") }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
