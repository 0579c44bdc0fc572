import ArchiveCatalog
import Crypto
import DICOMCore
import PackStorage

/// What an archive holds, in figures and one digest, so that two of them can be compared.
public struct ArchiveContent: Sendable, Hashable {
    /// Studies.
    public let studies: UInt64
    /// Instances.
    public let instances: UInt64
    /// Bytes of all objects.
    public let payloadBytes: UInt64
    /// SHA-256 over SOP Instance UID and digest of each instance, in the order of the UIDs.
    let digest: [UInt8]

    private static let pageLength = 512

    init(studies: UInt64, instances: UInt64, payloadBytes: UInt64, digest: [UInt8]) {
        self.studies = studies
        self.instances = instances
        self.payloadBytes = payloadBytes
        self.digest = digest
    }

    /// Reads all rows of a catalog.
    init(of catalog: CurrentCatalog) async throws(CatalogError) {
        var counts: [PackID: UInt64] = [:]
        try await self.init(of: catalog, within: nil, counts: &counts)
    }

    /// Reads the rows of a catalog.
    ///
    /// - Parameter extents: Only rows of records that lie within them count; `nil` for all.
    /// - Parameter counts: Gets the number of instances in each pack.
    init(
        of catalog: CurrentCatalog,
        within extents: [PackID: UInt64]?,
        counts: inout [PackID: UInt64]
    ) async throws(CatalogError) {
        var hash = SHA256()
        var studies: Set<UID> = []
        var (instances, payloadBytes): (UInt64, UInt64) = (0, 0)
        var last: UID?
        while true {
            let page = try await catalog.allInstances(after: last, limit: Self.pageLength)
            guard let end = page.last else { break }
            for record in page where Self.isWithin(record.location, extents) {
                hash.update(data: Array(record.path.sopInstanceUID.string.utf8) + [0])
                hash.update(data: record.dataSetDigest)
                studies.insert(record.path.studyInstanceUID)
                instances += 1
                counts[PackID(record.location.packID), default: 0] += 1
                payloadBytes &+= record.location.payloadLength
            }
            last = end.path.sopInstanceUID
        }
        self.init(
            studies: UInt64(studies.count),
            instances: instances,
            payloadBytes: payloadBytes,
            digest: Array(hash.finalize())
        )
    }

    private static func isWithin(_ location: StoredLocation, _ extents: [PackID: UInt64]?) -> Bool {
        guard let extents else { return true }
        guard let length = extents[PackID(location.packID)] else { return false }
        let (end, overflows) = location.recordOffset.addingReportingOverflow(location.recordLength)
        return !overflows && end <= length
    }
}
