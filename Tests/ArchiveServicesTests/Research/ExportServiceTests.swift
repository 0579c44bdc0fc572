import AccessControl
import ArchiveCatalog
import DICOMCore
import Deidentification
import Foundation
import NIOCore
import Platform
import Synchronization
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Exports of a project` {
    /// A destination that fails at its n-th object, once.
    private final class BreakingDestination: ExportDestination {
        struct Broken: Error {}

        let inner: FolderDestination
        let rest: Mutex<Int>
        let clock: ManualClock

        init(_ inner: FolderDestination, breakingAt count: Int, _ clock: ManualClock) {
            self.inner = inner
            rest = Mutex(count)
            self.clock = clock
        }

        func begin(_ id: RandomID, at position: UInt64?) async throws { try await inner.begin(id, at: position) }

        func put(_ object: ExportObject) async throws -> ExportPlacement {
            let breaks = rest.withLock { rest in
                rest -= 1
                return rest == 0
            }
            if breaks { throw Broken() }
            // Each patient is kept: that takes a while.
            clock.advance(by: .seconds(3))
            return try await inner.put(object)
        }

        func settle() async throws -> UInt64 { try await inner.settle() }

        func finish(_ documents: [ExportDocument], files: ExportedFiles) async throws {
            try await inner.finish(documents, files: files)
        }

        func abandon(_ id: RandomID) async throws { try await inner.abandon(id) }
    }

    private struct NotStored: Error {}

    private let folder = TestFolder()
    private let clock = ManualClock()

    /// - Parameter count: The object at which the first destination that works breaks; 0: none.
    /// - Parameter disk: For the lists.
    private func exports(
        _ test: TestArchive,
        breakingAt count: Int = 0,
        disk: any Disk = PosixDisk()
    ) -> ExportService {
        let setup = ExportSetup(
            folder: folder.path + "/lists",
            disk: disk,
            pool: TestPool.shared,
            cleaner: PixelCleaner(codec: TestCodec(), recognizer: nil),
            frameLengthLimit: 1 << 20,
            program: "test"
        ) { [clock] place, _ in
            let inner = FolderDestination(path: place, disk: PosixDisk(), pool: TestPool.shared)
            return ExportSetup.Target(BreakingDestination(inner, breakingAt: count, clock), kind: "folder")
        }
        return test.archive.exports(setup, clock: clock)
    }

    private func filled(_ patients: Int = 3) async throws -> TestArchive {
        let test = try await TestArchive()
        for patient in 1...patients {
            for number in 1...2 {
                var object = TestObject()
                object.study = try #require(UID("1.2.3.\(patient)"))
                object.series = try #require(UID("1.2.3.\(patient).1"))
                object.instance = try #require(UID("1.2.3.\(patient).1.\(number)"))
                object.patientID = "HOSP-\(9_100 + patient)"
                object.patientName = "Kestrelby^Jane"
                object.number = number
                guard case .stored = try await test.store(object) else { throw NotStored() }
            }
        }
        try await test.archive.ingest.index.catchUp()
        var settings = ProjectSettings()
        settings.consent = .waiver
        settings.query = "StudyDate=*"
        _ = try await test.archive.projects.create("LUNG", settings, as: TestArchive.administrator)
        return test
    }

    private func export(
        _ service: ExportService,
        _ test: TestArchive,
        to name: String,
        headers: HeaderTable? = nil
    ) async throws -> JobRecord {
        let place = folder.path + "/" + name
        let parameters = ExportParameters(project: "LUNG", query: nil, destination: place, headers: headers)
        let job = try await service.start(parameters, as: TestArchive.administrator)
        return try await test.archive.jobs.runToEnd(job.id)
    }

    private func contents(_ name: String) throws -> [String: Data] {
        let root = folder.path + "/" + name
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) where !path.hasPrefix("report.") {
            // Of a folder there are none.
            if let bytes = FileManager.default.contents(atPath: root + "/" + path) { files[path] = bytes }
        }
        return files
    }

    @Test func `two exports are the same, and their check finds nothing wrong`() async throws {
        let test = try await filled()
        let service = exports(test)

        for name in ["one", "two"] {
            let job = try await export(service, test, to: name)
            #expect(job.state == .done, "\(job.failure ?? "")")
            #expect(job.progress.done == 6)
        }
        let files = try contents("one")
        #expect(try contents("two") == files)
        #expect(files.count == 6 + 2)
        let check = ExportCheck(folder: folder.path + "/one", disk: PosixDisk(), pool: TestPool.shared)
        let findings = try await check.run(publicKey: nil)
        #expect(findings.isSound, "\(findings.problems)")
        #expect(findings.files == 6)
        for (name, bytes) in files {
            #expect(name.hasPrefix("LUNG-") || !name.contains("/"))
            #expect(bytes.range(of: Data("HOSP-91".utf8)) == nil)
            #expect(bytes.range(of: Data("Kestrelby".utf8)) == nil)
        }
    }

    @Test(arguments: 1...6)
    func `an export that failed anywhere goes on and ends with the same bytes`(count: Int) async throws {
        let test = try await filled()
        let service = exports(test, breakingAt: count)
        let failed = try await export(service, test, to: "out")
        #expect(failed.state == .failed)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))

        let again = exports(test)
        try await test.archive.jobs.resume(failed.id, as: TestArchive.administrator)
        let resumed = try await test.archive.jobs.runToEnd(failed.id)
        #expect(resumed.state == .done, "\(resumed.failure ?? "")")
        _ = try await export(again, test, to: "whole")
        #expect(try contents("out") == contents("whole"))
    }

    @Test(arguments: HeaderTable.allCases, [1, 4])
    func `headers leave as a table, also of an export that failed in between`(
        form: HeaderTable,
        count: Int
    ) async throws {
        let test = try await filled()
        let failed = try await export(exports(test, breakingAt: count), test, to: "out", headers: form)
        #expect(failed.state == .failed)
        let again = exports(test)
        try await test.archive.jobs.resume(failed.id, as: TestArchive.administrator)
        let resumed = try await test.archive.jobs.runToEnd(failed.id)
        #expect(resumed.state == .done, "\(resumed.failure ?? "")")

        _ = try await export(again, test, to: "whole", headers: form)
        #expect(try contents("out") == contents("whole"))
        let tables = try contents("out").filter { $0.key.hasPrefix("headers/") }
        let name = try #require(tables.keys.first)
        #expect(tables.count == 1 && name.hasPrefix("headers/modality_key="))
        #expect(name.hasSuffix("/part-00000." + form.rawValue))
        let lines = String(decoding: tables[name] ?? Data(), as: UTF8.self).split(whereSeparator: \.isNewline)
        #expect(lines.count == (form == .csv ? 7 : 6))
        let paths = try contents("out").keys.filter { $0.hasSuffix(".dcm") }
        #expect(paths.allSatisfy { path in lines.contains { $0.contains(path) } })
        // Nothing of it stays with the archive.
        let kept = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/lists")
        #expect(!kept.contains { $0.contains("header") })
        let check = ExportCheck(folder: folder.path + "/out", disk: PosixDisk(), pool: TestPool.shared)
        #expect(try await check.run(publicKey: nil).isSound)
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/out/" + name))
        #expect(try await check.run(publicKey: nil).problemCount == 1)
    }

    @Test func `an export whose table cannot be cleared away is done when that works again`() async throws {
        let test = try await filled()
        // Cannot remove folders.
        let disk = FaultInjectingDisk(PosixDisk())
        let failed = try await export(exports(test, disk: disk), test, to: "out", headers: .ndjson)
        #expect(failed.state == .failed)
        let before = try contents("out")

        _ = exports(test)
        try await test.archive.jobs.resume(failed.id, as: TestArchive.administrator)
        let resumed = try await test.archive.jobs.runToEnd(failed.id)

        #expect(resumed.state == .done, "\(resumed.failure ?? "")")
        #expect(try contents("out") == before)
        let kept = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/lists")
        #expect(!kept.contains { $0.contains("header") })
    }

    @Test func `nothing is kept of an export that is cancelled`() async throws {
        let test = try await filled()
        let service = exports(test, breakingAt: 4)
        let failed = try await export(service, test, to: "out", headers: .csv)
        #expect(failed.state == .failed)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/lists/" + failed.id.hex))
        try await test.archive.jobs.resume(failed.id, as: TestArchive.administrator)

        _ = try await service.cancel(failed.id, as: TestArchive.administrator)

        #expect(!FileManager.default.fileExists(atPath: folder.path + "/lists/" + failed.id.hex))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/.out.partial"))
    }

    @Test func `a table goes where documents go`() async throws {
        let parameters = ExportParameters(project: "LUNG", query: nil, destination: "dicom://A@b:104", headers: .csv)

        #expect(parameters.encoded.flatMap { ExportParameters($0) } == parameters)
        #expect(ExportParameters(Array("export 1\nLUNG\n\n/out\nparquet".utf8)) == nil)
    }

    @Test func `who has withdrawn is not in the next export, which says so`() async throws {
        let test = try await filled()
        let service = exports(test)
        _ = try await export(service, test, to: "out")
        let before = Set(try contents("out").keys.compactMap { $0.split(separator: "/").first }.map(String.init))
        _ = try await test.archive.projects.setConsents(
            [ConsentStatement(patientID: "HOSP-9102", issuer: "", answer: .withdrawn)],
            of: "LUNG",
            as: TestArchive.administrator
        )
        let job = try await export(service, test, to: "out")

        #expect(job.progress.done == 4)
        let after = Set(try contents("out").keys.compactMap { $0.split(separator: "/").first }.map(String.init))
        let gone = try #require(before.subtracting(after).first)
        let report = try String(contentsOfFile: folder.path + "/out/report.json", encoding: .utf8)
        #expect(report.contains("\"withdrawn\":[\"\(gone)\"]"))
        #expect(report.contains("\"studiesLeftOutByConsent\":1"))
    }

    @Test func `two exports to one place do not work at the same time`() async throws {
        let test = try await filled(1)
        let service = exports(test)
        let place = folder.path + "/out"
        let first = ExportParameters(project: "LUNG", query: nil, destination: place)
        let second = ExportParameters(project: "LUNG", query: "Modality=CT", destination: place)
        let job = try await service.start(first, as: TestArchive.administrator)

        #expect(try await service.start(first, as: TestArchive.administrator).id == job.id)
        let error = await #expect(throws: ArchiveError.self) {
            try await service.start(second, as: TestArchive.administrator)
        }
        #expect(error?.code == .conflict)
        #expect(try await service.cancel(job.id, as: TestArchive.administrator).state == .cancelled)
        #expect(try await service.list(as: TestArchive.administrator).map(\.id) == [job.id])
    }

    @Test func `nobody but an administrator may export`() async throws {
        let test = try await filled(1)
        let service = exports(test)
        let peer = Principal(.applicationEntity(AETitle(literal: "CT1")))
        let parameters = ExportParameters(project: "LUNG", query: nil, destination: folder.path + "/out")

        let error = await #expect(throws: ArchiveError.self) { try await service.start(parameters, as: peer) }
        #expect(error?.code == .denied)
        let listing = await #expect(throws: ArchiveError.self) { try await service.list(as: peer) }
        #expect(listing?.code == .denied)
    }
}
