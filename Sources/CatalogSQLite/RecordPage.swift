import ArchiveCatalog

/// Records as they are read, until there are enough of them or of their bytes.
struct RecordPage {
    private(set) var records: [InstanceRecord] = []
    private let limit: Int
    private var byteCount = 0

    init(limit: Int) {
        self.limit = max(0, limit)
    }

    var isFull: Bool { room == 0 }

    /// How many records may still come.
    var room: Int { byteCount < CatalogPage.byteLimit ? limit - records.count : 0 }

    mutating func append(_ record: InstanceRecord) {
        records.append(record)
        byteCount += record.sealedHeader.count + (record.frameIndex?.count ?? 0)
    }
}
