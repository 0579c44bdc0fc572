import ArchiveCatalog
import Testing

@testable import ArchiveServices

@Suite struct `A list of consents` {
    private func statements(_ text: String) throws -> [String] {
        try ConsentList.statements(in: text).map { "\($0.patientID)|\($0.issuer)|\($0.answer.rawValue)" }
    }

    @Test func `is read as spreadsheets write it`() throws {
        let list =
            "\u{FEFF}PatientID,Issuer,Consent\r\nP1,NORTH,given\r\n\"P,2\",\"He said \"\"no\"\"\",Withdrawn\r\n\r\n"

        #expect(try statements(list) == ["P1|NORTH|given", "P,2|He said \"no\"|withdrawn"])
    }

    @Test func `may have its columns in another order, and no issuer`() throws {
        #expect(try statements("consent,PATIENTID\ngiven, P1 ") == ["P1||given"])
        #expect(try statements("Consent,PatientID\n").isEmpty)
    }

    @Test(arguments: [
        ("", "first line"), ("P1,given\n", "first line"), ("PatientID,Consent,Name\n", "first line"),
        ("PatientID,PatientID,Consent\n", "first line"), ("PatientID,Consent\nP1,given\nP2\n", "Line 3"),
        ("PatientID,Consent\n,given\n", "Line 2"), ("PatientID,Consent\nP1,perhaps\n", "Line 2"),
        ("PatientID,Consent\n\"P1,given\n", "line 2"), ("PatientID,Consent\n\"P1\"x,given\n", "Line 2"),
        ("PatientID,Consent\n\"P\n1\",given\nP2,perhaps\n", "Line 4"),
    ])
    func `that cannot be understood is refused by its line, and nothing of it is repeated`(
        list: String,
        place: String
    ) throws {
        let error = #expect(throws: ArchiveError.self) { try ConsentList.statements(in: list) }

        #expect(error?.code == .badRequest)
        #expect(error?.advice.contains(place) == true)
        #expect(error?.advice.contains("perhaps") == false)
    }
}
