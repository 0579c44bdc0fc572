import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation
import HTTPGateway
import NIOCore
import NIOHTTP1
import Platform

/// Everything read back and compared.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Look whether every stored object is there; with --deep read each back and compare it.",
        discussion: """
            Without --deep the index is compared with the packs: that each record is there, with the right ids and \
            lengths. With --deep every byte of every copy is opened and compared with what was received, and every pack \
            is walked to its end. Exit code 1 when an object is damaged or missing and was not repaired.

            A running server reads everything back by itself, little by little (settings scrub-every and scrub-rate); \
            --json tells what its last pass found. --scrub begins a pass now, or follows the one that works.
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @Flag(help: "Read everything back.")
    var deep = false
    @Flag(
        help:
            "Replace damaged packs by good copies in other stores; implies --deep. The damaged ones go into quarantine."
    )
    var repair = false
    @Option(help: "Replace damaged packs by good copies, also from this place of backups; implies --deep.")
    var repairFrom: String?
    @Flag(help: "Begin a pass of scrubbing, at its own pace, and follow it.")
    var scrub = false
    @Flag(help: "With --scrub: do not wait for the end.")
    var detach = false
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard !scrub || !(deep || repairs) else { throw ValidationError("--scrub reads and repairs by itself") }
        guard scrub || !detach else { throw ValidationError("--detach goes with --scrub") }
    }

    private var depth: VerificationDepth { deep || repairs ? .deep : .quick }
    private var repairs: Bool { repair || repairFrom != nil }

    func run() async throws {
        guard !scrub else { return try await runScrub() }
        let (summary, scrubbing) = try await ArchiveAccess.withOpen(folder) { access in
            let summary =
                switch access {
                case .local(let archive, _): try await verify(archive)
                case .remote(let archive): try await verify(archive)
                }
            return (summary, try await Self.scrubbing(access))
        }
        if json {
            Console.say(summary.json(scrubbing: String(buffer: scrubbing)))
        } else {
            for damage in summary.damaged { Console.complain("\(damage.sopInstanceUID): \(damage.cause)") }
            let what = depth == .deep ? "read back" : "found in their packs"
            Console.say("\(summary.checked) of \(summary.total) instances \(what), \(summary.damaged.count) damaged")
            if let repaired = summary.repaired, repaired > 0 {
                Console.say("\(repaired) packs were replaced by good copies; the damaged ones are in packs/quarantine")
            }
            if summary.unindexed > 0 {
                Console.complain("\(summary.unindexed) records are not in the index: run `cassette index rebuild`")
            }
            if let unread = summary.unread, unread > 0 {
                Console.complain("\(unread) instances are frozen or in a store out of reach, and were not read")
            }
            if summary.packProblems > 0 {
                Console.complain("\(summary.packProblems) places in packs cannot be read: see the log of the server")
            }
        }
        guard summary.isSound else { throw ExitCode.failure }
    }

    /// What scrubbing has found, as JSON.
    private static func scrubbing(_ access: ArchiveAccess) async throws -> ByteBuffer {
        try await access.ask(.GET, "/api/verification") { archive, principal in
            ScrubJSON.status(try await archive.scrubbing.status(as: principal))
        }
    }

    private func runScrub() async throws {
        let answer = try await ArchiveAccess.withOpen(folder) { access in
            let started = try await access.ask(.POST, "/api/verification/scrub") { archive, principal in
                LifecycleJSON.job(try await archive.scrubbing.start(as: principal))
            }
            guard !detach else { return started }
            return try await JobWatch("Scrubbing").finish(started, access)
        }
        try JobWatch.report(answer, json: json)
    }

    private func verify(_ open: OpenArchive) async throws -> VerificationSummary {
        let administrator = Principal(.administrator)
        let bar = SharedProgress(ProgressBar("Verifying"))
        var report = try await open.archive.verification.verify(as: administrator, depth) { report in
            bar.update(done: report.checked, of: report.total)
        }
        bar.finish()
        if let repairFrom {
            let place = try BackupPlace(repairFrom, storage: LocalSettings(folder).storage)
            let store = try place.existing(disk: PosixDisk())
            report = try await open.archive.verification.repair(report, as: administrator) { packID in
                try await open.backups.source(of: packID, in: store)
            }
        } else if repair {
            report = try await open.archive.verification.repair(report, as: administrator)
        }
        return VerificationSummary(report)
    }

    private func verify(_ archive: RemoteArchive) async throws -> VerificationSummary {
        let bar = SharedProgress(ProgressBar("Verifying"))
        var last: VerificationSummary?
        var path = "/api/verification?depth=" + depth.rawValue + (repair ? "&repair=1" : "")
        if let repairFrom {
            let place =
                BackupPlace.absolute(repairFrom).addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            path += "&repair-from=" + place
        }
        try await archive.lines(path) { line in
            let summary = try JSONDecoder().decode(VerificationSummary.self, from: Data(line.utf8))
            bar.update(done: summary.checked, of: summary.total)
            last = summary
        }
        bar.finish()
        guard let last, last.isComplete else {
            throw CommandFailure("The server stopped in the middle of the verification: see its log")
        }
        return last
    }
}

/// The report as it travels, and as `--json` prints it.
struct VerificationSummary: Codable {
    struct Damage: Codable {
        let sopInstanceUID: String
        let cause: String
    }

    let total: Int
    let checked: Int
    let bytes: UInt64
    let damaged: [Damage]
    let unindexed: Int
    let packProblems: Int
    let unread: Int?
    let repaired: Int?
    let isComplete: Bool

    init(_ report: VerificationReport) {
        total = report.total
        checked = report.checked
        bytes = report.bytes
        damaged = report.damaged.map { Damage(sopInstanceUID: $0.sopInstanceUID.string, cause: $0.cause) }
        unindexed = report.unindexed
        packProblems = report.packProblems
        unread = report.unread
        repaired = report.repaired.count
        isComplete = true
    }

    var isSound: Bool { damaged.isEmpty && unindexed == 0 && packProblems == 0 && checked >= total }

    /// - Parameter scrubbing: JSON of what scrubbing has found.
    func json(scrubbing: String) -> String {
        JSONText.object([
            ("scrubbing", scrubbing),
            ("total", String(total)), ("checked", String(checked)), ("bytes", String(bytes)),
            ("unindexed", String(unindexed)), ("packProblems", String(packProblems)),
            ("unread", String(unread ?? 0)),
            ("repaired", String(repaired ?? 0)),
            (
                "damaged",
                JSONText.array(
                    damaged.map {
                        JSONText.object([
                            ("sopInstanceUID", JSONText.string($0.sopInstanceUID)),
                            ("cause", JSONText.string($0.cause)),
                        ])
                    }
                )
            ),
        ])
    }
}
