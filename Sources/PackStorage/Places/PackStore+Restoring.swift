import Logging
import NIOCore
import Platform

extension PackStore {
    private struct LoneRecord {
        let key: BlobKey
        let offset: UInt64
        let length: UInt64
    }

    /// Brings back what stores have of packs that are lost: records that senders waited for, of packs that never came there
    /// as a whole.
    ///
    /// After the loss of the data folder, and before ``recover(_:)``, which makes the packs whole. Records that no sender
    /// waited for leave gaps; the walks tell of them.
    ///
    /// - Returns: How many records.
    @discardableResult
    public func restoreRecords() async throws(PackError) -> Int {
        guard let tiers else { return 0 }
        var known = Set(try await sealedPacks())
        let files = files
        known.formUnion(try await work { try files.openPacks().packs })
        for named in tiers.stores { known.formUnion(try await packs(in: named).map(\.id)) }
        var count = 0
        for named in tiers.stores {
            for (pack, records) in try await loneRecords(in: named) where !known.contains(pack) {
                try await restore(pack, records, from: named, tiers.walkDirectory)
                known.insert(pack)
                count += records.count
            }
        }
        if count > 0 {
            logger.notice("records were brought back from other stores", metadata: [LogKeys.count: "\(count)"])
        }
        return count
    }

    private func loneRecords(in named: NamedBlobStore) async throws(PackError) -> [PackID: [LoneRecord]] {
        var found: [PackID: [LoneRecord]] = [:]
        do throws(BlobStoreError) {
            for entry in try await named.store.listAll(prefix: PackMover.recordPrefix) {
                let parts = entry.key.text.split(separator: "/").last?.split(separator: "-") ?? []
                guard
                    parts.count == 2, let pack = PackID(hex: parts[0]), let offset = UInt64(parts[1]),
                    offset >= UInt64(PackHeader.length), entry.size > UInt64(PackHeader.length),
                    !offset.addingReportingOverflow(entry.size).overflow
                else { continue }
                found[pack, default: []].append(LoneRecord(key: entry.key, offset: offset, length: entry.size))
            }
        } catch {
            throw PackError(error)
        }
        return found.mapValues { $0.sorted { $0.offset < $1.offset } }
    }

    /// Puts a pack together under another name, and gives it its own when it is durable.
    private func restore(
        _ pack: PackID,
        _ records: [LoneRecord],
        from named: NamedBlobStore,
        _ directory: String
    ) async throws(PackError) {
        let files = files
        let path = directory + "/" + RandomID(random: random).hex
        let header = UInt64(PackHeader.length)
        let file = try await work { () -> any DiskFile in
            try files.disk.makeDirectory(directory)
            return try files.disk.open(path, .createNew)
        }
        for (number, record) in records.enumerated() {
            var position: UInt64 = number == 0 ? 0 : header
            while position < record.length {
                let end = min(record.length, position + 8 * 1_024 * 1_024)
                let bytes: ByteBuffer
                do throws(BlobStoreError) {
                    bytes = try await named.store.get(record.key, range: position..<end)
                } catch {
                    throw PackError(error, packID: pack)
                }
                guard UInt64(bytes.readableBytes) == end - position else {
                    throw PackError(.malformedPack, packID: pack, offset: record.offset)
                }
                let start = position
                try await work {
                    var rest = bytes
                    if start == 0, let head = rest.readSlice(length: Int(header)) { try file.write(head, at: 0) }
                    try file.write(rest, at: record.offset + (max(start, header) - header))
                }
                position = end
            }
        }
        try await work {
            try file.synchronize()
            try file.close()
            try files.disk.makeDirectory(files.openDirectory)
            try files.disk.rename(path, to: files.openPath(pack))
            try files.disk.syncDirectory(files.openDirectory)
        }
    }
}
