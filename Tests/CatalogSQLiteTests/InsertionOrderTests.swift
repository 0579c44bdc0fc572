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

@Suite struct `The order of insertion` {
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

    @Test(arguments: 1...6)
    func `gives the same rows whatever it is, and however records are batched`(_ seed: Int) async throws {
        var generator = SplitMix(seed: UInt64(seed))
        let (inOrder, shuffled) = (try IndexFolder(), try IndexFolder())
        let (first, second) = (try inOrder.catalog(), try shuffled.catalog())
        var order = Self.samples.shuffled(using: &generator)

        try await first.insert(Self.samples)
        while !order.isEmpty {
            let batch = Array(order.prefix(Int.random(in: 1...12, using: &generator)))
            order.removeFirst(batch.count)
            let outcomes = try await second.insert(batch)
            #expect(outcomes.allSatisfy { $0 == .inserted })
        }

        #expect(try await Dump(first) == Dump(second))
    }

    @Test func `does not matter for records inserted twice`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert(Self.samples)
        let before = try await Dump(catalog)

        try await catalog.insert(Self.samples.reversed())

        #expect(try await Dump(catalog) == before)
    }
}
