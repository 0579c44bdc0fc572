import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Platform
import TestKit
import Testing

/// Everything that a catalog tells about its content.
private struct Dump: Equatable {
    var rows: [QueryLevel: [CatalogRow]] = [:]
    var instances: [InstanceRecord]
    var counts: CatalogCounts

    init(_ catalog: some Catalog) async throws {
        instances = try await catalog.allInstances(after: nil, limit: 10_000)
        counts = try await catalog.counts()
        for level in QueryLevel.allCases {
            rows[level] = try await catalog.find(CatalogQuery(level: level, includesHeader: true))
        }
    }
}

/// Finds the values of a sample by the record of its header, as a service opens it.
private func reading(_ samples: [SampleRecord]) -> HeaderValuesReading {
    struct Unknown: Error {}
    let values = Dictionary(
        samples.map { ($0.record.location.recordID, $0.record.values) },
        uniquingKeysWith: { first, _ in first }
    )
    return { header in
        guard let values = values[header.recordID] else { throw Unknown() }
        return values
    }
}

private func deletion(_ number: UInt64, study: Int = 1, count: Int = 1) -> Deletion {
    Deletion(
        id: RandomID(high: 77, low: number),
        scope: ArchiveScope(studyInstanceUID: SampleRecord.studyUID(study)),
        deletedAt: Timestamp(microseconds: Int64(number)),
        deletedBy: "administrator",
        reason: "wrong patient",
        instanceCount: count,
        payloadBytes: 500
    )
}

extension SampleRecord {
    fileprivate var reference: RecordReference {
        RecordReference(sopInstanceUID: record.path.sopInstanceUID, recordID: record.location.recordID)
    }
}

@Suite struct `Removing from the catalog` {
    /// Studies with and without Patient ID and issuer, series whose objects disagree, equal times.
    private static let samples: [SampleRecord] = (1...90).map { number in
        let study = number % 9
        let knowsPatient = study != 0 && (study != 1 || number % 2 == 0)
        return SampleRecord(
            patientID: knowsPatient ? "P\(study / 3)" : "",
            study: study,
            series: study * 10 + number % 4,
            instance: number,
            receivedAt: Int64(number * 37 % 11),
            sopClass: number % 5,
            values: [
                (.issuerOfPatientID, study == 5 && number % 3 == 0 ? "X" : ""), (.patientName, "Name^\(number)"),
                (.studyDescription, "Study \(number)"), (.seriesDescription, number % 2 == 0 ? "" : "S\(number)"),
                (.modality, ["CT", "MR", "", "US"][number % 4 == 3 ? number % 3 : number % 4]),
            ]
        )
    }

    @Test(arguments: 1...8)
    func `leaves the rows that a catalog without these instances has`(_ seed: Int) async throws {
        var generator = SplitMix(seed: UInt64(seed))
        let (withAll, without) = (try IndexFolder(), try IndexFolder())
        let (first, second) = (try withAll.catalog(), try without.catalog())
        try await first.insert(Self.samples)
        let shuffled = Self.samples.shuffled(using: &generator)
        let removed = Array(shuffled.prefix(Int.random(in: 1...80, using: &generator)))
        let kept = shuffled.dropFirst(removed.count)

        for (number, batch) in stride(from: 0, to: removed.count, by: 17).enumerated() {
            let batch = removed[batch..<min(batch + 17, removed.count)]
            let gone = try await first.remove(
                batch.map(\.reference),
                by: deletion(UInt64(number)),
                reading: reading(Self.samples)
            )
            #expect(gone.map(\.location) == batch.map(\.record.location))
        }
        try await second.insert(Array(kept))

        #expect(try await Dump(first) == Dump(second))
    }

    @Test func `leaves nothing of the last study, and records go in again`() async throws {
        let (all, folder) = (try IndexFolder(), try IndexFolder())
        let (catalog, other) = (try folder.catalog(), try all.catalog())
        try await catalog.insert(Self.samples)
        let references = Self.samples.map(\.reference)

        _ = try await catalog.remove(references, by: deletion(1), reading: reading([]))

        #expect(
            try await catalog.counts()
                == CatalogCounts(patients: 0, studies: 0, series: 0, instances: 0, payloadBytes: 0)
        )
        #expect(try await catalog.find(CatalogQuery(level: .patient)).isEmpty)
        try await catalog.insert(Self.samples)
        try await other.insert(Self.samples)
        #expect(try await Dump(catalog) == Dump(other))
    }

    @Test func `passes over instances that are absent or another record, and may be repeated`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        let sample = SampleRecord()
        try await catalog.insert([sample, SampleRecord(instance: 2)])
        let stranger = RecordReference(
            sopInstanceUID: sample.record.path.sopInstanceUID,
            recordID: RandomID(high: 9, low: 9)
        )
        let absent = SampleRecord(instance: 3).reference

        let passed = try await catalog.remove([stranger, absent], by: deletion(1), reading: reading([]))
        let first = try await catalog.remove(
            [sample.reference],
            by: deletion(1),
            reading: reading([SampleRecord(instance: 2)])
        )
        let again = try await catalog.remove([sample.reference], by: deletion(1), reading: reading([]))

        #expect(passed.isEmpty && first.count == 1 && again.isEmpty)
        #expect(try await catalog.counts().instances == 1)
        #expect(try await catalog.removedRecords(of: deletion(1).id, after: nil, limit: 10) == first)
    }

    @Test func `changes nothing when the header of the next defining instance cannot be read`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert([SampleRecord(), SampleRecord(instance: 2, receivedAt: 2_000)])
        let before = try await Dump(catalog)

        await #expect(throws: CatalogError.self) {
            try await catalog.remove([SampleRecord().reference], by: deletion(1), reading: reading([]))
        }

        #expect(try await Dump(catalog) == before)
        #expect(try await catalog.deletion(deletion(1).id) == nil)
    }
}

@Suite struct `The bin of the catalog` {
    private static let samples = [
        SampleRecord(), SampleRecord(instance: 2, receivedAt: 2_000), SampleRecord(series: 2, instance: 3),
        SampleRecord(patientID: "P2", study: 2, series: 3, instance: 4),
    ]

    @Test func `gives the same rows back`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert(Self.samples)
        let before = try await Dump(catalog)
        let taken = Array(Self.samples.prefix(3))
        let entry = deletion(5, count: 3)

        _ = try await catalog.remove(taken.map(\.reference), by: entry, reading: reading(Self.samples))
        #expect(try await catalog.deletions(.inBin, after: nil, limit: 10) == [entry])
        let outcomes = try await catalog.restore(taken.map(\.record), of: entry.id)

        #expect(outcomes == [.inserted, .inserted, .inserted])
        #expect(try await Dump(catalog) == before)
        #expect(try await catalog.deletion(entry.id)?.state == .restored)
        #expect(try await catalog.removedRecords(of: entry.id, after: nil, limit: 10).isEmpty)
        // A deletion that was taken back does not come again.
        #expect(try await catalog.remove(taken.map(\.reference), by: entry, reading: reading(Self.samples)).isEmpty)
    }

    @Test func `stays closed when the study belongs to another patient now`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert(Self.samples)
        let taken = Array(Self.samples.prefix(3))
        let entry = deletion(5, count: 3)
        _ = try await catalog.remove(taken.map(\.reference), by: entry, reading: reading(Self.samples))
        try await catalog.insert([SampleRecord(patientID: "P9", instance: 9)])
        let before = try await Dump(catalog)

        let outcomes = try await catalog.restore(taken.map(\.record), of: entry.id)

        #expect(outcomes.contains(.conflict))
        #expect(try await Dump(catalog) == before)
        #expect(try await catalog.deletion(entry.id)?.state == .inBin)
        #expect(try await catalog.removedRecords(of: entry.id, after: nil, limit: 10).count == 3)
    }

    @Test func `lists deletions page by page, and their records`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        let entries = (1...5).map { deletion(UInt64($0)) }
        let records = (1...5).map { number in
            RemovedRecord(
                deletionID: entries[0].id,
                sopInstanceUID: SampleRecord.instanceUID(number),
                location: SampleRecord(instance: number).record.location
            )
        }
        try await catalog.note(entries.reversed(), removed: records)

        let first = try await catalog.deletions(nil, after: nil, limit: 3)
        let rest = try await catalog.deletions(nil, after: first.last, limit: 3)
        let page = try await catalog.removedRecords(of: entries[0].id, after: records[1].location.recordID, limit: 2)
        let among = try await catalog.removedRecords(among: [RandomID(high: 0, low: 0), records[4].location.recordID])

        #expect(first + rest == entries)
        #expect(page == Array(records[2...3]))
        #expect(among == [records[4]])
    }

    @Test func `knows dead packs, and what has left them`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        #expect(try await catalog.namedPacks().isEmpty)
        try await catalog.insert(Self.samples)
        var entry = deletion(5, count: 1)
        _ = try await catalog.remove([Self.samples[0].reference], by: entry, reading: reading(Self.samples))
        #expect(try await catalog.deadPacks().isEmpty)
        entry.state = .final
        try await catalog.note([entry], removed: [])
        let old = Self.samples[0].record.location
        #expect(
            try await catalog.deadPacks() == [
                DeadPack(
                    packID: old.packID,
                    studyKeyID: old.studyKeyID,
                    studyInstanceUID: SampleRecord.studyUID(1),
                    deadBytes: 700
                )
            ]
        )
        var new = Self.samples[1].record.location
        new.packID = RandomID(high: 5, low: 5)
        new.recordOffset = 64
        let superseded = SupersededPack(
            packID: old.packID,
            successorID: new.packID,
            studyKeyID: old.studyKeyID,
            since: Timestamp(microseconds: 7)
        )

        try await catalog.move([(Self.samples[1].reference, new)], superseding: [superseded])

        #expect(try await catalog.instance(Self.samples[1].record.path.sopInstanceUID)?.location == new)
        #expect(try await catalog.supersededPacks() == [superseded])
        let named = Self.samples.dropFirst(2).map(\.record.location.packID) + [old.packID, new.packID]
        #expect(try await catalog.namedPacks() == Set(named))
        #expect(try await catalog.deadPacks().isEmpty)
        try await catalog.forgetPack(old.packID)
        #expect(try await catalog.supersededPacks().isEmpty)
        #expect(try await catalog.removedRecords(of: entry.id, after: nil, limit: 9).isEmpty)
    }

    @Test func `holds nothing of a study that was wiped`() async throws {
        let (folder, other) = (try IndexFolder(), try IndexFolder())
        let (catalog, without) = (try folder.catalog(), try other.catalog())
        try await catalog.insert(Self.samples)
        _ = try await catalog.remove([Self.samples[0].reference], by: deletion(1), reading: reading(Self.samples))

        let count = try await catalog.purge(study: SampleRecord.studyUID(1), through: .max) { _ in CatalogValues() }
        try await without.insert([Self.samples[3]])

        #expect(count == 2)
        #expect(try await Dump(catalog) == Dump(without))
        #expect(try await catalog.deletions(nil, after: nil, limit: 9).isEmpty)
        #expect(try await catalog.removedRecords(of: deletion(1).id, after: nil, limit: 9).isEmpty)
    }
}
