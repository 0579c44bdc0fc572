public import ArchiveCatalog
import Deidentification
public import Platform

/// What is wished of a project; what is `nil` stays as it is, or as it is by default.
public struct ProjectSettings: Sendable, Hashable {
    /// What it is about.
    public var title: String?
    /// Clinical Trial Protocol ID (0012,0020).
    public var protocolID: String?
    /// Clinical Trial Sponsor Name (0012,0010).
    public var sponsor: String?
    /// The options of the de-identification profile.
    public var options: [String]?
    /// What becomes of dates.
    public var dates: Project.Dates?
    /// How patients are called; only for a new project.
    public var patients: Project.PatientNaming?
    /// The cohort: parameters of a QIDO-RS search.
    public var query: String?
    /// What patients must have said.
    public var consent: Project.ConsentRule?
    /// When nothing leaves any more; `.some(nil)`: not before it is closed.
    public var expiresAt: Timestamp??
    /// Patients below whose number researchers are told no figure.
    public var minimumCellSize: Int?

    /// Wishes nothing.
    public init() {}

    /// The longest text of title, protocol and sponsor: what LO holds (PS3.5 table 6.2-1).
    static let textLimit = 64

    /// The project with these settings.
    ///
    /// - Throws: `.badRequest` for what makes no sense.
    func applied(to project: Project, at now: Timestamp) throws(ArchiveError) -> Project {
        var project = project
        if let title { project.title = try Self.text(title, "The title") }
        if let protocolID { project.protocolID = try Self.text(protocolID, "The protocol id") }
        if let sponsor { project.sponsor = try Self.text(sponsor, "The sponsor") }
        if let options { project.options = Array(Set(options)).sorted() }
        if let dates { project.dates = dates }
        if let query { project.query = query }
        if let consent { project.consent = consent }
        if let expiresAt {
            if let time = expiresAt, time <= now {
                throw ArchiveError(.badRequest, "The time at which the project ends is over already")
            }
            project.expiresAt = expiresAt
        }
        if let minimumCellSize { project.minimumCellSize = minimumCellSize }
        guard (1...1_000_000).contains(project.minimumCellSize) else {
            throw ArchiveError(.badRequest, "The minimum cell size is a number from 1 to 1000000")
        }
        guard !project.query.isEmpty else {
            throw ArchiveError(
                .badRequest,
                "A project needs a query, for example Modality=CT; StudyDate=* takes all studies"
            )
        }
        _ = try CohortQuery(project.query)
        _ = try Self.profile(of: project)
        return project
    }

    /// What is done to each attribute of the project's objects.
    ///
    /// - Throws: `.badRequest` for options that are none or contradict each other or the dates.
    static func profile(of project: Project) throws(ArchiveError) -> DeidentificationProfile {
        var options: Set<DeidentificationOption> = []
        for text in project.options {
            guard let option = DeidentificationOption(rawValue: text) else {
                let known = DeidentificationOption.allCases.map(\.rawValue).joined(separator: ", ")
                throw ArchiveError(.badRequest, "There is no such option of the profile, only \(known)")
            }
            options.insert(option)
        }
        // What the options say of dates is what happens to them: the two are one wish.
        switch project.dates {
        case .removed: break
        case .kept: options.insert(.retainLongitudinalFullDates)
        case .shifted, .shiftedByWeeks: options.insert(.retainLongitudinalModifiedDates)
        }
        if project.dates == .removed,
            !options.isDisjoint(with: [.retainLongitudinalFullDates, .retainLongitudinalModifiedDates])
        {
            throw ArchiveError(.badRequest, "The options keep dates: say so with the dates of the project instead")
        }
        do throws(ProfileError) {
            return try DeidentificationProfile(options: options)
        } catch {
            throw ArchiveError(.badRequest, error.description)
        }
    }

    /// A text that LO holds: one value, no control characters.
    private static func text(_ text: String, _ what: String) throws(ArchiveError) -> String {
        guard text.count <= textLimit,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0 != "\\" && $0 != "\u{7F}" })
        else {
            throw ArchiveError(
                .badRequest,
                "\(what) has at most \(textLimit) characters, no backslash and no line ends"
            )
        }
        return text
    }
}
