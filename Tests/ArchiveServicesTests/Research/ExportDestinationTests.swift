import DICOMCore
import Foundation
import NIOCore
import PackStorage
import Platform
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Destinations of exports` {
    private let folder = TestFolder()
    private let disk = PosixDisk()
    private let first = RandomID(random: SeededRandomSource(seed: 1))
    private let second = RandomID(random: SeededRandomSource(seed: 2))

    private func object(_ name: String, _ text: String) throws -> ExportObject {
        ExportObject(
            name: try #require(ExportName(name)),
            content: ExportContent(ByteBuffer(string: text)),
            sopClassUID: UID(literal: "1.2.3"),
            sopInstanceUID: UID(literal: "2.25.3"),
            transferSyntax: .explicitVRLittleEndian
        )
    }

    private func documents(_ text: String) throws -> [ExportDocument] {
        try ["manifest.csv", "report.json"].map { name in
            ExportDocument(name: try #require(ExportName(name)), content: ExportContent(ByteBuffer(string: text)))
        }
    }

    private func files(_ objects: [ExportObject]) -> ExportedFiles {
        ExportedFiles(
            objects.map { object in
                ExportedFile(path: object.name.text, length: object.content.length, crc32: object.content.crc32)
            }
        )
    }

    private func names(_ path: String = "") throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path + path).sorted()
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
    }

    private func folderDestination() -> FolderDestination {
        FolderDestination(path: folder.path + "/out", disk: disk, pool: TestPool.shared)
    }

    private func export(_ id: RandomID, _ objects: [ExportObject], _ report: String) async throws {
        let destination = folderDestination()
        try await destination.begin(id, at: nil)
        for object in objects { _ = try await destination.put(object) }
        _ = try await destination.settle()
        try await destination.finish(try documents(report), files: files(objects))
    }

    // MARK: Folder

    @Test func `a folder is not there under its name before it is whole`() async throws {
        let destination = folderDestination()
        try await destination.begin(first, at: nil)
        let object = try object("P-1/2.25.1/2.25.2/2.25.3.dcm", "bytes")
        _ = try await destination.put(object)

        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))

        try await destination.finish(try documents("r"), files: files([object]))
        #expect(try text("out/P-1/2.25.1/2.25.2/2.25.3.dcm") == "bytes")
        #expect(
            try names("/out").filter { $0.contains(".") && !$0.hasPrefix("P-1") } == ["manifest.csv", "report.json"]
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test func `a later export takes the place of the earlier one, of which nothing is left`() async throws {
        try await export(first, [try object("P-1/a.dcm", "1"), try object("P-2/b.dcm", "2")], "first")
        try await export(second, [try object("P-1/a.dcm", "1")], "second")

        #expect(try names("/out") == ["P-1", "P-1/a.dcm", "manifest.csv", "report.json"])
        #expect(try text("out/report.json") == "second")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test func `an interrupted export leaves the earlier one as it was, and goes on`() async throws {
        try await export(first, [try object("P-1/a.dcm", "1")], "first")
        let objects = [try object("P-1/a.dcm", "changed"), try object("P-2/b.dcm", "2")]
        let interrupted = folderDestination()
        try await interrupted.begin(second, at: nil)
        _ = try await interrupted.put(objects[0])
        let position = try await interrupted.settle()
        #expect(try text("out/P-1/a.dcm") == "1")

        let resumed = folderDestination()
        try await resumed.begin(second, at: position)
        for object in objects { _ = try await resumed.put(object) }
        try await resumed.finish(try documents("second"), files: files(objects))
        #expect(try names("/out") == ["P-1", "P-1/a.dcm", "P-2", "P-2/b.dcm", "manifest.csv", "report.json"])
        #expect(try text("out/P-1/a.dcm") == "changed")
        // It is not known whether the end was kept: it is told once more.
        let again = folderDestination()
        try await again.begin(second, at: position)
        try await again.finish(try documents("second"), files: files(objects))
        #expect(try text("out/report.json") == "second")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
    }

    @Test func `an export that is given up takes away what it has written`() async throws {
        try await export(first, [try object("P-1/a.dcm", "1")], "first")
        let destination = folderDestination()
        try await destination.begin(second, at: nil)
        _ = try await destination.put(try object("P-2/b.dcm", "2"))
        try await destination.abandon(second)

        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
        #expect(try text("out/report.json") == "first")
    }

    @Test func `a folder that is no export is not replaced`() async throws {
        try disk.makeDirectory(folder.path + "/out")
        try "mine".write(toFile: folder.path + "/out/notes.txt", atomically: true, encoding: .utf8)

        let error = await #expect(throws: ExportError.self) { try await folderDestination().begin(first, at: nil) }
        #expect(error?.code == .badDestination)
        #expect(try names() == ["out", "out/notes.txt"])
    }

    @Test func `a link in an old export is removed, not followed`() async throws {
        try disk.makeDirectory(folder.path + "/elsewhere")
        try "mine".write(toFile: folder.path + "/elsewhere/notes.txt", atomically: true, encoding: .utf8)
        try await export(first, [try object("P-1/a.dcm", "1")], "first")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/out/P-1/link",
            withDestinationPath: folder.path + "/elsewhere"
        )
        try await export(second, [], "second")

        #expect(try text("elsewhere/notes.txt") == "mine")
        #expect(try names("/out") == ["manifest.csv", "report.json"])
    }

    // MARK: ZIP

    private func zip(_ name: String = "out.zip") -> ZIPDestination {
        ZIPDestination(path: folder.path + "/" + name, disk: disk, pool: TestPool.shared)
    }

    @Test func `a ZIP file that was interrupted ends with the same bytes as one that was not`() async throws {
        let objects = [try object("P-1/a.dcm", "first"), try object("P-2/b.dcm", ""), try object("P-2/c.dcm", "third")]
        let whole = zip("whole.zip")
        try await whole.begin(first, at: nil)
        for object in objects { _ = try await whole.put(object) }
        try await whole.finish(try documents("r"), files: files(objects))

        let interrupted = zip()
        try await interrupted.begin(first, at: nil)
        _ = try await interrupted.put(objects[0])
        let position = try await interrupted.settle()
        _ = try await interrupted.put(objects[2])
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out.zip"))
        let resumed = zip()
        try await resumed.begin(first, at: position)
        for object in objects.dropFirst() { _ = try await resumed.put(object) }
        let end = try await resumed.settle()
        try await resumed.finish(try documents("r"), files: files(objects))
        let again = zip()
        try await again.begin(first, at: end)
        try await again.finish(try documents("r"), files: files(objects))

        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/whole.zip"))
        #expect(try data == Data(contentsOf: URL(fileURLWithPath: folder.path + "/out.zip")))
        #expect(try names() == ["out.zip", "whole.zip"])
    }

    @Test func `an object that fails in its middle leaves nothing in the ZIP file`() async throws {
        struct Broken: Error {}
        let good = try object("P-1/a.dcm", "first")
        var digest = ContentDigest()
        digest.update(ByteBuffer(string: "other bytes"))
        let content = ExportContent(digest, bytes: nil) { take in
            try await take(ByteBuffer(string: "other"))
            throw Broken()
        }
        let broken = ExportObject(
            name: good.name,
            content: content,
            sopClassUID: good.sopClassUID,
            sopInstanceUID: good.sopInstanceUID,
            transferSyntax: good.transferSyntax
        )
        let destination = zip()
        try await destination.begin(first, at: nil)
        await #expect(throws: Broken.self) { _ = try await destination.put(broken) }
        _ = try await destination.put(good)
        let end = try await destination.settle()

        #expect(end == 30 + 9 + 5)
    }

    @Test func `what is no ZIP file is not replaced`() async throws {
        try "mine".write(toFile: folder.path + "/out.zip", atomically: true, encoding: .utf8)

        let error = await #expect(throws: ExportError.self) { try await zip().begin(first, at: nil) }
        #expect(error?.code == .badDestination)
    }

    // MARK: Stores

    @Test func `a store gets the manifest last, and nothing twice`() async throws {
        let store = LocalBlobStore(
            directory: folder.path,
            disk: disk,
            pool: TestPool.shared,
            random: SystemRandomSource()
        )
        let spool = ExportSpool(folder: folder.path + "/.spool", disk: disk, pool: TestPool.shared)
        let destination = StoreDestination(store, spool: spool)
        let object = try object("P-1/2.25.1/2.25.2/2.25.3.dcm", "bytes")
        try await destination.begin(first, at: nil)

        #expect(try await destination.put(object) == .sent)
        #expect(try await destination.put(object) == .present)
        #expect(try await store.listAll(prefix: "exports/").isEmpty)
        try await destination.finish(try documents("r"), files: files([object]))

        let path = destination.path(of: object.name, object.content)
        // The beginning of the SHA-256 of "bytes".
        #expect(path == "objects/p-1/2.25.1/2.25.2/2.25.3.277089d91c0bdf4f.dcm")
        #expect(
            try await store.listAll().map(\.key.text) == [
                "exports/\(first.hex)/manifest.csv", "exports/\(first.hex)/report.json", path,
            ]
        )
    }

    @Test func `an object that changes between two makings is not taken`() async throws {
        var digest = ContentDigest()
        digest.update(ByteBuffer(string: "one"))
        let content = ExportContent(digest, bytes: nil) { take in try await take(ByteBuffer(string: "two")) }

        let error = await #expect(throws: ExportError.self) { try await content.forEachPiece { _ in } }
        #expect(error?.code == .damaged)
    }
}
