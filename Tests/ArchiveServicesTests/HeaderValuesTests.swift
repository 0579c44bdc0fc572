import ArchiveCatalog
import DICOMCore
import Testing

@testable import ArchiveServices

@Suite struct `Columns from a header` {
    @Test func `a number of the request does not hide the object's own`() {
        let item = DataSet([.empty(.accessionNumber, .sh), .text(.requestedProcedureID, .sh, "RP1")])
        let header = DataSet([.text(.accessionNumber, .sh, "A123"), .sequence(.requestAttributesSequence, [item])])

        let values = HeaderValues.values(of: header)

        #expect(values[.accessionNumber] == "A123")
        #expect(values[.requestedProcedureID] == "RP1")
    }

    @Test func `many values together are no longer than a column`() {
        let header = DataSet([.text(.imageType, .cs, Array(repeating: "DERIVED", count: 100_000))])

        let value = HeaderValues.values(of: header)[.imageType] ?? ""

        #expect(value.hasPrefix("DERIVED\\DERIVED"))
        #expect(value.utf8.count <= CatalogValue.lengthLimit)
    }

    @Test func `a value that no column can hold is left out and named`() {
        let header = DataSet([
            .text(.studyDate, .da, "20260230"), .text(.studyTime, .tm, "    "),
            .text(.seriesNumber, .is, "99999999999"),
            .text(.instanceNumber, .is, "7"), .text(.patientID, .lo, "A"),
        ])
        var oddities = HeaderValues.Oddities()

        let values = HeaderValues.values(of: header, noting: &oddities)

        #expect(Set(oddities.leftOut) == [.studyDate, .seriesNumber])
        #expect(values[.studyDate] == nil)
        #expect(values[.instanceNumber] == "7")
    }
}
