public import ArchiveCatalog
public import DICOMCore
import Deidentification

/// What a researcher looks for.
///
/// Keys match what the view shows, and nothing else: a key that matched originals would tell who is in a project.
public struct ProjectViewQuery: Sendable {
    /// What the answers are about.
    public var level: QueryLevel
    /// Within these new UIDs.
    public var scope: RetrieveScope?
    /// Values by attribute, one of which an answer must have.
    public var keys: [Tag: [String]] = [:]
    /// Answers that are passed over.
    public var offset = 0
    /// Answers at most.
    public var limit: Int

    /// The attributes that a view matches.
    public static let matchedAttributes: Set<Tag> = [
        .studyInstanceUID, .seriesInstanceUID, .sopInstanceUID, .patientID, .modality, .modalitiesInStudy, .sopClassUID,
    ]

    /// Looks for everything at a level.
    public init(level: QueryLevel, scope: RetrieveScope? = nil, limit: Int) {
        self.level = level
        self.scope = scope
        self.limit = limit
    }

    func matches(_ answer: DataSet) -> Bool {
        keys.allSatisfy { tag, wanted in answer.strings(for: tag).contains { wanted.contains($0) } }
    }
}

extension ProjectView {
    /// The answers to a query, made of new headers, in the order of the cohort.
    ///
    /// - Parameter attributes: What an answer holds of a header.
    public func search(_ query: ProjectViewQuery, attributes: [Tag]) async throws(ArchiveError) -> [DataSet] {
        var answers: [DataSet] = []
        var passed = 0
        var work: (patient: CohortPatient, work: Work)?
        for (new, study) in cohort.studies {
            guard query.scope.map({ $0.studyInstanceUID == new }) ?? true,
                query.keys[.studyInstanceUID].map({ $0.contains(new.string) }) ?? true
            else { continue }
            if work?.patient.key != study.patient.key {
                work = (study.patient, try await self.work(for: study.patient))
            }
            guard let work else { continue }
            for answer in try await self.answers(study, work.work, query, attributes) where query.matches(answer) {
                passed += 1
                if passed > query.offset { answers.append(answer) }
                if answers.count >= query.limit { return answers }
            }
        }
        return answers
    }

    /// The answers of one study.
    private func answers(
        _ study: CohortStudy,
        _ work: Work,
        _ query: ProjectViewQuery,
        _ attributes: [Tag]
    ) async throws(ArchiveError) -> [DataSet] {
        var tally = StudyTally(level: query.level, attributes: attributes)
        var originals = cursor(of: RetrieveScope(studyInstanceUID: study.studyInstanceUID))
        while let instance = try await originals.next() {
            let scope = query.scope ?? RetrieveScope(studyInstanceUID: uids.uid(study.studyInstanceUID))
            guard isWithin(instance, scope), let header = try header(instance, work) else { continue }
            tally.add(header)
        }
        return tally.answers
    }
}

/// What the headers of a study add up to.
private struct StudyTally {
    let level: QueryLevel
    let attributes: [Tag]
    private var order: [UID] = []
    private var firsts: [UID: DataSet] = [:]
    private var modalities: Set<String> = []
    private var series: [UID: Int] = [:]
    private var count = 0

    init(level: QueryLevel, attributes: [Tag]) {
        self.level = level
        self.attributes = attributes
    }

    mutating func add(_ header: DataSet) {
        let levelTag: Tag =
            switch level {
            case .instance: .sopInstanceUID
            case .series: .seriesInstanceUID
            default: .studyInstanceUID
            }
        guard let name = header.uid(levelTag), let series = header.uid(.seriesInstanceUID) else { return }
        if firsts[name] == nil {
            order.append(name)
            firsts[name] = DataSet(header.elements.filter { attributes.contains($0.tag) })
        }
        if let modality = header.string(.modality), !modality.isEmpty { modalities.insert(modality) }
        self.series[series, default: 0] += 1
        count += 1
    }

    var answers: [DataSet] {
        order.compactMap { name in
            guard var answer = firsts[name] else { return nil }
            switch level {
            case .instance: break
            case .series:
                answer.set(.integerText(.numberOfSeriesRelatedInstances, series[name] ?? 0))
            default:
                answer.set(.text(.modalitiesInStudy, .cs, modalities.sorted().joined(separator: "\\")))
                answer.set(.integerText(.numberOfStudyRelatedSeries, series.count))
                answer.set(.integerText(.numberOfStudyRelatedInstances, count))
            }
            return answer
        }
    }
}

extension DataElement {
    /// A number as text.
    fileprivate static func integerText(_ tag: Tag, _ number: Int) -> DataElement {
        .text(tag, .is, String(number))
    }
}
