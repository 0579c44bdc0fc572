import NIOCore
import Platform
import Synchronization

/// Single records in a store, for senders that want to hear "stored" only when the store has their object.
///
/// A pack may be open for long, and a pack for each object would be an object of the store for each for ever. So the record
/// goes alone, as `records/<ab>/<pack>-<offset>`: the header of its pack and the bytes of the record, which is a pack of one
/// record. When the store has the whole pack, the record goes away again.
extension PackMover {
    /// What the keys of records begin with.
    static var recordPrefix: String { "records/" }

    /// Puts a durable record of a pack of the data folder into a store; returns when the store, and the key of the study in
    /// it, are durable there.
    ///
    /// Costs one request when the pack is there already. May be repeated.
    public func secure(_ location: RecordLocation, in store: StoreName) async throws(PackError) {
        guard let named = tiers.store(store) else { throw PackError(.unknownStore, packID: location.packID) }
        try await keyring?.bring(to: named)
        let places = try await tiers.places.places(of: location.packID)
        guard !places.contains(where: { $0.store == store && $0.state == .verified }) else { return }
        let source = try await source(of: location)
        let key = Self.key(of: location)
        do throws(BlobStoreError) {
            do throws(BlobStoreError) {
                try await named.store.put(key, source)
            } catch {
                guard error.code == .exists else { throw error }
                let status = try await named.store.status(key)
                guard status?.size == source.length, status?.sha256 ?? source.sha256 == source.sha256 else {
                    throw BlobStoreError(.corrupt, "the store holds another record of this name")
                }
            }
        } catch {
            throw PackError(error, packID: location.packID, offset: location.offset)
        }
        secured.withLock { _ = $0.insert(location.packID) }
    }

    /// Removes the single records of packs that the store has whole.
    ///
    /// - Parameter listing: Whether the store is asked what it has, as once after a start; else what this process has put
    ///   there is looked at.
    public func removeSecuredRecords(in store: StoreName, listing: Bool) async throws(PackError) {
        guard let named = tiers.store(store) else { throw PackError(.unknownStore) }
        if listing {
            let found = try await Self.records(in: named, prefix: Self.recordPrefix)
            secured.withLock { $0.formUnion(found.map(\.pack)) }
        }
        for pack in secured.withLock({ $0.sorted() }) {
            let places = try await tiers.places.places(of: pack)
            guard places.contains(where: { $0.store == store && $0.state == .verified }) else { continue }
            try await removeRecords(of: pack, in: named)
            _ = secured.withLock { $0.remove(pack) }
        }
    }

    /// Removes the single records of one pack.
    func removeRecords(of pack: PackID, in named: NamedBlobStore) async throws(PackError) {
        for record in try await Self.records(in: named, prefix: Self.prefix(of: pack)) {
            do throws(BlobStoreError) {
                try await named.store.delete(record.key)
            } catch {
                throw PackError(error, packID: pack)
            }
        }
    }

    private static func prefix(of pack: PackID) -> String { recordPrefix + pack.hex.prefix(2) + "/" + pack.hex + "-" }

    private static func key(of location: RecordLocation) -> BlobKey {
        BlobKey(checked: prefix(of: location.packID) + String(location.offset))
    }

    private static func records(
        in named: NamedBlobStore,
        prefix: String
    ) async throws(PackError) -> [(key: BlobKey, pack: PackID)] {
        do throws(BlobStoreError) {
            return try await named.store.listAll(prefix: prefix).compactMap { entry in
                let name = entry.key.text.split(separator: "/").last?.split(separator: "-").first
                return name.flatMap { PackID(hex: $0) }.map { (key: entry.key, pack: $0) }
            }
        } catch {
            throw PackError(error)
        }
    }

    /// The header of the pack, then the record.
    private func source(of location: RecordLocation) async throws(PackError) -> BlobSource {
        let files = packs.files
        let pool = packs.pool
        let header = UInt64(PackHeader.length)
        let length = try header.adding(location.recordLength)
        _ = try location.offset.adding(location.recordLength)
        let source = BlobSource(length: length, sha256: []) { range throws(BlobStoreError) in
            do {
                return try await pool.run {
                    let file = try files.file(location.packID)
                    var bytes = ByteBuffer()
                    if range.lowerBound < header {
                        let part = range.clamped(to: 0..<header)
                        bytes.writeImmutableBuffer(try file.read(at: part.lowerBound, count: part.count))
                    }
                    if range.upperBound > header {
                        let part = range.clamped(to: header..<length)
                        let start = location.offset + (part.lowerBound - header)
                        bytes.writeImmutableBuffer(try file.read(at: start, count: part.count))
                    }
                    return bytes
                }
            } catch {
                throw BlobStoreError(error)
            }
        }
        do throws(BlobStoreError) {
            let digest = try await source.digest(of: 0..<length)
            return BlobSource(length: length, sha256: digest, read: source.read)
        } catch {
            throw PackError(error, packID: location.packID, offset: location.offset)
        }
    }
}
