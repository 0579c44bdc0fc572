/// One limit that may be set: its name, its value, and how far it may be moved.
struct LimitSetting: Sendable {
    /// The key in the configuration file; in the environment in capitals, after `CASSETTE_`.
    let key: String
    let unit: LimitUnit
    /// What may be set.
    ///
    /// The upper bound is where memory or time would no longer be bounded in practice.
    let range: ClosedRange<UInt64>
    let meaning: String
    let read: @Sendable (ArchiveLimits) -> UInt64
    let write: @Sendable (inout ArchiveLimits, UInt64) -> Void

    /// The value when nothing is set.
    var standard: UInt64 { read(ArchiveLimits()) }

    /// The variable of the environment.
    var variable: String { "CASSETTE_" + SettingSource.variable(key) }

    /// What a value must look like, for people.
    var wanted: String {
        "\(unit.example), from \(unit.text(range.lowerBound)) to \(unit.text(range.upperBound)) (\(meaning))"
    }

    /// The value that a text means; `nil` when it means none, or one out of range.
    func value(_ text: String) -> UInt64? {
        unit.number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// The value in force, as it may be typed.
    func text(_ limits: ArchiveLimits) -> String { unit.text(read(limits)) }

    init<Number: FixedWidthInteger & Sendable>(
        _ key: String,
        _ unit: LimitUnit,
        _ path: any WritableKeyPath<ArchiveLimits, Number> & Sendable,
        _ range: ClosedRange<UInt64>,
        _ meaning: String
    ) {
        self.key = "limits." + key
        self.unit = unit
        self.range = range
        self.meaning = meaning
        read = { UInt64(clamping: $0[keyPath: path]) }
        write = { limits, value in limits[keyPath: path] = Number(clamping: value) }
    }

    init(
        _ key: String,
        _ path: any WritableKeyPath<ArchiveLimits, Duration> & Sendable,
        _ range: ClosedRange<UInt64>,
        _ meaning: String
    ) {
        self.key = "limits." + key
        unit = .seconds
        self.range = range
        self.meaning = meaning
        read = { UInt64(clamping: $0[keyPath: path].components.seconds) }
        write = { limits, value in limits[keyPath: path] = .seconds(Int64(clamping: value)) }
    }
}

/// What a limit is counted in.
enum LimitUnit: String, Sendable {
    case bytes
    case seconds
    case count

    private var units: [(name: String, factor: UInt64)] {
        switch self {
        case .bytes: [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        case .seconds: [("h", 3_600), ("min", 60), ("s", 1)]
        case .count: []
        }
    }

    /// What to type.
    var example: String {
        switch self {
        case .bytes: "a number of bytes, also like 500MiB or 10GiB"
        case .seconds: "a whole number of seconds, also like 30s or 5min"
        case .count: "a whole number"
        }
    }

    /// The number that a text means; `nil` when it means none.
    func number(_ text: String) -> UInt64? {
        for unit in units where text.hasSuffix(unit.name) {
            guard let number = UInt64(text.dropLast(unit.name.count)) else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
            return overflow ? nil : product
        }
        return UInt64(text)
    }

    /// The shortest text that means a number.
    func text(_ number: UInt64) -> String {
        let unit = units.first { number >= $0.factor && number % $0.factor == 0 }
        return unit.map { "\(number / $0.factor)\($0.name)" } ?? String(number)
    }
}
