import ArchiveServices

/// What the archive does by itself to stay sound: scrubbing and compaction.
struct UpkeepSettings: Sendable {
    static let keys: [(key: String, meaning: String)] = [
        ("scrub-every", "how often all that is stored is read back, or off"),
        ("scrub-rate", "bytes a second that scrubbing reads at most, or unlimited"),
        ("compact-every", "how often packs are looked at that may be compacted, or off"),
        ("compact-dead", "the part of a pack that must be dead for it to be rewritten"),
        ("compact-small-packs", "a study with more small packs than that has them gathered"),
    ]

    /// Read once in a month: what a disk forgets is found while a copy is likely to be good.
    var scrubEvery: Duration? = .seconds(30 * 86_400)
    /// 50 TiB in 30 days, and a small part of what any disk gives.
    var scrubRate: UInt64? = 20 << 20
    var compactEvery: Duration? = .seconds(6 * 3_600)
    var deadPercent = RemovalConfiguration().deadPercent
    var smallPackCount = RemovalConfiguration().smallPackCount

    /// The defaults.
    init() {}

    init(_ source: SettingSource) throws(ConfigurationProblem) {
        scrubEvery = try source.value("scrub-every", or: scrubEvery, "off, or a time from 1min on, like 30d") {
            Self.interval($0)
        }
        scrubRate = try source.value("scrub-rate", or: scrubRate, "unlimited, or bytes a second like 20MiB") { text in
            if text == "unlimited" { return .some(nil) }
            return LimitUnit.bytes.number(text).flatMap { $0 > 0 ? .some($0) : nil }
        }
        compactEvery = try source.value("compact-every", or: compactEvery, "off, or a time from 1min on, like 6h") {
            Self.interval($0)
        }
        deadPercent = try source.value("compact-dead", or: deadPercent, "a part from 1 % to 100 %") { text in
            guard text.hasSuffix("%") else { return nil }
            let digits = text.dropLast()
            let number = UInt64(digits.hasSuffix(" ") ? digits.dropLast() : digits)
            return number.flatMap { (1...100).contains($0) ? $0 : nil }
        }
        smallPackCount = try source.value("compact-small-packs", or: smallPackCount, "a number from 2 to 10000") {
            text in
            Int(text).flatMap { (2...10_000).contains($0) ? $0 : nil }
        }
    }

    /// `nil` for what is no time, a time that is `nil` for `off`.
    ///
    /// YAML's own word for no is taken, too.
    private static func interval(_ text: String) -> Duration?? {
        if text == "off" || text == "false" { return .some(nil) }
        return SettingTexts.age(text).flatMap { $0 >= .seconds(60) ? .some($0) : nil }
    }

    /// The settings in force, as they may be typed.
    var members: [(String, String)] {
        [
            ("scrub-every", scrubEvery.map { SettingTexts.text($0) } ?? "off"),
            ("scrub-rate", scrubRate.map { LimitUnit.bytes.text($0) } ?? "unlimited"),
            ("compact-every", compactEvery.map { SettingTexts.text($0) } ?? "off"),
            ("compact-dead", "\(deadPercent) %"), ("compact-small-packs", String(smallPackCount)),
        ]
    }
}
