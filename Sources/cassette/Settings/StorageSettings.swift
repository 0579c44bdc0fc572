import ArchiveCatalog
import ArchiveServices
import DICOMCore
import PackStorage
import Platform

/// Where packs lie and where they go: stores, rules and how they are followed.
struct StorageSettings: Sendable {
    static let keys: [(key: String, meaning: String)] =
        [
            ("replicas", "copies of a pack that stay at least when it moves"),
            ("grace-time", "how long the old copy of a moved pack stays"),
            ("copy-new", "the store that each new pack is copied to as soon as it is sealed"),
            ("ack", "local, or remote: senders wait until the store of copy-new has their objects"),
            ("ack-timeout", "how long they wait at most"),
            ("pack-cache", "bytes of remote packs that are kept in the data folder"),
            ("move-every", "how often the rules are followed"),
            ("move-hours", "the hours in which they are, like 20:00-06:00"),
            ("move-rate", "bytes a second that move at most"),
            ("recall-every", "how often a store is asked how far a recall is"),
            ("bin-time", "how long what was deleted can be restored"),
            ("confirm-above", "a deletion of more instances needs a second administrator"),
        ] + UpkeepSettings.keys + ResearchSettings.keys

    var stores: [StoreSettings] = []
    var rules: [LifecycleRule] = []
    var replicas = 1
    var graceTime: Duration = .seconds(86_400)
    var packCache: UInt64 = 10 << 30
    var copyNew: StoreName?
    var acknowledgement = Acknowledgement.local
    var acknowledgementTimeout: Duration = .seconds(30)
    var moveEvery: Duration = .seconds(86_400)
    var moveHours: TimeWindow?
    var moveRate: UInt64?
    var recallEvery: Duration = .seconds(60)
    var removal = RemovalConfiguration()
    var upkeep = UpkeepSettings()
    var research = ResearchSettings()

    /// One folder, no rules.
    init() {}

    init(_ source: SettingSource) throws(ConfigurationProblem) {
        for item in source.file.items(of: "stores") { stores.append(try StoreSettings(item)) }
        replicas = try source.value("replicas", or: replicas, "a number from 1 to 5") { text in
            Int(text).flatMap { (1...5).contains($0) ? $0 : nil }
        }
        graceTime = try source.value("grace-time", or: graceTime, SettingTexts.age, SettingTexts.age)
        packCache = try source.value("pack-cache", or: packCache, LimitUnit.bytes.example, LimitUnit.bytes.number)
        try readArrivals(source)
        moveEvery = try source.value("move-every", or: moveEvery, "a time from 1min on, like 12h") { text in
            SettingTexts.age(text).flatMap { $0 >= .seconds(60) ? $0 : nil }
        }
        moveHours = try source.value("move-hours", or: nil, "two times of day like 20:00-06:00") { text in
            TimeWindow(text, offset: LocalTime.offset).map { .some($0) }
        }
        moveRate = try source.value("move-rate", or: nil, "bytes a second like 50MiB") { text in
            LimitUnit.bytes.number(text).flatMap { $0 > 0 ? .some($0) : nil }
        }
        recallEvery = try source.value("recall-every", or: recallEvery, "a time from 1s to 1h") { text in
            SettingTexts.age(text).flatMap { (.seconds(1)...(.seconds(3_600))).contains($0) ? $0 : nil }
        }
        try readRules(source.file.items(of: "rules"))
        upkeep = try UpkeepSettings(source)
        research = try ResearchSettings(source)
        try readRemoval(source)
    }

    /// What happens to new packs.
    private mutating func readArrivals(_ source: SettingSource) throws(ConfigurationProblem) {
        let names = stores.map(\.name)
        let wanted = "a store that is configured: " + names.map(\.text).joined(separator: ", ")
        copyNew = try source.value("copy-new", or: nil, wanted) { text in
            StoreName(text).flatMap { names.contains($0) ? .some($0) : nil }
        }
        acknowledgement = try source.value("ack", or: .local, "local or remote") { Acknowledgement(rawValue: $0) }
        if acknowledgement == .remote, copyNew == nil {
            throw ConfigurationProblem(
                line: source["ack"]?.line,
                "ack is 'remote', but no store is to have new packs: name it with copy-new"
            )
        }
        acknowledgementTimeout = try source.value("ack-timeout", or: acknowledgementTimeout, "a time from 1s to 10min")
        {
            text in SettingTexts.age(text).flatMap { (.seconds(1)...(.seconds(600))).contains($0) ? $0 : nil }
        }
    }

    private mutating func readRemoval(_ source: SettingSource) throws(ConfigurationProblem) {
        removal.binTime = try source.value("bin-time", or: removal.binTime, SettingTexts.age, SettingTexts.age)
        removal.instancesWithoutConfirmation = try source.value("confirm-above", or: nil, "a number of instances") {
            text in
            Int(text).flatMap { $0 >= 0 ? .some($0) : nil }
        }
        // Old copies of packs stay as long as those of packs that moved.
        removal.graceTime = graceTime
        removal.compactEvery = upkeep.compactEvery
        removal.deadPercent = upkeep.deadPercent
        removal.smallPackCount = upkeep.smallPackCount
    }

    private mutating func readRules(_ items: [ConfigurationItem]) throws(ConfigurationProblem) {
        for item in items {
            let rule = try RuleSettings.rule(item, stores: stores.map(\.name))
            if let stronger = rules.first(where: { $0.covers(rule) }) {
                throw ConfigurationProblem(
                    line: item.line,
                    "\(rule.name) never decides: \(stronger.name) above takes each of its studies; put this one above it"
                )
            }
            guard !rules.contains(where: { $0.name == rule.name }) else {
                throw ConfigurationProblem(line: item.line, "two rules are named '\(rule.name)'")
            }
            rules.append(rule)
        }
    }

    /// The settings in force, as they may be typed.
    var members: [(String, String)] {
        var members = [
            ("replicas", String(replicas)), ("grace-time", SettingTexts.text(graceTime)),
            ("pack-cache", LimitUnit.bytes.text(packCache)), ("move-every", SettingTexts.text(moveEvery)),
            ("recall-every", SettingTexts.text(recallEvery)),
        ]
        if let copyNew { members.append(("copy-new", copyNew.text)) }
        members.append(("ack", acknowledgement.rawValue))
        members.append(("bin-time", SettingTexts.text(removal.binTime)))
        if let limit = removal.instancesWithoutConfirmation { members.append(("confirm-above", String(limit))) }
        members += upkeep.members + research.members
        if let moveHours { members.append(("move-hours", moveHours.text)) }
        if let moveRate { members.append(("move-rate", LimitUnit.bytes.text(moveRate))) }
        for store in stores {
            members.append(("stores.\(store.name)", store.description.kind + " " + store.description.location))
        }
        for rule in rules { members.append(("rules.\(rule.name)", "move to \(rule.target): \(rule.reason)")) }
        return members
    }
}

/// Reads one rule.
enum RuleSettings {
    private static let keys = [
        "move", "name", "study-age", "received-age", "last-access", "modality", "label", "free-space-below",
        "larger-than", "smaller-than", "from",
    ]

    static func rule(_ item: ConfigurationItem, stores: [StoreName]) throws(ConfigurationProblem) -> LifecycleRule {
        let reader = ItemReader(item: item)
        try reader.check(keys)
        let known = [StoreName.hot] + stores
        let names = known.map(\.text).joined(separator: ", ")
        func store(_ text: String) -> StoreName? { StoreName(text).flatMap { known.contains($0) ? $0 : nil } }
        let target = try reader.required("move", "a store that is configured: \(names)", store)
        var conditions: [RuleCondition] = []
        func add<Value>(_ value: Value?, _ condition: (Value) -> RuleCondition) {
            if let value { conditions.append(condition(value)) }
        }
        add(try reader.value("from", "a store that is configured: \(names)", store)) { .from($0) }
        add(try reader.value("study-age", SettingTexts.age, SettingTexts.age)) { .studyAge($0) }
        add(try reader.value("received-age", SettingTexts.age, SettingTexts.age)) { .receivedAge($0) }
        add(try reader.value("last-access", SettingTexts.age, SettingTexts.age)) { .lastAccess($0) }
        if let modalities = reader.list("modality") {
            let codes = modalities.map { $0.uppercased() }
            guard codes.allSatisfy({ (1...16).contains($0.utf8.count) }) else {
                throw ConfigurationProblem(line: reader.line("modality"), "a modality is a code like CT or MR")
            }
            conditions.append(.modality(Set(codes)))
        }
        add(try reader.value("label", "a label of letters, digits, '-', '_' and '.'") { StudyLabel($0) }) { .label($0) }
        add(try reader.value("free-space-below", SettingTexts.space, SettingTexts.space)) { .freeSpaceBelow($0) }
        add(try reader.value("larger-than", LimitUnit.bytes.example, LimitUnit.bytes.number)) { .largerThan($0) }
        add(try reader.value("smaller-than", LimitUnit.bytes.example, LimitUnit.bytes.number)) { .smallerThan($0) }
        return LifecycleRule(name: try reader.text("name") ?? item.title, target: target, conditions: conditions)
    }
}
