import AccessControl
import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCoding
import DICOMCore
import NIOCore
import TestKit
import Testing

@Suite struct `Text without character set` {
    private static let greece = Principal(.applicationEntity(AETitle(literal: "GREECE")))

    /// Greek from one AE title, Latin-1 from the others.
    private static let assumed = AssumedCharacterSets { source in
        SpecificCharacterSet(setting: source == "GREECE" ? "ISO_IR 126" : "ISO_IR 100")
    }

    /// An object whose name is one byte, C4: Ä in Latin-1, Δ in Greek.
    private func object(_ number: Int, _ terms: [String]) throws -> TestObject {
        let uid = try #require(UID("1.2.3.\(number)"))
        let name = DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(bytes: [0xC4, 0x20])))
        let comments = DataElement(tag: .patientComments, vr: .lt, value: .bytes(ByteBuffer(bytes: [0xC4, 0x20])))
        let set: [DataElement] = terms.isEmpty ? [] : [.text(.specificCharacterSet, .cs, terms)]
        return TestObject(
            study: uid,
            series: uid,
            instance: uid,
            patientID: "P\(number)",
            extra: [name, comments] + set
        )
    }

    private func names(_ archive: TestArchive, _ key: String) async throws -> [String] {
        let subject = try #require(MatchingCondition.Subject(tag: .patientName))
        let condition = try MatchingParser().condition(on: subject, values: [key])
        let query = ArchiveQuery(level: .study, conditions: condition.map { [$0] } ?? [], attributes: [.patientName])
        return try await archive.archive.query.find(query, as: TestArchive.administrator)
            .compactMap { $0.string(.patientName) }
    }

    @Test(arguments: [[], [""], ["ISO_IR 6"], ["NOT A TERM"], ["ISO_IR 192"]])
    func `is read as the source's is, and the bytes stay`(_ terms: [String]) async throws {
        let archive = try await TestArchive(assuming: Self.assumed)
        let latin = try object(1, terms)
        let greek = try object(2, terms)

        _ = try await archive.store(latin)
        _ = try await archive.store(greek, as: Self.greece)

        #expect(try await names(archive, "A") == ["Ä"])
        #expect(try await names(archive, "δ") == ["Δ"])
        #expect(try await archive.payload(greek) == Array(try greek.part10().readableBytesView))
    }

    @Test func `is read so in headers and answers from headers, too`() async throws {
        let archive = try await TestArchive(assuming: Self.assumed)
        let greek = try object(1, [])
        _ = try await archive.store(greek, as: Self.greece)
        let retrieve = archive.archive.retrieve
        let query = ArchiveQuery(level: .instance, attributes: [.patientComments])

        let answers = try await archive.archive.query.find(query, as: TestArchive.administrator)
        let archived = try retrieve.archivedHeader(of: await archive.instance(greek), as: TestArchive.administrator)
        var json = ByteBuffer()
        try DICOMJSONWriter.write(archived, into: &json)

        #expect(answers.first?.string(.patientComments) == "Δ")
        #expect(String(buffer: json).contains(#""00100010":{"vr":"PN","Value":[{"Alphabetic":"Δ"}]}"#))
        #expect(String(buffer: json).contains(#""00080005":{"vr":"CS","Value":["ISO_IR 192"]}"#))
    }

    @Test func `that names its character set is read with that`() async throws {
        let archive = try await TestArchive(assuming: Self.assumed)

        _ = try await archive.store(try object(1, ["ISO_IR 144"]))

        #expect(try await names(archive, "*") == ["Ф"])
    }

    @Test func `is shown with replacement characters when nothing is assumed, and rightly after a rebuild`()
        async throws
    {
        let archive = try await TestArchive()
        _ = try await archive.store(try object(1, []))
        #expect(try await names(archive, "*") == ["\u{FFFD}"])
        try await archive.archive.sealPacks(quietFor: .zero)
        let rebuilt = try await SQLiteCatalog.open(
            path: archive.folder.path + "/rebuilt.sqlite",
            key: Array(repeating: 9, count: 32),
            pool: TestPool.shared
        )

        _ = try await Archive.rebuild(
            rebuilt,
            from: archive.packs,
            keyring: archive.keyring,
            assumedCharacterSets: Self.assumed,
            logger: .silent
        )

        let rows = try await rebuilt.find(CatalogQuery(level: .study))
        #expect(rows.map { $0.values[.patientName] } == ["Ä"])
        try await rebuilt.close()
    }
}
