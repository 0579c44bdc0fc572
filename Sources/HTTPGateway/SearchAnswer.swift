import ArchiveCatalog
import DICOMCore

/// Makes an answer of the archive into the answer of a search (PS3.18 10.6.3.3).
struct SearchAnswer {
    let level: QueryLevel
    let requiredAttributes: [Tag]
    /// Where the resources begin.
    let base: String

    /// The answer with its address, availability, and an empty element for each required attribute that has no value.
    func dataSet(_ found: DataSet) -> DataSet {
        var answer = found
        for tag in requiredAttributes where answer[tag] == nil {
            answer.set(.empty(tag, DataElementDictionary.vr(of: tag) ?? .un))
        }
        if level >= .series { nestRequestAttributes(in: &answer) }
        if answer[.instanceAvailability] == nil { answer.set(.text(.instanceAvailability, .cs, "ONLINE")) }
        if let url = url(of: found) { answer.set(.text(.retrieveURL, .ur, url)) }
        return answer
    }

    private func url(of answer: DataSet) -> String? {
        guard let study = answer.uid(.studyInstanceUID) else { return nil }
        guard level >= .series else { return Links.study(study, below: base) }
        guard let series = answer.uid(.seriesInstanceUID) else { return nil }
        guard level == .instance else { return Links.series(series, study: study, below: base) }
        return answer.uid(.sopInstanceUID).map { instance in
            Links.instance(
                InstancePath(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance),
                below: base
            )
        }
    }

    // The catalog keeps these two in columns of the series; PS3.18 table 10.6.3-4 wants them where the object has them.
    private func nestRequestAttributes(in answer: inout DataSet) {
        let nested = [answer.remove(.scheduledProcedureStepID), answer.remove(.requestedProcedureID)].compactMap(\.self)
        if !nested.isEmpty, answer[.requestAttributesSequence] == nil {
            answer.set(.sequence(.requestAttributesSequence, [DataSet(nested)]))
        }
    }
}
