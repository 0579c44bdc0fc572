import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import Foundation

/// Everything read back and compared.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every stored object back and compare it with what was received.",
        discussion: "Exit code 1 when an object is damaged or missing."
    )

    @OptionGroup var folder: DataFolderOptions
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let summary = try await ArchiveAccess.withOpen(folder) { access in
            switch access {
            case .local(let archive, _): try await verify(archive.archive)
            case .remote(let archive): try await verify(archive)
            }
        }
        if json {
            Console.say(summary.json)
        } else {
            for damage in summary.damaged { Console.complain("\(damage.sopInstanceUID): \(damage.cause)") }
            Console.say("\(summary.checked) of \(summary.total) instances read back, \(summary.damaged.count) damaged")
            if summary.unindexed > 0 {
                Console.complain("\(summary.unindexed) records are not in the index: run `cassette index rebuild`")
            }
            if summary.packProblems > 0 {
                Console.complain("\(summary.packProblems) places in packs cannot be read: see the log of the server")
            }
        }
        guard summary.isSound else { throw ExitCode.failure }
    }

    private func verify(_ archive: Archive) async throws -> VerificationSummary {
        let bar = SharedProgress(ProgressBar("Verifying"))
        let report = try await archive.verification.verify(as: Principal(.administrator)) { report in
            bar.update(done: report.checked, of: report.total)
        }
        bar.finish()
        return VerificationSummary(report)
    }

    private func verify(_ archive: RemoteArchive) async throws -> VerificationSummary {
        let bar = SharedProgress(ProgressBar("Verifying"))
        var last: VerificationSummary?
        try await archive.lines("/api/verification") { line in
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
    let isComplete: Bool

    init(_ report: VerificationReport) {
        total = report.total
        checked = report.checked
        bytes = report.bytes
        damaged = report.damaged.map { Damage(sopInstanceUID: $0.sopInstanceUID.string, cause: $0.cause) }
        unindexed = report.unindexed
        packProblems = report.packProblems
        isComplete = true
    }

    var isSound: Bool { damaged.isEmpty && unindexed == 0 && packProblems == 0 && checked >= total }

    var json: String {
        JSONText.object([
            ("total", String(total)), ("checked", String(checked)), ("bytes", String(bytes)),
            ("unindexed", String(unindexed)), ("packProblems", String(packProblems)),
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
