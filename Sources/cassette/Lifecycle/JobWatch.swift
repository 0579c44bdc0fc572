import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import HTTPGateway
import NIOCore
import NIOHTTP1
import Platform

/// Waits for a job to its end and shows how far it is.
struct JobWatch {
    private let title: String

    init(_ title: String) {
        self.title = title
    }

    /// Does the job here, or follows it on the server.
    ///
    /// - Parameter started: The job as JSON.
    /// - Returns: The job as it ended, or stopped.
    func finish(_ started: ByteBuffer, _ access: ArchiveAccess) async throws -> ByteBuffer {
        let job = try started.decoded(JobSummary.self)
        guard let id = RandomID(hex: job.id) else { throw CommandFailure("The job has no id") }
        let bar = SharedProgress(ProgressBar(title))
        defer { bar.finish() }
        switch access {
        case .local(let open, _):
            let ended = try await open.archive.jobs.runToEnd(id) { job in
                bar.update(done: job.progress.done, of: job.progress.total)
            }
            return LifecycleJSON.job(ended)
        case .remote(let archive):
            while true {
                let answer = try await archive.ask(.GET, "/api/jobs/" + id.hex)
                let job = try answer.decoded(JobSummary.self)
                bar.update(done: job.done, of: job.total)
                if job.hasEnded || job.state == "paused" { return answer }
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// Prints a job; one that failed ends the command with exit code 1.
    static func report(_ answer: ByteBuffer, json: Bool) throws {
        let job = try answer.decoded(JobSummary.self)
        if json {
            Console.say(String(buffer: answer))
        } else {
            let details = [job.progress, job.failure ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
            Console.say("job \(job.id) \(job.state)" + (details.isEmpty ? "" : ": \(details)"))
        }
        if job.state == "failed" || (job.hasEnded && job.failures > 0) { throw ExitCode.failure }
    }
}
