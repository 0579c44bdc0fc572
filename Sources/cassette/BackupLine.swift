import ArchiveServices
import PackStorage
import Platform

/// How far a backup is, or what it did: a line of the server's answer, and what `--json` prints.
struct BackupLine: Codable {
    struct Problem: Codable {
        let pack: String
        let cause: String
    }

    var error: String?
    var isComplete = false
    var packs = 0
    var packCount: Int?
    var copiedBytes: UInt64 = 0
    var copiedPacks: Int?
    var number: UInt64?
    var time: String?
    var id: String?
    var studies: UInt64?
    var instances: UInt64?
    var bytes: UInt64?
    var problems: [Problem]?

    init(_ report: BackupReport) {
        isComplete = true
        packs = report.packCount
        copiedBytes = report.copiedBytes
        copiedPacks = report.copiedPacks
        number = report.header.sequence
        time = "\(report.header.time)"
        id = report.header.backupID.hex
        studies = report.content.studies
        instances = report.content.instances
        bytes = report.packBytes
        problems = report.problems.map { Problem(pack: $0.packID.hex, cause: $0.cause) }
    }

    var json: String {
        JSONText.object([
            ("number", String(number ?? 0)), ("time", JSONText.string(time ?? "")), ("id", JSONText.string(id ?? "")),
            ("studies", String(studies ?? 0)), ("instances", String(instances ?? 0)), ("packs", String(packs)),
            ("bytes", String(bytes ?? 0)), ("copiedPacks", String(copiedPacks ?? 0)),
            ("copiedBytes", String(copiedBytes)),
            (
                "problems",
                JSONText.array(
                    (problems ?? []).map {
                        JSONText.object([("pack", JSONText.string($0.pack)), ("cause", JSONText.string($0.cause))])
                    }
                )
            ),
        ])
    }
}
