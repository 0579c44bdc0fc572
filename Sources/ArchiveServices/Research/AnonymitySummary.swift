import Deidentification

/// How well patients hide among others: the cohort in classes of the same age band, sex, year and site.
///
/// Age band and sex are those at each study, so a patient may be in several classes. A class with few patients may be
/// recognized by who knows one of them.
public struct AnonymitySummary: Sendable, Hashable {
    /// The patients that look the same.
    public struct Class: Sendable, Hashable {
        /// Ten years of age, `40-49`; `90+`; `unknown`.
        public let ageBand: String
        /// `F`, `M`, `O` or `unknown`.
        public let sex: String
        /// The year of the study, or `unknown`.
        public let year: String
        /// The institution, or `unknown`.
        public let site: String
        /// Patients in it.
        public let patients: Int
        /// Studies in it.
        public let studies: Int
    }

    /// The size that classes should have at least.
    public let minimumCellSize: Int
    /// Patients; `nil` where they are too few to be told.
    public let patients: Int?
    /// Patients in the smallest class, the k of k-anonymity; `nil` without classes, and where it is not told.
    public let smallestClass: Int?
    /// Classes with fewer patients than the size; `nil` where it is not told.
    public let classesBelow: Int?
    /// The classes, in the order of site, year, sex and age; those that are too small are left out for researchers.
    public let classes: [Class]

    /// Gathers the classes.
    ///
    /// - Parameter isSuppressing: Leave out what is too small. When what is left out could be told from the rest, for it is
    ///   too small as a whole, the next larger classes are left out, too.
    init(_ survey: CohortSurvey, minimumCellSize: Int, isSuppressing: Bool) {
        self.minimumCellSize = minimumCellSize
        var members: [PatientTraits: (patients: Set<PatientKey>, studies: Int)] = [:]
        for study in survey.studies {
            members[study.traits, default: ([], 0)].patients.insert(study.patient.key)
            members[study.traits, default: ([], 0)].studies += 1
        }
        let classes = members.map { traits, counts in
            Class(
                ageBand: traits.ageBand,
                sex: traits.sex,
                year: traits.year,
                site: traits.site,
                patients: counts.patients.count,
                studies: counts.studies
            )
        }
        let total = survey.patients.count
        let below = classes.count { $0.patients < minimumCellSize }
        guard isSuppressing else {
            patients = total
            smallestClass = classes.map(\.patients).min()
            classesBelow = below
            self.classes = classes.sorted(by: Self.isBefore)
            return
        }
        let shown = Self.suppressed(classes, minimumCellSize)
        patients = total >= minimumCellSize ? total : nil
        smallestClass = below == 0 ? classes.map(\.patients).min() : nil
        classesBelow = nil
        self.classes = shown.sorted(by: Self.isBefore)
    }

    /// The classes that may be shown.
    private static func suppressed(_ classes: [Class], _ size: Int) -> [Class] {
        let bySize = classes.sorted { ($0.patients, order($0)) < ($1.patients, order($1)) }
        var hidden = 0
        var shown = bySize[...]
        while let first = shown.first, first.patients < size || (hidden > 0 && hidden < size) {
            hidden += first.patients
            shown = shown.dropFirst()
        }
        return Array(shown)
    }

    private static func isBefore(_ one: Class, _ other: Class) -> Bool { order(one) < order(other) }

    private static func order(_ one: Class) -> String {
        [one.site, one.year, one.sex, one.ageBand].joined(separator: "\u{1}")
    }
}
