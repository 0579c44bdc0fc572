import AccessControl
import ArchiveCatalog
import DICOMCore
import Platform
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `A researcher` {
    private let administrator = TestArchive.administrator

    private func archive(_ clock: ManualClock = ManualClock(), patients: Int = 11) async throws -> TestArchive {
        let archive = try await TestArchive(clock: clock)
        for number in 1...patients {
            var object = TestObject()
            object.study = try #require(UID("1.2.3.\(number)"))
            object.series = try #require(UID("1.2.3.\(number).1"))
            object.instance = try #require(UID("1.2.3.\(number).1.1"))
            object.patientID = "P\(number)"
            object.extra = [.text(.patientSex, .cs, number == 1 ? "M" : "F"), .text(.patientAge, .as, "045Y")]
            _ = try await archive.store(object)
        }
        var settings = ProjectSettings()
        settings.query = "Modality=CT"
        settings.consent = .waiver
        for name in ["ONE", "TWO"] { _ = try await archive.archive.projects.create(name, settings, as: administrator) }
        return archive
    }

    private func researcher(of name: String, in archive: TestArchive) async throws -> Principal {
        let admitted = try await archive.archive.projects.addResearcher("alice", to: name, days: 1, as: administrator)
        let token = try #require(ResearchToken(admitted.token))
        return try #require(archive.archive.projects.principal(presenting: token))
    }

    private func code(_ body: () async throws -> Void) async -> ArchiveError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ArchiveError)?.code
        }
    }

    @Test func `sees the one project, and no other that there is`() async throws {
        let archive = try await archive()
        let alice = try await researcher(of: "ONE", in: archive)
        let projects = archive.archive.projects

        #expect(try await projects.list(as: alice).map(\.name) == ["ONE"])
        #expect(try await projects.project(named: "one", as: alice).name == "ONE")
        #expect(await code { _ = try await projects.project(named: "TWO", as: alice) } == .notFound)
        #expect(await code { _ = try await projects.counts(of: "TWO", as: alice) } == .notFound)
        #expect(await code { _ = try await projects.counts(of: "THREE", as: alice) } == .notFound)
    }

    @Test func `is told no figure of fewer patients than the cell size, and cannot ask for single ones`() async throws {
        let archive = try await archive()
        let alice = try await researcher(of: "ONE", in: archive)
        let projects = archive.archive.projects

        let all = try await projects.counts(of: "ONE", as: alice)
        let women = try await projects.counts(of: "ONE", query: "PatientSex=F", as: alice)
        let men = try await projects.counts(of: "ONE", query: "PatientSex=M", as: alice)
        let none = try await projects.counts(of: "ONE", query: "Modality=MR", as: alice)

        #expect(all.figures?.patients == 11 && all.figures?.leftOutByConsent == nil)
        #expect(women.figures?.patients == 10)
        #expect(men.figures == nil)
        #expect(men == none)
        #expect(try await projects.counts(of: "ONE", query: "PatientSex=M", as: administrator).figures?.patients == 1)
        for key in ["PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID", "PatientBirthDate", "StudyTime"]
        {
            #expect(await code { _ = try await projects.counts(of: "ONE", query: key + "=1", as: alice) } == .denied)
        }
    }

    @Test func `is shown no class from which a small one could be told`() async throws {
        let archive = try await archive()
        let alice = try await researcher(of: "ONE", in: archive)

        let told = try await archive.archive.projects.summary(of: "ONE", as: alice)
        let whole = try await archive.archive.projects.summary(of: "ONE", as: administrator)

        // One man beside ten women of eleven patients: the women alone would tell the man.
        #expect(told.classes.isEmpty && told.smallestClass == nil && told.patients == 11)
        #expect(whole.classes.map(\.patients) == [10, 1] && whole.smallestClass == 1 && whole.classesBelow == 1)
    }

    @Test func `can do nothing else`() async throws {
        let archive = try await archive()
        let alice = try await researcher(of: "ONE", in: archive)
        let services = archive.archive
        let study = UID(literal: "1.2.3.1")
        let attempts: [() async throws -> Void] = [
            { _ = try await services.query.find(ArchiveQuery(level: .study), as: alice) },
            { _ = try services.ingest.openSession(for: alice) },
            { _ = try await services.verification.verify(as: alice) },
            { _ = try await services.removal.bin(limit: 1, as: alice) },
            { _ = try await services.shredder.shred(study, as: alice) },
            { _ = try await services.holds.holds(as: alice) },
            { _ = try await services.labels.labels(of: study, as: alice) },
            { _ = try await services.jobs.jobs(as: alice) },
            { _ = try await services.lifecycle.status(as: alice) },
            { _ = try await services.scrubbing.status(as: alice) },
            { _ = try await services.keys.status(as: alice) },
            { _ = try await services.figures.refresh(as: alice) },
            { _ = try await services.projects.create("NEW", ProjectSettings(), as: alice) },
            { _ = try await services.projects.update("ONE", ProjectSettings(), as: alice) },
            { _ = try await services.projects.close("ONE", as: alice) },
            { _ = try await services.projects.setConsents([], of: "ONE", as: alice) },
            { _ = try await services.projects.consentCounts(of: "ONE", as: alice) },
            { _ = try await services.projects.researchers(of: "ONE", as: alice) },
            { _ = try await services.projects.addResearcher("bob", to: "ONE", days: 1, as: alice) },
            { try await services.projects.removeResearcher("alice", from: "ONE", as: alice) },
            { _ = try await services.projects.lookUp(pseudonym: "ONE-0001", in: "ONE", as: alice) },
            { _ = try await services.projects.lookUp(patientID: "P1", in: "ONE", as: alice) },
        ]

        for (number, attempt) in attempts.enumerated() { #expect(await code(attempt) == .denied, "attempt \(number)") }
    }

    @Test func `is out when the token is taken away, or over, or the project is closed`() async throws {
        let clock = ManualClock()
        let archive = try await archive(clock, patients: 1)
        let projects = archive.archive.projects
        let one = try await projects.addResearcher("alice", to: "ONE", days: 1, as: administrator)
        let two = try await projects.addResearcher("bob", to: "ONE", days: 2, as: administrator)
        let tokens = try [one, two].map { try #require(ResearchToken($0.token)) }
        #expect(tokens.allSatisfy { projects.principal(presenting: $0) != nil })
        let taken = await code { _ = try await projects.addResearcher("ALICE", to: "ONE", days: 1, as: administrator) }
        #expect(taken == .conflict)

        clock.advance(by: .seconds(86_400))
        #expect(tokens.map { projects.principal(presenting: $0) != nil } == [false, true])
        try await projects.removeResearcher("Bob", from: "ONE", as: administrator)
        #expect(projects.principal(presenting: tokens[1]) == nil)
        #expect(await code { try await projects.removeResearcher("bob", from: "ONE", as: administrator) } == .notFound)
        for days in [0, 366] {
            let refused = await code {
                _ = try await projects.addResearcher("carl", to: "ONE", days: days, as: administrator)
            }
            #expect(refused == .badRequest)
        }
    }

    @Test func `comes in again after a restart`() async throws {
        let archive = try await archive(patients: 1)
        let admitted = try await archive.archive.projects.addResearcher("alice", to: "ONE", days: 1, as: administrator)
        try await archive.archive.close()

        let again = try await TestArchive(in: archive.folder)

        #expect(again.archive.projects.principal(presenting: try #require(ResearchToken(admitted.token))) != nil)
    }
}
