public import DICOMCore

extension Pseudonyms {
    /// The oldest age that is told as it is, in years (45 CFR 164.514(b)(2)(i)(C)).
    public static let oldestAge = 89

    /// What stands in the place of one value of DA, DT or TM, or of a range of them; `nil` when nothing does.
    ///
    /// What does not follow its VR is taken out whatever the policy, for it may be any text; what does is written as the
    /// standard writes it. Of a DT the time and the offset from UTC stay, so that intervals stay to the microsecond. Where
    /// only year, or year and month, were written, the middle of the period moves, and no more is written than was.
    public func shifted(_ value: String, _ vr: VR, patient: PatientKey) -> String? {
        guard dates != .removed else { return nil }
        let days = dayOffset(of: patient)
        switch vr {
        case .da: return Self.mapped(TemporalRange<DICOMDate>(value)) { $0.advanced(byDays: days)?.string }
        case .tm: return Self.mapped(TemporalRange<DICOMTime>(value)) { $0.string }
        case .dt: return Self.mapped(TemporalRange<DICOMDateTime>(value)) { Self.shifted($0, byDays: days) }
        default: return nil
        }
    }

    /// What stands in the place of an element of DA, DT or TM; `nil` when none of its values can stay.
    ///
    /// A value that cannot stay is empty, so that the others keep their places.
    public func shifted(_ element: DataElement, patient: PatientKey) -> DataElement? {
        let values = element.strings(.ascii).map { shifted($0, element.vr, patient: patient) ?? "" }
        guard values.contains(where: { !$0.isEmpty }) else { return nil }
        return .text(element.tag, element.vr, values)
    }

    /// Patient's Birth Date (0010,0030): moved as other dates; `nil` when it cannot stay.
    ///
    /// Beyond the oldest age it is 1 January of the year in which a patient of 90 was born, so that it says no more than
    /// the age does. Without a date of the study the age is not known, and the birth date is taken out.
    ///
    /// - Parameter referenceDate: Study Date, or another date of the object, as it was.
    public func birthDate(_ value: String, at referenceDate: String, patient: PatientKey) -> String? {
        guard dates != .removed, let birth = DICOMDate(value), let reference = DICOMDate(referenceDate) else {
            return nil
        }
        let days = dayOffset(of: patient)
        guard birth.years(until: reference) > Self.oldestAge else { return birth.advanced(byDays: days)?.string }
        return reference.advanced(byDays: days)
            .flatMap { DICOMDate(year: $0.year - Self.oldestAge - 1, month: 1, day: 1) }?.string
    }

    /// Patient's Age (0010,1010) and other values of AS: above 89 years it is `090Y`; `nil` for what is no age.
    public func age(_ value: String) -> String? {
        guard let age = AgeString(value) else { return nil }
        let isCapped = age.unit == .years && age.count > Self.oldestAge
        return isCapped ? AgeString(Self.oldestAge + 1, .years)?.string : age.string
    }

    private static func shifted(_ value: DICOMDateTime, byDays days: Int) -> String? {
        let month = value.month ?? 7
        let day = value.day ?? (value.month == nil ? 2 : 15)
        guard let date = DICOMDate(year: value.year, month: month, day: day)?.advanced(byDays: days) else { return nil }
        let written = value.day != nil ? 8 : value.month != nil ? 6 : 4
        return String(date.string.prefix(written)) + value.string.dropFirst(written)
    }

    private static func mapped<Bound>(_ range: TemporalRange<Bound>?, _ map: (Bound) -> String?) -> String? {
        guard let range else { return nil }
        if range.isSingle { return range.from.flatMap(map) }
        let from = range.from.map(map)
        let to = range.to.map(map)
        // An end that cannot stay takes the other one with it: an open range would say something else.
        guard from != .some(nil), to != .some(nil) else { return nil }
        return (from.flatMap(\.self) ?? "") + "-" + (to.flatMap(\.self) ?? "")
    }
}
