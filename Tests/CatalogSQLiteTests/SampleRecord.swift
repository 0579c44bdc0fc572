import ArchiveCatalog
import DICOMCore
import Platform

/// Makes records that differ in what a test says and are alike in the rest.
struct SampleRecord {
    var patientID = "P1"
    var study = 1
    var series = 1
    var instance = 1
    /// Microseconds.
    var receivedAt: Int64 = 1_000
    var sopClass = 2
    var values: [(Tag, String)] = []

    static func studyUID(_ number: Int) -> UID { uid("1.2.\(number)") }
    static func seriesUID(_ number: Int) -> UID { uid("1.3.\(number)") }
    static func instanceUID(_ number: Int) -> UID { uid("1.4.\(number)") }
    static func sopClassUID(_ number: Int) -> UID { uid("1.2.840.10008.5.1.4.1.1.\(number)") }

    static func uid(_ text: String) -> UID {
        UID(text) ?? UID(literal: "0.0")
    }

    /// The record.
    var record: InstanceRecord {
        var all = CatalogValues()
        let own = [
            (Tag.patientID, patientID), (.patientName, "Doe^\(patientID)"), (.studyDate, "20260101"),
            (.modality, "CT"), (.studyInstanceUID, Self.studyUID(study).string),
            (.seriesInstanceUID, Self.seriesUID(series).string), (.sopInstanceUID, Self.instanceUID(instance).string),
            (.sopClassUID, Self.sopClassUID(sopClass).string), (.seriesNumber, String(series)),
            (.instanceNumber, String(instance)),
        ]
        for (tag, text) in own + values {
            all[tag] = text.isEmpty ? nil : text
        }
        return InstanceRecord(
            path: InstancePath(
                studyInstanceUID: Self.studyUID(study),
                seriesInstanceUID: Self.seriesUID(series),
                sopInstanceUID: Self.instanceUID(instance)
            ),
            sopClassUID: Self.sopClassUID(sopClass),
            transferSyntaxUID: Self.uid("1.2.840.10008.1.2.1"),
            values: all,
            location: StoredLocation(
                packID: RandomID(high: 1, low: UInt64(study)),
                recordOffset: UInt64(instance) * 1_000,
                recordID: RandomID(high: 2, low: UInt64(instance)),
                studyKeyID: RandomID(high: 3, low: UInt64(study)),
                keyGeneration: 1,
                payloadLength: 500,
                manifestLength: 90,
                recordLength: 700
            ),
            dataSetOffset: 388,
            dataSetDigest: Array(repeating: UInt8(truncatingIfNeeded: instance), count: 32),
            receivedAt: Timestamp(microseconds: receivedAt),
            source: "MODALITY",
            sealedHeader: [1, 2, 3, UInt8(truncatingIfNeeded: instance)],
            frameIndex: instance % 2 == 0 ? nil : [9, 8, 7]
        )
    }
}

extension Catalog {
    /// Inserts records made of samples.
    @discardableResult
    func insert(_ samples: [SampleRecord]) async throws -> [InsertOutcome] {
        try await insert(samples.map(\.record))
    }

    /// The values of one attribute in the answers to a query.
    func find(
        _ level: QueryLevel,
        _ tag: Tag,
        where conditions: [(Tag, Matching)] = [],
        limit: Int? = nil,
        offset: Int = 0
    ) async throws -> [String] {
        let query = CatalogQuery(
            level: level,
            conditions: conditions.compactMap { tag, matching in
                MatchingCondition.Subject(tag: tag).map { MatchingCondition($0, matching) }
            },
            limit: limit,
            offset: offset
        )
        return try await find(query).map { $0.values[tag] ?? "" }
    }
}
