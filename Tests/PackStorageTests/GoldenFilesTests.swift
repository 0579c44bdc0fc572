import Foundation
import NIOCore
import PackStorage
import Platform
import Sealing
import TestKit
import Testing

/// Files that version 1 has written.
///
/// They must open for ever: never write them anew, add others beside them.
@Suite struct `Golden files of version 1` {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")
    private static let packID = "359e9c4c0eb07e9ef836b25e7adadfc1"
    private static let isWriting = ProcessInfo.processInfo.environment["CASSETTE_WRITE_GOLDEN"] != nil
    private static let records: [(kind: RecordKind, length: Int, manifest: String)] = [
        (kind: .instance, length: 0, manifest: "empty"), (kind: .instance, length: 100, manifest: "small"),
        (kind: .instance, length: 65_504 + 10, manifest: "two segments"), (kind: .edit, length: 7, manifest: "edit"),
        (kind: .tombstone, length: 0, manifest: ""),
    ]

    private static func payload(_ length: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<length).map { UInt8(($0 * 7) % 251) })
    }

    private func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
    }

    @Test func `the pack opens with the keyring and the root key`() async throws {
        let disk = MemoryDisk()
        try disk.makeDirectory("/data/packs/" + Self.packID.prefix(2))
        disk.setContent("/keys/root.key", try file("root.key"))
        disk.setContent("/data/keyring/keyring", try file("keyring"))
        disk.setContent("/mirror/keyring", try file("keyring"))
        disk.setContent("/data/packs/" + Self.packID.prefix(2) + "/" + Self.packID + ".pack", try file("pack"))
        let bench = try await PackBench(disk: disk)

        var found: [PackRecord] = []
        let survey = try await bench.store.forEachRecord { found.append($0) }

        #expect(survey.problems.isEmpty)
        #expect(!bench.keyring.isNew)
        #expect(found.map(\.kind) == Self.records.map(\.kind))
        for (record, expected) in zip(found, Self.records) {
            #expect(record.manifest == ByteBuffer(string: expected.manifest))
            #expect(record.context == bench.context)
            #expect(try await bench.payload(record.location) == Self.payload(expected.length))
            try await bench.store.verify(record.location, context: bench.context)
        }
        let key = try bench.keyring.existingStudyKey(bench.keyring.keyID(for: [1]))
        #expect(key?.id == found.first?.location.studyKeyID)
    }

    @Test(.enabled(if: isWriting)) func `writing the golden files`() async throws {
        let bench = try await PackBench()
        let writer = bench.store.makeWriter()
        var last: RecordLocation?
        for record in Self.records {
            last = try await bench.put(
                Self.payload(record.length),
                with: writer,
                manifest: record.manifest,
                kind: record.kind
            )
        }
        let location = try #require(last)
        #expect(location.packID.hex == Self.packID)
        for (name, path) in [
            ("root.key", "/keys/root.key"), ("keyring", "/mirror/keyring"), ("pack", bench.openPath(location)),
        ] {
            let content = try #require(bench.disk.content(path))
            try Data(content).write(to: Self.folder.appendingPathComponent(name))
        }
    }
}
