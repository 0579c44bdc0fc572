import ArchiveCatalog
import DICOMCore
import Platform
import Testing

/// What every catalog must do, whatever its database; each case gets an empty one.
///
/// It imports the port and the values only, so that the tests of another implementation can take this file as it is.
struct CatalogContract: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any Catalog) async throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (any Catalog) async throws -> Void) {
        testDescription = name
        self.check = check
    }

    static var all: [CatalogContract] { inserting + defining + patients + answering + reading }

    static var inserting: [CatalogContract] {
        [
            CatalogContract("an empty catalog answers nothing") { (catalog: any Catalog) async throws -> Void in
                #expect(try await catalog.insert([InstanceRecord]()).isEmpty)
                for level in QueryLevel.allCases {
                    #expect(try await catalog.find(CatalogQuery(level: level)).isEmpty)
                }
                #expect(try await catalog.instance(SampleRecord.instanceUID(1)) == nil)
                #expect(
                    try await catalog.counts()
                        == CatalogCounts(patients: 0, studies: 0, series: 0, instances: 0, payloadBytes: 0)
                )
            },
            CatalogContract("a record comes back as it went in") { (catalog: any Catalog) async throws -> Void in
                for number in 1...2 {
                    let record = SampleRecord(
                        instance: number,
                        values: [
                            (.imageType, "ORIGINAL\\PRIMARY"), (.rows, "512"), (.numberOfFrames, "3"),
                            (.studyDescription, "Thorax"), (.operatorsName, "A^B\\C^D"),
                        ]
                    ).record

                    #expect(try await catalog.insert([record]) == [.inserted])

                    #expect(try await catalog.instance(record.path.sopInstanceUID) == record)
                }
            },
            CatalogContract("extreme lengths and empty blobs come back as they went in") {
                (catalog: any Catalog) async throws -> Void in
                var record = SampleRecord().record
                record.location.recordOffset = .max
                record.location.keyGeneration = .max
                record.location.manifestLength = .max
                record.sealedHeader = []
                record.frameIndex = []
                record.source = ""

                #expect(try await catalog.insert([record]) == [.inserted])

                #expect(try await catalog.instance(record.path.sopInstanceUID) == record)
            },
            CatalogContract("a known instance changes nothing, also within one batch") {
                (catalog: any Catalog) async throws -> Void in
                let first = SampleRecord().record
                var second = SampleRecord(study: 2, receivedAt: 1, values: [(.studyDescription, "other")]).record
                second.location.recordID = RandomID(high: 7, low: 7)

                #expect(try await catalog.insert([first, first]) == [.inserted, .alreadyThere(first)])
                #expect(try await catalog.insert([second]) == [.alreadyThere(first)])
                #expect(try await catalog.counts().studies == 1)
                #expect(try await catalog.find(.study, .studyDescription) == [""])
            },
            CatalogContract("counts and gathered values follow each instance") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(series: 1, instance: 1, sopClass: 2),
                    SampleRecord(series: 1, instance: 2, sopClass: 2),
                    SampleRecord(series: 2, instance: 3, sopClass: 7, values: [(.modality, "SR")]),
                ])
                try await catalog.insert([SampleRecord(study: 2, series: 3, instance: 4)])

                let study = try await catalog.find(CatalogQuery(level: .study, conditions: [], limit: 1)).first
                #expect(
                    study?.derived == [
                        .modalitiesInStudy: "CT\\SR",
                        .sopClassesInStudy: "1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.5.1.4.1.1.7",
                        .numberOfPatientRelatedStudies: "2", .numberOfPatientRelatedSeries: "3",
                        .numberOfPatientRelatedInstances: "4", .numberOfStudyRelatedSeries: "2",
                        .numberOfStudyRelatedInstances: "3",
                    ]
                )
                let series = try await catalog.find(CatalogQuery(level: .series))
                #expect(series.map { $0.derived[.numberOfSeriesRelatedInstances] } == ["2", "1", "1"])
                #expect(
                    try await catalog.counts()
                        == CatalogCounts(patients: 1, studies: 2, series: 3, instances: 4, payloadBytes: 2_000)
                )
            },
        ]
    }

    static var defining: [CatalogContract] {
        [
            CatalogContract("the earliest received instance gives the attributes, whenever it is inserted") {
                (catalog: any Catalog) async throws -> Void in
                func sample(_ instance: Int, at: Int64, _ text: String, modality: String) -> SampleRecord {
                    SampleRecord(
                        instance: instance,
                        receivedAt: at,
                        values: [
                            (.patientName, text), (.studyDescription, text), (.seriesDescription, text),
                            (.modality, modality),
                        ]
                    )
                }

                try await catalog.insert([sample(1, at: 20, "second", modality: "CT")])
                try await catalog.insert([sample(2, at: 30, "third", modality: "US")])
                #expect(try await catalog.find(.series, .seriesDescription) == ["second"])
                try await catalog.insert([sample(3, at: 10, "first", modality: "MR")])

                #expect(try await catalog.find(.patient, .patientName) == ["first"])
                #expect(try await catalog.find(.study, .studyDescription) == ["first"])
                #expect(try await catalog.find(.series, .seriesDescription) == ["first"])
                #expect(
                    try await catalog.find(.study, .studyID, where: [(.modalitiesInStudy, .values(["CT"]))]).isEmpty
                )
                #expect(
                    try await catalog.find(.study, .studyDate, where: [(.modalitiesInStudy, .values(["MR"]))]).count
                        == 1
                )
            },
            CatalogContract("of instances received at once the one with the smallest record id gives the attributes") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([SampleRecord(instance: 2, values: [(.studyDescription, "two")])])
                try await catalog.insert([SampleRecord(instance: 1, values: [(.studyDescription, "one")])])
                try await catalog.insert([SampleRecord(instance: 3, values: [(.studyDescription, "three")])])

                #expect(try await catalog.find(.study, .studyDescription) == ["one"])
            },
            CatalogContract("the header of an answer is that of its defining instance, of an instance its own") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(instance: 1, receivedAt: 9), SampleRecord(instance: 2, receivedAt: 5),
                ])

                for level in [QueryLevel.patient, .study, .series] {
                    let rows = try await catalog.find(CatalogQuery(level: level, includesHeader: true))
                    #expect(rows.map(\.header) == [SampleRecord(instance: 2).record.header])
                }
                let instances = try await catalog.find(CatalogQuery(level: .instance, includesHeader: true))
                #expect(instances.map(\.header?.bytes) == [[1, 2, 3, 1], [1, 2, 3, 2]])
                #expect(try await catalog.find(CatalogQuery(level: .study)).map(\.header) == [nil])
            },
            CatalogContract("one series UID in two studies makes two series") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(study: 1, series: 1, instance: 1), SampleRecord(study: 2, series: 1, instance: 2),
                ])

                #expect(try await catalog.find(.series, .studyInstanceUID) == ["1.2.1", "1.2.2"])
            },
        ]
    }

    static var patients: [CatalogContract] {
        [
            CatalogContract("a study under another Patient ID is a conflict and changes nothing") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([SampleRecord(patientID: "A", instance: 1)])

                let outcomes = try await catalog.insert([
                    SampleRecord(patientID: "B", instance: 2), SampleRecord(patientID: "A", instance: 3),
                ])

                #expect(outcomes == [.conflict, .inserted])
                #expect(try await catalog.find(.patient, .patientID) == ["A"])
                #expect(try await catalog.counts().instances == 2)
            },
            CatalogContract("the same Patient ID of two issuers is two patients") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(study: 1, instance: 1, values: [(.issuerOfPatientID, "X")]),
                    SampleRecord(study: 2, instance: 2, values: [(.issuerOfPatientID, "Y")]),
                ])

                #expect(try await catalog.find(.patient, .issuerOfPatientID) == ["X", "Y"])
                #expect(
                    try await catalog.insert([SampleRecord(study: 1, instance: 3, values: [(.issuerOfPatientID, "Y")])])
                        == [.conflict]
                )
            },
            CatalogContract("studies without Patient ID have a patient each") {
                (catalog: any Catalog) async throws -> Void in
                try await catalog.insert([
                    SampleRecord(patientID: "", study: 1, instance: 1),
                    SampleRecord(patientID: "", study: 2, instance: 2),
                    SampleRecord(patientID: "", study: 2, instance: 3),
                ])

                let patients = try await catalog.find(CatalogQuery(level: .patient))
                #expect(patients.map { $0.derived[.numberOfPatientRelatedInstances] } == ["1", "2"])
                #expect(patients.map { $0.values[.patientID] } == [nil, nil])
            },
            CatalogContract("a study whose first object has no Patient ID joins the patient of the next") {
                (catalog: any Catalog) async throws -> Void in
                let nameless = SampleRecord(
                    patientID: "",
                    instance: 1,
                    receivedAt: 1,
                    values: [(.patientName, "Early")]
                )
                let named = SampleRecord(patientID: "A", instance: 2, receivedAt: 2, values: [(.patientName, "Late")])
                let before = SampleRecord(patientID: "A", study: 2, instance: 3, receivedAt: 3)
                try await catalog.insert([before])
                try await catalog.insert([nameless])
                #expect(try await catalog.counts().patients == 2)

                #expect(try await catalog.insert([named]) == [.inserted])

                let patients = try await catalog.find(CatalogQuery(level: .patient))
                #expect(patients.map { $0.values[.patientName] } == ["Early"])
                #expect(patients.map { $0.derived[.numberOfPatientRelatedInstances] } == ["3"])
                #expect(try await catalog.counts().patients == 1)
                #expect(try await catalog.find(.study, .patientID) == ["A", "A"])
            },
        ]
    }
}
