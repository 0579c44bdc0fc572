import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import HTTPGateway
import NIOCore
import NIOHTTP1
import Platform

/// Long work of the archive.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "See and control long work: moves, recalls, and more.",
        discussion: """
            Jobs go on after a restart of the server from where they stopped. A job is named by its id, or by the first \
            letters of it that no other job has.
            """,
        subcommands: [List.self, Show.self, Pause.self, Resume.self, Cancel.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show jobs: those that have not ended, then the last."
        )

        @OptionGroup var folder: DataFolderOptions
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let answer = try await ArchiveAccess.withOpen(folder) { try await JobsCommand.list($0) }
            guard !json else { return Console.say(String(buffer: answer)) }
            let jobs = try answer.decoded([JobSummary].self)
            guard !jobs.isEmpty else { return Console.say("There are no jobs.") }
            JobSummary.table(jobs).forEach(Console.say)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one job.")

        @OptionGroup var job: JobOptions

        func run() async throws {
            try await job.run(.GET, "") { archive, id, principal in
                LifecycleJSON.job(try await archive.jobs.job(id, as: principal))
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a job until it is resumed.")

        @OptionGroup var job: JobOptions

        func run() async throws {
            try await job.run(.POST, "/pause") { archive, id, principal in
                LifecycleJSON.job(try await archive.jobs.pause(id, as: principal))
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a paused or failed job go on from where it stopped; a server must run for it to work."
        )

        @OptionGroup var job: JobOptions

        func run() async throws {
            try await job.run(.POST, "/resume") { archive, id, principal in
                LifecycleJSON.job(try await archive.jobs.resume(id, as: principal))
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a job; what it did stays done.")

        @OptionGroup var job: JobOptions

        func run() async throws {
            try await job.run(.POST, "/cancel") { archive, id, principal in
                LifecycleJSON.job(try await archive.jobs.cancel(id, as: principal))
            }
        }
    }

    static func list(_ access: ArchiveAccess) async throws -> ByteBuffer {
        try await access.ask(.GET, "/api/jobs") { archive, principal in
            LifecycleJSON.jobs(try await archive.jobs.jobs(as: principal))
        }
    }
}

/// One job, and what to print of it.
struct JobOptions: ParsableArguments {
    @OptionGroup var folder: DataFolderOptions
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "The job's id, or its first letters.")
    var id: String

    func run(
        _ method: HTTPMethod,
        _ action: String,
        local: (Archive, RandomID, Principal) async throws -> ByteBuffer
    ) async throws {
        let answer = try await ArchiveAccess.withOpen(folder) { access in
            let id = try await whole(access)
            return try await access.ask(method, "/api/jobs/" + id.hex + action) { archive, principal in
                try await local(archive, id, principal)
            }
        }
        guard !json else { return Console.say(String(buffer: answer)) }
        try answer.decoded(JobSummary.self).lines.forEach(Console.say)
    }

    /// The id that was meant.
    private func whole(_ access: ArchiveAccess) async throws -> RandomID {
        if let id = RandomID(hex: id) { return id }
        let jobs = try await JobsCommand.list(access).decoded([JobSummary].self)
        let found = jobs.filter { $0.id.hasPrefix(id.lowercased()) }
        guard let only = found.first.flatMap({ RandomID(hex: $0.id) }), found.count == 1 else {
            throw CommandFailure(
                found.isEmpty
                    ? "No job begins with '\(id)': see `cassette jobs list`"
                    : "\(found.count) jobs begin with '\(id)': type more of it"
            )
        }
        return only
    }
}
