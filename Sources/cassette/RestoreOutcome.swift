import ArchiveServices

/// What a restore brought back, beside what the archive held.
struct RestoreOutcome: Sendable {
    let report: RestoreReport
    var content: ArchiveContent?
    /// Every object read back and compared with its digest; in a drill.
    var verification: VerificationReport?
    var copySeconds = 0.0
    var indexSeconds = 0.0
    var compareSeconds = 0.0

    init(_ report: RestoreReport) {
        self.report = report
    }

    /// Whether all is there: every instance of the backup with its digest, but for those whose keys are gone.
    var isSound: Bool {
        let found = content?.instances ?? 0
        let isSame =
            content == report.content
            || report.keylessPacks > 0 && found &+ report.keylessInstances == report.content.instances
        let isRead = verification.map { $0.damaged.isEmpty && $0.checked >= $0.total && $0.packProblems == 0 } ?? true
        return isSame && isRead && report.missingPacks == 0 && report.lostPacks == 0
    }

    func text(isDrill: Bool, folder: String) -> String {
        let found = content?.instances ?? 0
        var text =
            "\(isDrill ? "Drill of backup" : "Restored backup") \(report.header.sequence) of \(report.header.time): "
            + "\(found) of \(report.content.instances) instances in \(report.packs) packs, \(report.bytes) bytes"
        if let verification {
            text +=
                "\n\(verification.checked) instances read back, \(verification.damaged.count) differ from what was received"
        }
        if report.keylessPacks > 0 {
            text +=
                "\n\(report.keylessPacks) packs of shredded studies with \(report.keylessInstances) instances were not "
                + "brought back: their keys were destroyed"
        }
        if report.lostPacks > 0 {
            text += "\n\(report.lostPacks) packs do not open: the keyring of the backup lacks their keys"
        }
        if report.missingPacks > 0 {
            text += "\n\(report.missingPacks) packs could not be read when the backup was taken"
        }
        return text + (isDrill ? "" : "\nThe archive is in \(folder): run `cassette serve --data \(folder)`")
    }

    var json: String {
        JSONText.object([
            ("number", String(report.header.sequence)), ("time", JSONText.string("\(report.header.time)")),
            ("isSound", String(isSound)), ("instances", String(content?.instances ?? 0)),
            ("expectedInstances", String(report.content.instances)), ("studies", String(content?.studies ?? 0)),
            ("isIdentical", String(content == report.content)),
            ("packs", String(report.packs)), ("bytes", String(report.bytes)),
            ("keylessPacks", String(report.keylessPacks)), ("missingPacks", String(report.missingPacks)),
            ("keylessInstances", String(report.keylessInstances)), ("lostPacks", String(report.lostPacks)),
            ("checked", String(verification?.checked ?? 0)), ("damaged", String(verification?.damaged.count ?? 0)),
            ("copySeconds", String(copySeconds)), ("indexSeconds", String(indexSeconds)),
            ("compareSeconds", String(compareSeconds)),
        ])
    }
}
