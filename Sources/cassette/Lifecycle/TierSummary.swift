/// How the stores stand, as it travels, and as people see it.
struct TierSummary: Decodable, Sendable {
    struct Store: Decodable, Sendable {
        let name: String
        let kind: String
        let location: String
        let availability: String
        let studies: Int
        let packs: Int
        let bytes: UInt64
        let arriving: Int
        let leaving: Int
    }

    let studies: Int
    let packsElsewhere: Int
    let stores: [Store]
    let jobs: [JobSummary]
    let lastMove: JobSummary?

    var lines: [String] {
        var table = TextTable(["Store", "Kind", "Studies", "Packs", "Bytes", "Arriving", "Leaving", "Availability"])
        for store in stores {
            table.append([
                store.name, store.kind, String(store.studies), String(store.packs), ByteText.text(store.bytes),
                String(store.arriving), String(store.leaving), store.availability,
            ])
        }
        var lines = table.lines
        if packsElsewhere > 0 {
            lines.append(
                "\(packsElsewhere) packs lie in stores that the configuration does not name: name them under 'stores'"
            )
        }
        if let lastMove {
            lines.append(
                "The rules were followed last at \(lastMove.ended ?? ""): \(lastMove.state) \(lastMove.progress)"
            )
        }
        if !jobs.isEmpty { lines += [""] + JobSummary.table(jobs) }
        return lines
    }
}

/// What the rules would do, as it travels, and as people see it.
struct PlanSummary: Decodable, Sendable {
    struct Rule: Decodable, Sendable {
        let name: String
        let target: String
        let conditions: String
        let studies: Int
        let packs: Int
        let bytes: UInt64
        let held: Int
        let thereAlready: Int
        let monthBefore: Double
        let monthAfter: Double
        let requestCost: Double
    }

    struct Study: Decodable, Sendable {
        let studyInstanceUID: String
        let rule: String
        let reason: String
        let target: String
        let packs: Int
        let bytes: UInt64
    }

    let examined: Int
    let withoutRule: Int
    let rules: [Rule]
    let studies: [Study]

    var lines: [String] {
        var table = TextTable([
            "Rule", "To", "Studies", "Packs", "Bytes", "Held", "There", "Month now", "Month then", "Requests", "When",
        ])
        for rule in rules {
            table.append([
                rule.name, rule.target, String(rule.studies), String(rule.packs), ByteText.text(rule.bytes),
                String(rule.held), String(rule.thereAlready), Self.money(rule.monthBefore),
                Self.money(rule.monthAfter), Self.money(rule.requestCost), rule.conditions,
            ])
        }
        let moved = rules.reduce(0) { $0 + $1.studies }
        return table.lines + ["\(moved) of \(examined) studies would move; no rule takes \(withoutRule) of them"]
    }

    var studyLines: [String] {
        guard !studies.isEmpty else { return [] }
        var table = TextTable(["Study Instance UID", "To", "Packs", "Bytes", "Why"])
        for study in studies {
            table.append([
                study.studyInstanceUID, study.target, String(study.packs), ByteText.text(study.bytes),
                "\(study.rule): \(study.reason)",
            ])
        }
        return [""] + table.lines
    }

    private static func money(_ value: Double) -> String {
        SettingTexts.money(Int64(exactly: (value * 1_000_000).rounded()) ?? .max)
    }
}
