/// How much a cohort holds, as one caller may know it.
public struct CohortCounts: Sendable, Hashable {
    /// The figures.
    public struct Figures: Sendable, Hashable {
        /// Patients.
        public let patients: Int
        /// Studies.
        public let studies: Int
        /// Series.
        public let series: Int
        /// Instances.
        public let instances: Int
        /// Studies that consent keeps back; `nil` for researchers, whom it does not concern.
        public let leftOutByConsent: Int?
    }

    /// The figures; `nil` when there are fewer patients than ``minimumCellSize``, for researchers.
    public let figures: Figures?
    /// Patients below whose number researchers are told nothing, also not whether there is one.
    public let minimumCellSize: Int

    init(_ survey: CohortSurvey, minimumCellSize: Int, isSuppressing: Bool) {
        self.minimumCellSize = minimumCellSize
        let patients = survey.patients.count
        guard !isSuppressing || patients >= minimumCellSize else {
            figures = nil
            return
        }
        figures = Figures(
            patients: patients,
            studies: survey.studies.count,
            series: survey.seriesCount,
            instances: survey.instanceCount,
            leftOutByConsent: isSuppressing ? nil : survey.leftOutByConsent
        )
    }
}
