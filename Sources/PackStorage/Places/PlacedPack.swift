import Metrics
import NIOCore

/// A pack in a store other than the data folder's own, read in ranges.
struct PlacedPack: Sendable {
    let id: PackID
    let length: UInt64
    let name: StoreName
    let store: any BlobStore
    /// Whether the store is on this machine.
    let isNear: Bool
    /// Keeps what is read; `nil` when it must come from the store.
    let cache: PackCache?

    /// All bytes of a range, in one request for what the cache does not hold, or one for each 16 MiB.
    func bytes(_ range: Range<UInt64>) async throws(PackError) -> ByteBuffer {
        guard range.upperBound <= length else { throw PackError(.malformedPack, packID: id, offset: length) }
        guard !range.isEmpty else { return ByteBuffer() }
        guard let cache else { return try await request(range) }
        let wanted = PackCache.blocks(holding: range)
        let cached = await cache.blocks(wanted, of: id, packLength: length)
        var result = ByteBuffer()
        for run in Self.runs(wanted, cached) {
            let covered = PackCache.range(of: run, packLength: length)
            let bytes: ByteBuffer
            if let block = cached[run.lowerBound] {
                bytes = block
            } else {
                bytes = try await request(covered)
                await cache.insert(bytes, firstBlock: run.lowerBound, of: id)
            }
            let part = range.clamped(to: covered)
            let start = bytes.readerIndex + Int(part.lowerBound - covered.lowerBound)
            guard let slice = bytes.getSlice(at: start, length: part.count) else {
                throw PackError(.malformedPack, packID: id, offset: part.lowerBound)
            }
            // One run that covers all is handed on without a copy.
            if part == range { return slice }
            result.writeImmutableBuffer(slice)
        }
        return result
    }

    /// The same pack, read from its store alone.
    var uncached: PlacedPack {
        PlacedPack(id: id, length: length, name: name, store: store, isNear: isNear, cache: nil)
    }

    /// Cached blocks one by one, and neighbouring others together.
    private static func runs(_ wanted: Range<UInt64>, _ cached: [UInt64: ByteBuffer]) -> [Range<UInt64>] {
        var runs: [Range<UInt64>] = []
        for index in wanted {
            if let last = runs.last, cached[index] == nil, cached[last.lowerBound] == nil {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }

    private func request(_ range: Range<UInt64>) async throws(PackError) -> ByteBuffer {
        var result = ByteBuffer()
        var rest = range
        while !rest.isEmpty {
            let end = rest.lowerBound + min(UInt64(rest.count), BlobStoreLimits.rangeLength)
            let bytes: ByteBuffer
            do throws(BlobStoreError) {
                Counter(label: "cassette_pack_requests_total", dimensions: [("store", name.text)]).increment()
                bytes = try await store.get(id.blobKey(in: name), range: rest.lowerBound..<end)
            } catch {
                throw PackError(error, packID: id, offset: rest.lowerBound)
            }
            guard UInt64(bytes.readableBytes) == end - rest.lowerBound else {
                throw PackError(.malformedPack, packID: id, offset: rest.lowerBound)
            }
            if end == range.upperBound, rest.lowerBound == range.lowerBound { return bytes }
            result.writeImmutableBuffer(bytes)
            rest = end..<rest.upperBound
        }
        return result
    }
}

extension PackID {
    /// The key of the pack in a store: in the data folder the folder is the packs' own, elsewhere other blobs lie beside.
    func blobKey(in store: StoreName) -> BlobKey {
        store == .hot ? blobKey : BlobKey(checked: Self.prefix + blobKey.text)
    }

    /// What the keys of packs begin with in stores other than the data folder.
    static let prefix = "packs/"

    /// The pack that a blob of a store is; `nil` for other blobs.
    init?(_ key: BlobKey, in store: StoreName) {
        guard
            let name = key.text.split(separator: "/").last, name.hasSuffix(".pack"),
            let id = PackID(hex: name.dropLast(5)), id.blobKey(in: store) == key
        else { return nil }
        self = id
    }
}
