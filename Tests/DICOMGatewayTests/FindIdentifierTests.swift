import ArchiveCatalog
import ArchiveServices
import DICOMCore
import DIMSE
import Testing

@testable import DICOMGateway

@Suite struct `Understanding a C-FIND identifier` {
    @Test(arguments: [("STUDY", QueryLevel.study), ("SERIES", .series), ("IMAGE", .instance)])
    func `the level is that of Query/Retrieve Level`(code: String, level: QueryLevel) throws {
        let identifier = DataSet([.text(.queryRetrieveLevel, .cs, code)])

        #expect(try FindIdentifier(identifier, model: .studyRoot).query.level == level)
    }

    @Test(arguments: ["", "STUDIES", "PATIENT"])
    func `a missing, unknown or foreign level is refused`(code: String) {
        let identifier = DataSet([.text(.queryRetrieveLevel, .cs, code)])

        let error = #expect(throws: IdentifierError.self) { try FindIdentifier(identifier, model: .studyRoot) }

        #expect(error?.tag == .queryRetrieveLevel)
    }

    @Test func `PATIENT is a level of the Patient Root model`() throws {
        let identifier = DataSet([.text(.queryRetrieveLevel, .cs, "PATIENT")])

        #expect(try FindIdentifier(identifier, model: .patientRoot).query.level == .patient)
    }

    @Test func `keys with values become conditions, empty ones and lone stars only return keys`() throws {
        let identifier = DataSet([
            .text(.queryRetrieveLevel, .cs, "STUDY"), .text(.patientName, .pn, "DOE*"),
            .empty(.patientID, .lo), .text(.accessionNumber, .sh, "*"),
        ])

        let question = try FindIdentifier(identifier, model: .studyRoot)

        #expect(question.query.conditions.map(\.subject.tag) == [.patientName])
        #expect(question.query.attributes == [.patientName, .patientID, .accessionNumber, .studyInstanceUID])
    }

    @Test func `matches are told without optional keys when a key with a value cannot be matched`() throws {
        let level = DataElement.text(.queryRetrieveLevel, .cs, "STUDY")
        let item = DataSet([.text(.scheduledProcedureStepID, .sh, "S1")])
        let unmatched = [
            DataSet([level, .text(.patientComments, .lt, "TRIAL7")]),
            DataSet([level, .sequence(.requestAttributesSequence, [item])]),
        ]
        let matched = DataSet([level, .empty(.patientComments, .lt), .text(.patientID, .lo, "1")])

        for identifier in unmatched {
            #expect(try FindIdentifier(identifier, model: .studyRoot).pendingStatus == .pendingWithoutOptionalKeys)
        }
        #expect(try FindIdentifier(matched, model: .studyRoot).pendingStatus == .pending)
    }

    @Test(arguments: ["20260230", "-", "nonsense", "20260101-2026"])
    func `a date key that is no date is refused by its tag`(value: String) {
        let identifier = DataSet([.text(.queryRetrieveLevel, .cs, "STUDY"), .text(.studyDate, .da, value)])

        let error = #expect(throws: IdentifierError.self) { try FindIdentifier(identifier, model: .studyRoot) }

        #expect(error?.tag == .studyDate)
    }

    @Test func `a response has every key of the request, empty where nothing is known`() throws {
        let identifier = DataSet([
            .text(.queryRetrieveLevel, .cs, "STUDY"), .empty(.patientName, .pn), .empty(.patientComments, .lt),
            .sequence(.requestAttributesSequence, [DataSet()]), .empty(.instanceAvailability, .cs),
        ])
        let match = DataSet([.text(.patientName, .pn, "DOE^JANE"), .uid(.studyInstanceUID, UID(literal: "1.2.3"))])

        let response = try FindIdentifier(identifier, model: .studyRoot)
            .response(match, retrieveAETitle: AETitle(literal: "CASSETTE"))

        #expect(
            response.elements.map(\.tag) == [
                .queryRetrieveLevel, .retrieveAETitle, .instanceAvailability, .patientName, .patientComments,
                .studyInstanceUID, .requestAttributesSequence,
            ]
        )
        #expect(response.string(.patientName) == "DOE^JANE")
        #expect(response.string(.patientComments) == nil)
        #expect(response.string(.instanceAvailability) == "ONLINE")
    }
}
