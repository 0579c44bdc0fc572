import ArchiveCatalog
import Crypto
import Deidentification
import Platform
import Sealing
import Testing

@testable import ArchiveServices

@Suite struct `What patients have said` {
    private let keys: ProjectKeys

    init() throws {
        let id = RandomID(high: 1, low: 2)
        let key = StudyKey(id: StudyKeyID(id), generation: 1, key: SymmetricKey(data: [UInt8](repeating: 9, count: 32)))
        keys = try ProjectKeys(key, of: id)
    }

    private let north = PatientKey(patientID: "P1", issuer: "NORTH")

    /// What was said in which order: of the id alone, or of the id of an issuer.
    private func mayLeave(_ rule: Project.ConsentRule, _ said: [(issuer: String?, answer: ConsentEntry.Answer)]) -> Bool
    {
        let entries = said.enumerated().map { time, one in
            ConsentEntry(
                patient: keys.token(of: PatientKey(patientID: "p1", issuer: one.issuer)),
                answer: one.answer,
                changedAt: Timestamp(microseconds: Int64(time)),
                changedBy: ""
            )
        }
        return ConsentBook(rule, entries).mayLeave(north, keys)
    }

    @Test func `counts as the project's rule has it where nothing was said`() {
        #expect(!mayLeave(.optIn, []))
        #expect(mayLeave(.optOut, []))
        #expect(mayLeave(.waiver, []))
    }

    @Test(arguments: Project.ConsentRule.allCases)
    func `counts whatever the rule`(rule: Project.ConsentRule) {
        #expect(mayLeave(rule, [("NORTH", .given)]))
        #expect(mayLeave(rule, [(nil, .given)]))
        #expect(!mayLeave(rule, [("NORTH", .withdrawn)]))
        #expect(!mayLeave(rule, [(nil, .withdrawn)]))
    }

    @Test func `of the id alone holds for every issuer, but a yes of one comes after it`() {
        #expect(!mayLeave(.waiver, [("NORTH", .given), (nil, .withdrawn)]))
        #expect(mayLeave(.waiver, [(nil, .withdrawn), ("NORTH", .given)]))
        #expect(!mayLeave(.waiver, [("NORTH", .withdrawn), (nil, .given)]))
        #expect(!mayLeave(.optIn, [("SOUTH", .given)]))
        #expect(mayLeave(.optOut, [("SOUTH", .withdrawn)]))
    }
}
