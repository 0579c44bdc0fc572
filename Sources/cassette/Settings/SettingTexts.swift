import ArchiveServices

/// What people type for times, prices and parts.
enum SettingTexts {
    static let age = "a number of days, also like 180d, 26w, 2y, 12h or 30min"
    static let price = "an amount of money like 0.023, without a currency"
    static let space = "a part of the volume like '20 %', or bytes like 500GiB"
    static let switchText = "true or false"

    /// A length of time: days without a unit.
    static func age(_ text: String) -> Duration? {
        let units: [(String, Int64)] = [
            ("min", 60), ("s", 1), ("h", 3_600), ("d", 86_400), ("w", 7 * 86_400), ("y", 365 * 86_400),
        ]
        let unit = units.first { text.hasSuffix($0.0) } ?? ("", 86_400)
        let digits = text.dropLast(unit.0.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(digits) else {
            return nil
        }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit.1)
        // Longer than any archive: a mistake.
        guard !overflow, seconds <= 1_000 * 365 * 86_400 else { return nil }
        return .seconds(seconds)
    }

    /// An age as it may be typed.
    static func text(_ age: Duration) -> String {
        let seconds = age.components.seconds
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("min", 60)]
        where seconds > 0 && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }

    /// Money in millionths: at most six digits behind the point.
    static func price(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = digits(parts[0]), whole <= 1_000_000_000 else { return nil }
        guard parts.count == 2 else { return whole * 1_000_000 }
        guard parts[1].utf8.count <= 6, let fraction = digits(parts[1]) else { return nil }
        let scale = (parts[1].utf8.count..<6).reduce(Int64(1)) { scale, _ in scale * 10 }
        return whole * 1_000_000 + fraction * scale
    }

    /// Money with two digits behind the point, more where it is less than one.
    static func money(_ millionths: Int64) -> String {
        let places: Int64 = millionths < 1_000_000 && millionths > 0 ? 10_000 : 100
        let unit = 1_000_000 / places
        let rounded = (millionths + unit / 2) / unit
        let fraction = String(rounded % places)
        let zeros = String(repeating: "0", count: String(places).count - 1 - fraction.count)
        return "\(rounded / places).\(zeros)\(fraction)"
    }

    /// Space on a volume.
    static func space(_ text: String) -> SpaceThreshold? {
        guard text.hasSuffix("%") else { return LimitUnit.bytes.number(text).map { .bytes($0) } }
        let number = text.dropLast()
        guard let percent = Int(number.hasSuffix(" ") ? number.dropLast() : number), (1...99).contains(percent) else {
            return nil
        }
        return .percent(percent)
    }

    /// A switch.
    static func switchValue(_ text: String) -> Bool? {
        switch text {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    private static func digits(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
