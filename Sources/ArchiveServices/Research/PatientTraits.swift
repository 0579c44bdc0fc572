import ArchiveCatalog
import DICOMCore

/// What makes a patient recognizable among others though the name is gone: age band, sex, year and site of a study.
struct PatientTraits: Sendable, Hashable {
    static let unknown = "unknown"

    /// Ten years, `40-49`; `90+`.
    let ageBand: String
    /// `F`, `M`, `O`, or unknown.
    let sex: String
    /// The year of the study.
    let year: String
    /// The institution; gathered from the series.
    var site: String

    init(ageBand: String, sex: String, year: String, site: String) {
        self.ageBand = ageBand
        self.sex = sex
        self.year = year
        self.site = site
    }

    /// Reads the row of a study.
    init(_ values: CatalogValues) {
        let date = values[.studyDate].flatMap { DICOMDate($0) }
        let birth = values[.patientBirthDate].flatMap { DICOMDate($0) }
        ageBand = Self.band(Self.years(values[.patientAge], birth, at: date))
        let sex = values[.patientSex] ?? ""
        self.sex = ["F", "M", "O"].contains(sex) ? sex : Self.unknown
        year = date.map { Self.padded($0.year) } ?? Self.unknown
        site = Self.unknown
    }

    private static func years(_ age: String?, _ birth: DICOMDate?, at date: DICOMDate?) -> Int? {
        if let age = age.flatMap({ AgeString($0) }) {
            switch age.unit {
            case .days: return age.count / 365
            case .weeks: return age.count / 52
            case .months: return age.count / 12
            case .years: return age.count
            }
        }
        guard let birth, let date else { return nil }
        return date.year - birth.year - ((date.month, date.day) < (birth.month, birth.day) ? 1 : 0)
    }

    private static func band(_ years: Int?) -> String {
        guard let years, years >= 0 else { return unknown }
        guard years < 90 else { return "90+" }
        return "\(years / 10 * 10)-\(years / 10 * 10 + 9)"
    }

    private static func padded(_ year: Int) -> String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
