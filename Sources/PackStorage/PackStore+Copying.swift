public import NIOCore
import Platform
import Sealing

extension PackStore {
    /// All packs with a durable record, as they stand now, by id.
    ///
    /// Whatever was acknowledged before the call lies within what is returned.
    public func extents() async throws(PackError) -> [PackExtent] {
        try await extents { durable, size in min(durable ?? size, size) }
    }

    /// All packs of which a file is there, also those that were given up before any record in them was acknowledged.
    func filed() async throws(PackError) -> [PackID] {
        try await extents { _, size in size }.map(\.packID)
    }

    /// - Parameter length: Of an open pack, by what is known to be durable of it and the size of its file.
    private func extents(
        _ length: (_ durable: UInt64?, _ size: UInt64) -> UInt64
    ) async throws(PackError) -> [PackExtent] {
        let files = files
        // In this order: a pack goes one way, from the folder of open ones by the list of the writers to the sealed ones.
        let found = try await work { try files.openPackSizes() }
        let durable = registry.durableLengths()
        var extents: [PackID: PackExtent] = [:]
        for (id, size) in found {
            // A pack that no writer knows was left open by a recovery that could not read it to its end.
            let length = length(durable[id], size)
            guard length > UInt64(PackHeader.length) else { continue }
            extents[id] = PackExtent(packID: id, length: length, isSealed: false)
        }
        for (id, size) in try await sealedPackSizes() where try await isWanted(id) {
            extents[id] = PackExtent(packID: id, length: size, isSealed: true)
        }
        return extents.values.sorted { $0.packID < $1.packID }
    }

    /// The sealed bytes of a pack as they lie in its file, or in another store when it is not in the data folder.
    ///
    /// Fewer only at the end of the pack.
    ///
    /// - Throws: `.packNotFound`, `.disk`, `.store`, `.frozen`, `.rangeTooLong` above 16 MiB.
    public func bytes(of id: PackID, range: Range<UInt64>) async throws(PackError) -> ByteBuffer {
        guard UInt64(range.count) <= Self.readLimit else { throw PackError(.rangeTooLong, packID: id) }
        let files = files
        let failure: PackError
        do {
            return try await pool.run { try files.file(id).read(at: range.lowerBound, count: range.count) }
        } catch {
            failure = PackError(error, packID: id, offset: range.lowerBound)
        }
        guard let tiers, failure.code != .cancelled else { throw failure }
        var last = failure
        for pack in try await tiers.readable(id) {
            do throws(PackError) {
                return try await pack.uncached.bytes(range.clamped(to: 0..<pack.length))
            } catch {
                last = error
            }
        }
        throw last
    }

    private func sealedPackSizes() async throws(PackError) -> [PackID: UInt64] {
        var sizes: [PackID: UInt64] = [:]
        do throws(BlobStoreError) {
            for entry in try await files.sealedPacks.listAll() {
                if let id = PackID(entry.key, in: .hot) { sizes[id] = entry.size }
            }
        } catch {
            throw PackError(error)
        }
        for named in tiers?.stores ?? [] {
            for (id, size) in try await packs(in: named) where sizes[id] == nil { sizes[id] = size }
        }
        return sizes
    }
}

extension PackFiles {
    /// The files of open packs with their sizes.
    func openPackSizes() throws(DiskError) -> [(PackID, UInt64)] {
        guard try disk.exists(openDirectory) else { return [] }
        return try disk.list(openDirectory).compactMap { entry in
            entry.isDirectory ? nil : PackID(hex: entry.name).map { ($0, entry.size) }
        }
    }
}
