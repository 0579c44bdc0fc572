import ArchiveCatalog
import DICOMCore
import Foundation
import GRDB
import NIOPosix
import Platform
import Testing

@testable import CatalogSQLite

@Suite struct `Research projects in the registry` {
    private let folder: IndexFolder

    init() throws {
        folder = try IndexFolder()
    }

    private func open() async throws -> SQLiteRegistry {
        try await SQLiteRegistry.open(
            path: folder.url.appending(path: "registry.sqlite").path,
            key: [UInt8](repeating: 7, count: 32),
            disk: PosixDisk(),
            pool: WorkPool(threads: NIOThreadPool.singleton)
        )
    }

    private func project(_ name: String, _ number: UInt64 = 1) -> Project {
        var project = Project(
            id: RandomID(high: 5, low: number),
            name: name,
            title: "A study of studies",
            protocolID: "NCT1",
            sponsor: "Somebody",
            options: ["clean-descriptors", "retain-device"],
            dates: .shiftedByWeeks,
            patients: .numbered,
            query: "Modality=CT",
            consent: .optOut,
            expiresAt: Timestamp(microseconds: 99),
            minimumCellSize: 5,
            createdAt: Timestamp(microseconds: 7),
            createdBy: "administrator"
        )
        project.closedAt = Timestamp(microseconds: 8)
        return project
    }

    private func token(_ number: UInt64) -> RandomID { RandomID(high: 8, low: number) }

    private func row(_ patient: RandomID, _ number: Int) -> MappingRow {
        MappingRow(patient: patient, number: number, lookup: RandomID(high: 9, low: UInt64(number)), sealed: [1, 2])
    }

    @Test func `come back as they were, each name once in any case`() async throws {
        let first = try await open()
        #expect(try await first.add(project("BETA", 1)))
        #expect(try await first.add(project("ALPHA", 2)))
        #expect(try await !first.add(project("beta", 3)))
        try await first.close()

        let again = try await open()

        #expect(try await again.projects() == [project("ALPHA", 2), project("BETA", 1)])
        #expect(try await again.project(named: "Beta") == project("BETA", 1))
        #expect(try await again.project(named: "GAMMA") == nil)
        var changed = project("BETA", 1)
        changed.expiresAt = nil
        changed.options = []
        changed.state = .closed
        try await again.save(changed)
        #expect(try await again.project(named: "BETA") == changed)
        try await again.close()
    }

    @Test func `give each patient a number once, and nobody that of another`() async throws {
        let registry = try await open()
        let (one, other) = (project("ONE", 1).id, project("OTHER", 2).id)
        let make: @Sendable (Int, Int) throws -> MappingRow = { row(token(UInt64($0 + 1)), $1) }

        #expect(try await registry.assignNumbers(to: [token(1), token(2)], of: one, row: make) == [1, 2])
        #expect(try await registry.assignNumbers(to: [token(1), token(2), token(3)], of: one, row: make) == [1, 2, 3])
        #expect(try await registry.assignNumbers(to: [token(1)], of: other, row: make) == [1])
        #expect(try await registry.mappingRow(of: token(2), in: one) == row(token(2), 2))
        #expect(try await registry.mappingRow(lookup: RandomID(high: 9, low: 3), in: one)?.patient == token(3))
        #expect(try await registry.mappingRow(lookup: RandomID(high: 9, low: 3), in: other) == nil)
        #expect(try await registry.mappingRows(of: one, after: 1, limit: 1).map(\.number) == [2])
        try await registry.close()
    }

    @Test func `keep the number of a patient whose tie was cut, and tie anew when asked`() async throws {
        let registry = try await open()
        let id = project("ONE").id
        _ = try await registry.assignNumbers(to: [token(1)], of: id) { _, number in row(token(1), number) }
        let no = ConsentEntry(
            patient: token(1),
            answer: .withdrawn,
            changedAt: Timestamp(microseconds: 3),
            changedBy: "b"
        )

        try await registry.setConsents([no], of: id, cutting: [token(1)])

        #expect(try await registry.consents(of: id) == [no])
        #expect(
            try await registry.mappingRow(of: token(1), in: id)
                == MappingRow(patient: token(1), number: 1, lookup: nil, sealed: [])
        )
        let numbers = try await registry.assignNumbers(to: [token(1)], of: id) { _, number in row(token(1), number) }
        #expect(numbers == [1])
        #expect(try await registry.mappingRow(of: token(1), in: id) == row(token(1), 1))
        try await registry.close()
    }

    @Test func `leave nothing but their row when they are closed`() async throws {
        let registry = try await open()
        var one = project("ONE", 1)
        let other = project("OTHER", 2)
        for project in [one, other] {
            _ = try await registry.add(project)
            _ = try await registry.assignNumbers(to: [token(1)], of: project.id) { _, number in row(token(1), number) }
            let yes = ConsentEntry(
                patient: token(1),
                answer: .given,
                changedAt: Timestamp(microseconds: 3),
                changedBy: "b"
            )
            try await registry.setConsents([yes], of: project.id, cutting: [])
            let researcher = Researcher(
                id: RandomID(high: 3, low: project == one ? 1 : 2),
                projectID: project.id,
                name: "alice",
                tokenDigest: [1, 2, 3],
                createdAt: Timestamp(microseconds: 1),
                createdBy: "b",
                expiresAt: Timestamp(microseconds: 2)
            )
            #expect(try await registry.add(researcher))
            #expect(try await !registry.add(researcher))
        }
        one.state = .closed
        let shredding = Shredding(
            id: RandomID(high: 1, low: 1),
            projectKeyID: RandomID(high: 2, low: 2),
            keyGeneration: 1,
            kekVersion: 4,
            requestedBy: "b",
            reason: "closed",
            requestedAt: Timestamp(microseconds: 9)
        )

        try await registry.close(one, saving: shredding)

        #expect(try await registry.project(named: "ONE") == one)
        #expect(try await registry.consents(of: one.id).isEmpty)
        #expect(try await registry.mappingRows(of: one.id, after: 0, limit: 9).isEmpty)
        #expect(try await registry.researchers().map(\.projectID) == [other.id])
        #expect(try await registry.shreddings(openOnly: true) == [shredding])
        #expect(try await registry.mappingRows(of: other.id, after: 0, limit: 9).count == 1)
        #expect(try await registry.consents(of: other.id).count == 1)
        try await registry.close()
    }

    @Test func `come into a registry that is older than they are, and what it had stays`() async throws {
        let registry = try await open()
        var shredding = Shredding(
            id: RandomID(high: 1, low: 1),
            studyInstanceUID: UID(literal: "1.2.3"),
            studyKeyID: RandomID(high: 2, low: 2),
            requestedBy: "b",
            reason: "",
            requestedAt: Timestamp(microseconds: 9)
        )
        shredding.packs = [RandomID(high: 4, low: 4)]
        try await registry.save(shredding)
        try await registry.write { database in
            for table in ["project", "project_consent", "project_patient", "project_researcher"] {
                try database.execute(sql: "DROP TABLE \(table)")
            }
            try database.execute(sql: "ALTER TABLE shredding DROP COLUMN subject")
            try database.execute(sql: "DELETE FROM migration WHERE name = 'projects-1'")
        }
        try await registry.close()

        let again = try await open()

        #expect(try await again.shreddings(openOnly: false) == [shredding])
        #expect(try await again.projects().isEmpty)
        #expect(try await again.add(project("ONE")))
        try await again.close()
    }
}
