import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Deidentification
import Foundation
import Platform
import Sealing
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `A research project` {
    private let administrator = TestArchive.administrator

    private func archive(patients: Int = 3) async throws -> TestArchive {
        let archive = try await TestArchive()
        try await store(patients, in: archive)
        return archive
    }

    private func store(_ patients: Int, in archive: TestArchive) async throws {
        for number in 1...patients {
            var object = TestObject()
            object.study = try #require(UID("1.2.3.\(number)"))
            object.series = try #require(UID("1.2.3.\(number).1"))
            object.instance = try #require(UID("1.2.3.\(number).1.1"))
            object.patientID = "P\(number)"
            object.extra = [
                .text(.patientSex, .cs, number.isMultiple(of: 2) ? "M" : "F"),
                .text(.patientAge, .as, "04\(number % 10)Y"), .text(.institutionName, .lo, "North"),
            ]
            _ = try await archive.store(object)
        }
    }

    private func settings(_ consent: Project.ConsentRule = .waiver) -> ProjectSettings {
        var settings = ProjectSettings()
        settings.query = "Modality=CT"
        settings.consent = consent
        settings.patients = .numbered
        return settings
    }

    private func code(_ body: () async throws -> Void) async -> ArchiveError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ArchiveError)?.code
        }
    }

    @Test func `is there again after a restart, and its name is taken in any case`() async throws {
        let archive = try await archive(patients: 1)
        let made = try await archive.archive.projects.create("PROJ", settings(), as: administrator)
        try await archive.archive.close()

        let again = try await TestArchive(in: archive.folder)

        #expect(try await again.archive.projects.project(named: "proj", as: administrator) == made)
        let taken = await code { _ = try await again.archive.projects.create("Proj", settings(), as: administrator) }
        #expect(taken == .conflict)
    }

    @Test(arguments: ["", "-A", "a b", "ÄB", "12345678901234567", "a/b"])
    func `with a name that could not stand in a pseudonym is refused`(name: String) async throws {
        let archive = try await archive(patients: 1)

        #expect(
            await code { _ = try await archive.archive.projects.create(name, settings(), as: administrator) }
                == .badRequest
        )
    }

    @Test(arguments: ["", "Modality=", "Modalty=CT", "PixelSpacing=1", "StudyDate=never", "%zz=1", "limit=3"])
    func `with a query that would choose other studies than were meant is refused`(query: String) async throws {
        let archive = try await archive(patients: 1)
        var wish = settings()
        wish.query = query

        #expect(
            await code { _ = try await archive.archive.projects.create("PROJ", wish, as: administrator) } == .badRequest
        )
    }

    @Test func `numbers patients once and for all, and tells both ways who is who`() async throws {
        let archive = try await archive()
        let projects = archive.archive.projects
        _ = try await projects.create("PROJ", settings(), as: administrator)
        let open = try await projects.open("PROJ", as: administrator)
        let survey = try await projects.cohort(of: open, as: administrator)

        let first = try await open.pseudonyms(for: Array(survey.patients.prefix(2)))
        let second = try await open.pseudonyms(for: survey.patients)

        let names = survey.patients.map { second.patientID($0.key) }
        #expect(Set(names) == ["PROJ-0001", "PROJ-0002", "PROJ-0003"])
        #expect(survey.patients.prefix(2).map { first.patientID($0.key) } == Array(names.prefix(2)))
        #expect(names[2] == "PROJ-0003")
        let mapped = try await projects.lookUp(pseudonym: names[2], in: "PROJ", as: administrator)
        #expect((mapped.patientID, mapped.name) == ("P3", "DOE^JANE"))
        #expect(try await projects.lookUp(patientID: " p3", in: "PROJ", as: administrator) == [mapped])
        #expect(
            await code { _ = try await projects.lookUp(pseudonym: "PROJ-0004", in: "PROJ", as: administrator) }
                == .notFound
        )
    }

    @Test func `chooses what its query and the caller's both choose, in the order of patients`() async throws {
        let archive = try await archive(patients: 12)
        let projects = archive.archive.projects
        _ = try await projects.create("PROJ", settings(), as: administrator)
        let open = try await projects.open("PROJ", as: administrator)

        let all = try await projects.cohort(of: open, as: administrator)
        let men = try await projects.cohort(of: open, query: "PatientSex=M", as: administrator)
        let none = try await projects.cohort(of: open, query: "Modality=MR", as: administrator)

        #expect(all.studies.map(\.patient.patientID) == (1...12).map { "P\($0)" }.sorted())
        #expect(all.patients.count == 12 && all.instanceCount == 12 && all.seriesCount == 12)
        #expect(men.studies.count == 6)
        #expect(none.studies.isEmpty)
    }

    @Test func `lets leave who agreed, and not who took that back`() async throws {
        let archive = try await archive()
        let projects = archive.archive.projects
        _ = try await projects.create("PROJ", settings(.optIn), as: administrator)
        func leaving() async throws -> [String] {
            let open = try await projects.open("PROJ", as: administrator)
            return try await projects.cohort(of: open, as: administrator).studies.map(\.patient.patientID)
        }
        #expect(try await leaving().isEmpty)

        let yes = [1, 2].map { ConsentStatement(patientID: "P\($0)", answer: .given) }
        #expect(
            try await projects.setConsents(yes, of: "PROJ", as: administrator) == ConsentCounts(given: 2, withdrawn: 0)
        )
        #expect(try await leaving() == ["P1", "P2"])

        let open = try await projects.open("PROJ", as: administrator)
        let patients = try await projects.cohort(of: open, as: administrator).patients
        let pseudonym = try await open.pseudonyms(for: patients).patientID(patients[0].key)
        let no = [ConsentStatement(patientID: "P1", answer: .withdrawn)]
        try await projects.setConsents(no, of: "PROJ", as: administrator)
        #expect(try await leaving() == ["P2"])
        // The pseudonym does not tell the patient any more; the patient still tells the pseudonym.
        #expect(
            await code { _ = try await projects.lookUp(pseudonym: pseudonym, in: "PROJ", as: administrator) }
                == .notFound
        )
        #expect(
            try await projects.lookUp(patientID: "P1", in: "PROJ", as: administrator).map(\.pseudonym) == [pseudonym]
        )
    }

    @Test func `is not open any more when its time is over`() async throws {
        let clock = ManualClock()
        let archive = try await TestArchive(clock: clock)
        let projects = archive.archive.projects
        var wish = settings()
        wish.expiresAt = clock.now().advanced(by: .seconds(60))
        _ = try await projects.create("PROJ", wish, as: administrator)
        _ = try await projects.open("PROJ", as: administrator)

        clock.advance(by: .seconds(60))

        #expect(await code { _ = try await projects.open("PROJ", as: administrator) } == .conflict)
    }

    @Test func `that is closed has no key, no table and no tokens`() async throws {
        let archive = try await archive()
        let projects = archive.archive.projects
        let project = try await projects.create("PROJ", settings(), as: administrator)
        let open = try await projects.open("PROJ", as: administrator)
        _ = try await open.pseudonyms(for: try await projects.cohort(of: open, as: administrator).patients)
        let admitted = try await projects.addResearcher("alice", to: "PROJ", days: 1, as: administrator)
        let token = try #require(ResearchToken(admitted.token))
        #expect(projects.principal(presenting: token) == Principal(.researcher(name: "alice", project: project.id)))

        let closed = try await projects.close("PROJ", as: administrator)

        #expect(closed.state == .closed && closed.closedAt != nil)
        let keyID = ProjectKeys.keyID(of: project.id, in: archive.keyring)
        #expect(archive.keyring.isRemoved(keyID))
        #expect(try await archive.registry.mappingRows(of: project.id, after: 0, limit: 9).isEmpty)
        #expect(try await archive.registry.researchers().isEmpty)
        #expect(projects.principal(presenting: token) == nil)
        for attempt in [
            { _ = try await projects.open("PROJ", as: administrator) },
            { _ = try await projects.lookUp(pseudonym: "PROJ-0001", in: "PROJ", as: administrator) },
            { _ = try await projects.update("PROJ", settings(), as: administrator) },
            { _ = try await projects.close("PROJ", as: administrator) },
            { _ = try await projects.setConsents([], of: "PROJ", as: administrator) },
        ] as [() async throws -> Void] { #expect(await code(attempt) == .conflict) }
        // Old copies of the keyring hold the key until the epoch ends; the certificate says so.
        let certified = try await archive.archive.shredder.endEpoch(as: administrator)
        #expect(certified.map(\.subject) == [.project] && certified.map(\.state) == [.certified])
        #expect(String(decoding: certified[0].certificate, as: UTF8.self).contains("project PROJ closed"))
    }

    @Test func `of an older registry stays closed, for its key is gone`() async throws {
        let archive = try await archive()
        let project = try await archive.archive.projects.create("PROJ", settings(), as: administrator)
        let open = try await archive.archive.projects.open("PROJ", as: administrator)
        let patients = try await archive.archive.projects.cohort(of: open, as: administrator).patients
        _ = try await open.pseudonyms(for: patients)
        _ = try await archive.archive.projects.addResearcher("alice", to: "PROJ", days: 9, as: administrator)
        let path = archive.folder.path + "/registry.sqlite"
        try await archive.registry.whileQuiet { try FileManager.default.copyItem(atPath: path, toPath: path + ".old") }
        _ = try await archive.archive.projects.close("PROJ", as: administrator)
        try await archive.archive.close()
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        try FileManager.default.moveItem(atPath: path + ".old", toPath: path)

        let again = try await TestArchive(in: archive.folder)

        let found = try await again.archive.projects.project(named: "PROJ", as: administrator)
        #expect(found.state == .closed)
        #expect(try await again.registry.mappingRows(of: project.id, after: 0, limit: 9).isEmpty)
        #expect(try await again.registry.researchers().isEmpty)
        #expect(await code { _ = try await again.archive.projects.open("PROJ", as: administrator) } == .conflict)
        #expect(try await again.registry.shreddings(openOnly: true).map(\.subject) == [.project])
    }

    @Test func `whose closing was interrupted is closed at the next start`() async throws {
        let archive = try await archive()
        var project = try await archive.archive.projects.create("PROJ", settings(), as: administrator)
        project.state = .closed
        try await archive.registry.save(project)
        try await archive.archive.close()

        let again = try await TestArchive(in: archive.folder)

        #expect(again.keyring.isRemoved(ProjectKeys.keyID(of: project.id, in: again.keyring)))
        #expect(try await again.registry.shreddings(openOnly: true).count == 1)
        #expect(try await again.archive.projects.list(as: administrator).map(\.state) == [.closed])
    }

    @Test func `keeps its pseudonyms through a rotation of the keys`() async throws {
        let archive = try await archive()
        let projects = archive.archive.projects
        _ = try await projects.create("PROJ", settings(), as: administrator)
        let open = try await projects.open("PROJ", as: administrator)
        let patients = try await projects.cohort(of: open, as: administrator).patients
        let before = try await open.pseudonyms(for: patients)

        try await archive.keyring.rotate()
        let after = try await projects.open("PROJ", as: administrator).pseudonyms(for: patients)

        #expect(patients.map { before.patientID($0.key) } == patients.map { after.patientID($0.key) })
        #expect(before.uid(UID(literal: "1.2.3.1")) == after.uid(UID(literal: "1.2.3.1")))
        #expect(try await archive.keyring.check().isSound)
    }
}
