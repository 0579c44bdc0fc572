import ArchiveCatalog
import DICOMCore
import Platform
import Testing

extension CatalogContract {
    static var answering: [CatalogContract] {
        [
            CatalogContract("studies come with their packs, those without date first, then the oldest") {
                (catalog: any Catalog) async throws -> Void in
                // The first that came speaks for the study: its date is that of both.
                var other = SampleRecord(
                    study: 1,
                    series: 12,
                    instance: 112,
                    receivedAt: 7_000,
                    values: [(.studyDate, "20250101")]
                ).record
                other.location.packID = RandomID(high: 0, low: 5)
                other.values[.modality] = "SR"
                try await catalog.insert([
                    SampleRecord(
                        study: 1,
                        series: 11,
                        instance: 111,
                        receivedAt: 9_000,
                        values: [(.studyDate, "20250101")]
                    ),
                    SampleRecord(study: 2, series: 21, instance: 211, values: [(.studyDate, "20240101")]),
                    SampleRecord(study: 3, series: 31, instance: 311, values: [(.studyDate, "")]),
                    SampleRecord(study: 4, series: 41, instance: 411, values: [(.studyDate, "20250101")]),
                    SampleRecord(study: 5, series: 51, instance: 511, values: [(.studyDate, "")]),
                ])
                _ = try await catalog.insert([other])

                let whole = try await catalog.studyHoldings(after: nil, limit: 99)
                #expect(whole.map(\.studyInstanceUID.string) == ["1.2.5", "1.2.3", "1.2.2", "1.2.4", "1.2.1"])
                for length in [1, 2, 3] {
                    var found: [StudyHolding] = []
                    while true {
                        let page = try await catalog.studyHoldings(after: found.last?.position, limit: length)
                        guard !page.isEmpty else { break }
                        #expect(page.count <= length)
                        found += page
                    }
                    #expect(found == whole)
                }
                let study = try #require(try await catalog.studyHolding(SampleRecord.studyUID(1)))
                #expect(study == whole.last)
                #expect(study.studyDate == "20250101")
                #expect(study.lastReceived == Timestamp(microseconds: 9_000))
                #expect(study.modalities == ["CT", "SR"])
                #expect(
                    study.packs == [
                        PackHolding(packID: RandomID(high: 0, low: 5), instances: 1, bytes: 700),
                        PackHolding(packID: RandomID(high: 1, low: 1), instances: 1, bytes: 700),
                    ]
                )
                #expect(study.bytes == 1_400)
                #expect(try await catalog.studyHolding(SampleRecord.studyUID(9)) == nil)
                #expect(try await catalog.studyHoldings(after: nil, limit: 0).isEmpty)
            },
            CatalogContract("studies come newest first, then by UID; series and instances by number, then by UID") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(study: 1, series: 11, instance: 111, values: [(.studyDate, "20250101")]),
                    SampleRecord(study: 2, series: 21, instance: 211, values: [(.studyDate, "20260101")]),
                    SampleRecord(study: 3, series: 31, instance: 311, values: [(.studyDate, "")]),
                    SampleRecord(
                        study: 4,
                        series: 42,
                        instance: 421,
                        values: [(.studyDate, "20260101"), (.seriesNumber, "5")]
                    ),
                    SampleRecord(
                        study: 4,
                        series: 41,
                        instance: 411,
                        values: [(.studyDate, "20260101"), (.seriesNumber, "10")]
                    ),
                    SampleRecord(study: 4, series: 42, instance: 422, values: [(.instanceNumber, "-1")]),
                ])

                #expect(try await catalog.find(.study, .studyInstanceUID) == ["1.2.2", "1.2.4", "1.2.1", "1.2.3"])
                #expect(
                    try await catalog.find(.series, .seriesInstanceUID) == [
                        "1.3.21", "1.3.42", "1.3.41", "1.3.11", "1.3.31",
                    ]
                )
                #expect(
                    try await catalog.find(.instance, .sopInstanceUID)
                        == ["1.4.211", "1.4.422", "1.4.421", "1.4.411", "1.4.111", "1.4.311"]
                )
            },
            CatalogContract("going on from a place gives the rest, with and without dates, numbers and Patient IDs") {
                (catalog: any Catalog) async throws -> Void in
                let dates = ["20250101", "", "20260101", "20260101", ""]
                let numbers = ["7", "", "7", "-3", ""]
                var records: [SampleRecord] = []
                for study in 0..<5 {
                    for series in 0..<5 {
                        for instance in 0..<5 {
                            records.append(
                                SampleRecord(
                                    patientID: study < 2 ? "" : "P\(study % 2)",
                                    study: study,
                                    series: study * 10 + series,
                                    instance: study * 100 + series * 10 + instance,
                                    values: [
                                        (.studyDate, dates[study]), (.seriesNumber, numbers[series]),
                                        (.instanceNumber, numbers[instance]),
                                    ]
                                )
                            )
                        }
                    }
                }
                try await catalog.insert(records)

                for level in QueryLevel.allCases {
                    let whole = try await catalog.find(CatalogQuery(level: level))
                    for length in [1, 2, 7] {
                        #expect(try await catalog.pages(CatalogQuery(level: level, limit: length)) == whole)
                    }
                }
                let study = SampleRecord.studyUID(3)
                let whole = try await catalog.instances(
                    ofStudy: study,
                    series: nil,
                    after: nil,
                    limit: 99,
                    includesHeader: true
                )
                #expect(whole.count == 25)
                for length in [1, 2, 7] {
                    var pages: [InstanceRecord] = []
                    while case let page = try await catalog.instances(
                        ofStudy: study,
                        series: nil,
                        after: pages.last,
                        limit: length,
                        includesHeader: true
                    ), !page.isEmpty {
                        pages += page
                    }
                    #expect(pages == whole)
                }
            },
            CatalogContract("pages of any length put together are the whole answer") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert(
                    (1...23).map { number in
                        SampleRecord(
                            patientID: "P\(number % 4)",
                            study: number % 4,
                            series: number % 7 * 10 + number % 4,
                            instance: number,
                            values: [(.studyDate, "2026010\(number % 4 + 1)")]
                        )
                    }
                )

                for level in QueryLevel.allCases {
                    let whole = try await catalog.find(CatalogQuery(level: level))
                    for length in [1, 2, 5, 23, 24] {
                        var pages: [CatalogRow] = []
                        while case let page = try await catalog.find(
                            CatalogQuery(level: level, limit: length, offset: pages.count)
                        ), !page.isEmpty {
                            pages += page
                        }
                        #expect(pages == whole)
                        #expect(try await catalog.pages(CatalogQuery(level: level, limit: length)) == whole)
                    }
                }
                #expect(try await catalog.find(CatalogQuery(level: .study, limit: 0)).isEmpty)
                #expect(try await catalog.find(CatalogQuery(level: .study, limit: 5, offset: .max)).isEmpty)
            },
            CatalogContract("conditions hold across levels, those below ask for one such record") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(patientID: "A", study: 1, series: 1, instance: 1, values: [(.accessionNumber, "N1")]),
                    SampleRecord(
                        patientID: "A",
                        study: 1,
                        series: 2,
                        instance: 2,
                        values: [(.modality, "MR"), (.bodyPartExamined, "HEAD")]
                    ),
                    SampleRecord(
                        patientID: "B",
                        study: 2,
                        series: 3,
                        instance: 3,
                        values: [(.bodyPartExamined, "HEAD")]
                    ),
                ])
                let series2 = Matching.values(["1.3.2"])
                let instance3 = Matching.values(["1.4.3"])

                #expect(
                    try await catalog.find(.patient, .patientID, where: [(.accessionNumber, .values(["N1"]))]) == ["A"]
                )
                #expect(try await catalog.find(.patient, .patientID, where: [(.sopInstanceUID, instance3)]) == ["B"])
                #expect(
                    try await catalog.find(.study, .studyInstanceUID, where: [(.seriesInstanceUID, series2)]) == [
                        "1.2.1"
                    ]
                )
                #expect(
                    try await catalog.find(.series, .seriesInstanceUID, where: [(.sopInstanceUID, instance3)]) == [
                        "1.3.3"
                    ]
                )
                #expect(
                    try await catalog.find(.instance, .sopInstanceUID, where: [(.patientID, .values(["A"]))]) == [
                        "1.4.1", "1.4.2",
                    ]
                )
                #expect(
                    try await catalog.find(.instance, .sopInstanceUID, where: [(.seriesInstanceUID, series2)]) == [
                        "1.4.2"
                    ]
                )
                // CT and HEAD are both in study 1, but not in one series of it.
                #expect(
                    try await catalog.find(
                        .study,
                        .studyInstanceUID,
                        where: [(.modality, .values(["CT"])), (.bodyPartExamined, .values(["HEAD"]))]
                    ) == ["1.2.2"]
                )
                #expect(
                    try await catalog.find(
                        .study,
                        .studyInstanceUID,
                        where: [(.modalitiesInStudy, .values(["MR", "PT"])), (.patientName, .wildcard("doe*"))]
                    ) == ["1.2.1"]
                )
            },
        ]
    }

    static var reading: [CatalogContract] {
        [
            CatalogContract("instances of a study come page by page in their order, with headers when asked for") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert((1...5).map { SampleRecord(series: 1 + $0 % 2, instance: $0) })
                try await catalog.insert([SampleRecord(study: 2, series: 9, instance: 9)])
                let study = SampleRecord.studyUID(1)
                func page(
                    series: UID? = nil,
                    _ last: InstanceRecord?,
                    _ limit: Int,
                    _ header: Bool
                ) async throws -> [InstanceRecord] {
                    try await catalog.instances(
                        ofStudy: study,
                        series: series,
                        after: last,
                        limit: limit,
                        includesHeader: header
                    )
                }

                #expect(
                    try await page(nil, 100, false).map(\.path.sopInstanceUID.string) == [
                        "1.4.2", "1.4.4", "1.4.1", "1.4.3", "1.4.5",
                    ]
                )
                let first = try await page(nil, 1, true)
                #expect(first.map(\.path.sopInstanceUID.string) == ["1.4.2"])
                #expect(try await page(first.last, 2, false).map(\.path.sopInstanceUID.string) == ["1.4.4", "1.4.1"])
                #expect(
                    try await page(series: SampleRecord.seriesUID(1), nil, 9, true)
                        == [2, 4].map { SampleRecord(instance: $0).record }
                )
                #expect(try await page(nil, 1, false).map(\.sealedHeader) == [[]])
                #expect(try await page(page(nil, 9, false).last, 1, false).isEmpty)
            },
            CatalogContract("a page of large headers ends early, and the next goes on behind it") {
                (catalog: any Catalog) async throws -> Void in
                let records = (1...5).map { number in
                    var record = SampleRecord(series: number % 2 + 1, instance: number).record
                    record.sealedHeader = [UInt8](repeating: UInt8(number), count: CatalogPage.byteLimit / 2)
                    return record
                }
                for record in records { #expect(try await catalog.insert([record]) == [.inserted]) }
                let study = SampleRecord.studyUID(1)
                func page(_ last: InstanceRecord?, _ header: Bool) async throws -> [InstanceRecord] {
                    try await catalog.instances(
                        ofStudy: study,
                        series: nil,
                        after: last,
                        limit: 9,
                        includesHeader: header
                    )
                }

                let first = try await page(nil, true)
                let second = try await page(first.last, true)
                let third = try await page(second.last, true)

                #expect([first.count, second.count, third.count] == [2, 2, 1])
                let whole = try await page(nil, false)
                #expect((first + second + third).map(\.path) == whole.map(\.path))
                #expect(try await page(third.last, true).isEmpty)
                #expect(try await catalog.allInstances(after: nil, limit: 9).count == 2)
                var query = CatalogQuery(level: .instance, includesHeader: true)
                #expect(try await catalog.pages(query).count == 5)
                #expect(try await catalog.find(query).count == 2)
                query.includesHeader = false
                #expect(try await catalog.find(query).count == 5)
            },
            CatalogContract("all instances come by UID, after the given one") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([3, 1, 2].map { SampleRecord(study: 4 - $0, series: $0, instance: $0) })

                let first = try await catalog.allInstances(after: nil, limit: 2)
                let rest = try await catalog.allInstances(after: first.last?.path.sopInstanceUID, limit: 2)

                #expect((first + rest).map(\.path.sopInstanceUID.string) == ["1.4.1", "1.4.2", "1.4.3"])
                #expect(first.first == SampleRecord(study: 3, series: 1, instance: 1).record)
            },
            CatalogContract("making durable and closing lose nothing, and a closed catalog refuses") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([SampleRecord()])
                try await catalog.makeDurable()
                try await catalog.makeDurable()
                #expect(try await catalog.counts().instances == 1)

                try await catalog.close()

                await #expect(throws: CatalogError.self) { try await catalog.counts() }
                await #expect(throws: CatalogError.self) { try await catalog.insert([SampleRecord(instance: 2)]) }
            },
        ]
    }
}

extension Catalog {
    /// The answers page by page, each page from where the one before ended.
    fileprivate func pages(_ query: CatalogQuery) async throws -> [CatalogRow] {
        var query = query
        var pages: [CatalogRow] = []
        while case let page = try await find(query), !page.isEmpty {
            pages += page
            query.after = page.last?.position
        }
        return pages
    }
}
