import ArchiveCatalog
import DICOMCore
import Testing

@testable import ArchiveServices

@Suite struct `Classes of patients` {
    /// So many patients of each class, one study each.
    private func survey(_ sizes: [Int]) -> CohortSurvey {
        var studies: [CohortStudy] = []
        for (position, size) in sizes.enumerated() {
            for _ in 0..<size {
                guard let uid = UID("1.2.\(studies.count + 1)") else { continue }
                studies.append(
                    CohortStudy(
                        studyInstanceUID: uid,
                        patient: CohortPatient(
                            patientID: "P\(studies.count)",
                            issuer: "",
                            name: "",
                            studyInstanceUID: uid.string
                        ),
                        seriesCount: 1,
                        instanceCount: 1,
                        traits: PatientTraits(ageBand: "40-49", sex: "F", year: "200\(position)", site: "North")
                    )
                )
            }
        }
        return CohortSurvey(studies: studies, leftOutByConsent: 0)
    }

    private func shown(_ sizes: [Int]) -> [Int] {
        AnonymitySummary(survey(sizes), minimumCellSize: 10, isSuppressing: true).classes.map(\.patients).sorted()
    }

    @Test func `of the cell size are shown, smaller ones are not`() {
        #expect(shown([10, 12]) == [10, 12])
        #expect(shown([]) == [])
        #expect(shown([9]) == [])
        #expect(shown([5, 5, 11]) == [11])
    }

    @Test func `that would give a hidden one away are hidden with it`() {
        // The total less 12 and 30 would be 3: the next larger class goes, too, and that is enough.
        #expect(shown([3, 12, 30]) == [30])
        #expect(shown([3, 12]) == [])
    }

    @Test func `are all shown to who may see the patients, with the smallest and how many are small`() {
        let summary = AnonymitySummary(survey([3, 12]), minimumCellSize: 10, isSuppressing: false)

        #expect(summary.classes.map(\.patients) == [3, 12])
        #expect((summary.smallestClass, summary.classesBelow, summary.patients) == (3, 1, 15))
    }

    @Test func `count a patient with two studies of one class once`() {
        let twice = survey([1]).studies + survey([1]).studies
        let summary = AnonymitySummary(
            CohortSurvey(studies: twice, leftOutByConsent: 0),
            minimumCellSize: 2,
            isSuppressing: false
        )

        #expect(summary.classes.map(\.patients) == [1] && summary.classes.map(\.studies) == [2])
    }

    @Test(arguments: [
        ("045Y", "", "", "40-49"), ("011M", "", "", "0-9"), ("", "19500601", "20200531", "60-69"),
        ("", "19500601", "20200601", "70-79"), ("090Y", "", "", "90+"), ("089Y", "", "", "80-89"),
        ("", "", "20200601", "unknown"), ("", "20300101", "20200101", "unknown"), ("old", "", "", "unknown"),
    ])
    func `tell the age at the study in bands of ten years`(age: String, birth: String, date: String, band: String) {
        var values = CatalogValues()
        values[.patientAge] = age.isEmpty ? nil : age
        values[.patientBirthDate] = birth.isEmpty ? nil : birth
        values[.studyDate] = date.isEmpty ? nil : date

        #expect(PatientTraits(values).ageBand == band)
    }
}
