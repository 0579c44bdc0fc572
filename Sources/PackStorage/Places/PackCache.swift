import Metrics
import NIOCore
public import Platform
import Synchronization

/// Pieces of packs of other stores, kept on the hot volume within a number of bytes.
///
/// Holds sealed bytes only. A piece is a file of its own, written without any sync: one that a crash has cut off has the
/// wrong length, and one that it has filled with zeros does not open, so that a reader fetches it anew. Failures of the
/// disk, a full volume among them, cost a request to the store and nothing else.
public final class PackCache: Sendable {
    /// Bytes of a piece but the last of a pack: 1 MiB, two images of a computed tomography.
    public static let blockLength: UInt64 = 1_024 * 1_024

    private struct State {
        var index = PackCacheIndex()
        var isLoaded = false
    }

    private let directory: String
    private let disk: any Disk
    private let pool: WorkPool
    private let byteLimit: UInt64
    private let state = Mutex(State())
    private let hits = Counter(label: "cassette_pack_cache_hits_total")
    private let misses = Counter(label: "cassette_pack_cache_misses_total")

    /// Makes a cache over a folder of its own, which is made when it is first needed.
    public init(directory: String, disk: any Disk, pool: WorkPool, byteLimit: UInt64) {
        self.directory = directory
        self.disk = disk
        self.pool = pool
        self.byteLimit = byteLimit
    }

    /// Bytes that are kept now.
    public func byteCount() async throws(PackError) -> UInt64 {
        do {
            return try await pool.run { try self.loaded { $0.byteCount } }
        } catch {
            throw PackError(error)
        }
    }

    /// Gives room back, as when the volume runs full.
    public func shrink(to limit: UInt64) async throws(PackError) {
        do {
            try await pool.run {
                for block in try self.loaded({ $0.evict(downTo: limit) }) { try self.unlink(block) }
            }
        } catch {
            throw PackError(error)
        }
    }

    /// Those of the blocks that are there, whole.
    func blocks(_ indexes: Range<UInt64>, of pack: PackID, packLength: UInt64) async -> [UInt64: ByteBuffer] {
        do {
            let found = try await pool.run { () -> [UInt64: ByteBuffer] in
                var found: [UInt64: ByteBuffer] = [:]
                for index in indexes {
                    let block = PackCacheIndex.Block(pack: pack, index: index)
                    guard try self.loaded({ $0.use(block) }) else { continue }
                    found[index] = self.content(block, length: Self.length(of: index, packLength: packLength))
                }
                return found
            }
            hits.increment(by: found.count)
            misses.increment(by: indexes.count - found.count)
            return found
        } catch {
            return [:]
        }
    }

    /// Keeps pieces of a pack; the first block of `bytes` is the `first`.
    func insert(_ bytes: ByteBuffer, firstBlock first: UInt64, of pack: PackID) async {
        do {
            try await pool.run {
                try self.disk.makeDirectory(self.directory)
                var rest = bytes
                var index = first
                while rest.readableBytes > 0,
                    let piece = rest.readSlice(length: min(rest.readableBytes, Int(Self.blockLength)))
                {
                    try self.write(piece, PackCacheIndex.Block(pack: pack, index: index))
                    index += 1
                }
            }
        } catch {
            // Nothing is lost: the bytes are in their store.
        }
    }

    /// Drops pieces that do not open, or all of a pack that is gone.
    func forget(_ pack: PackID, blocks indexes: Range<UInt64>? = nil) async {
        await pool.runToEnd {
            do {
                let blocks = try self.loaded { index in
                    let blocks = index.blocks(of: pack).filter { indexes?.contains($0.index) ?? true }
                    for block in blocks { index.remove(block) }
                    return blocks
                }
                for block in blocks { try self.unlink(block) }
            } catch {
                // A file that stays is found at the next start, and does not open.
            }
        }
    }

    /// The blocks that hold a range.
    static func blocks(holding range: Range<UInt64>) -> Range<UInt64> {
        guard !range.isEmpty else { return 0..<0 }
        return range.lowerBound / blockLength..<(range.upperBound - 1) / blockLength + 1
    }

    /// Where a block lies in its pack.
    static func range(of indexes: Range<UInt64>, packLength: UInt64) -> Range<UInt64> {
        let start = min(indexes.lowerBound.multipliedClamped(by: blockLength), packLength)
        return start..<max(start, min(indexes.upperBound.multipliedClamped(by: blockLength), packLength))
    }

    private static func length(of index: UInt64, packLength: UInt64) -> Int {
        range(of: index..<index + 1, packLength: packLength).count
    }

    private func content(_ block: PackCacheIndex.Block, length: Int) -> ByteBuffer? {
        do {
            let bytes = try disk.open(path(block), .read).read(at: 0, count: length + 1)
            if bytes.readableBytes == length { return bytes }
        } catch {
            // As good as not there.
        }
        state.withLock { $0.index.remove(block) }
        return nil
    }

    private func write(_ bytes: ByteBuffer, _ block: PackCacheIndex.Block) throws {
        let isThere = try loaded { $0.use(block) }
        guard !isThere, UInt64(bytes.readableBytes) <= byteLimit else { return }
        let path = path(block)
        if try disk.exists(path) { try disk.unlink(path) }
        do {
            let file = try disk.open(path, .createNew)
            try file.write(bytes, at: 0)
            try file.close()
        } catch let error where error.code == .exists {
            // Another reader of the same piece was faster.
            return
        } catch {
            try unlink(block)
            throw error
        }
        let victims = try loaded { index in
            index.insert(block, byteCount: UInt64(bytes.readableBytes))
            return index.evict(downTo: self.byteLimit)
        }
        for victim in victims { try unlink(victim) }
    }

    /// Works on the index; at the first call it is made from the names in the folder.
    private func loaded<Result>(_ body: (inout PackCacheIndex) throws(DiskError) -> Result) throws(DiskError) -> Result
    {
        try state.withLock { state throws(DiskError) in
            if !state.isLoaded {
                try load(&state.index)
                state.isLoaded = true
            }
            return try body(&state.index)
        }
    }

    private func load(_ index: inout PackCacheIndex) throws(DiskError) {
        guard try disk.exists(directory) else { return }
        for entry in try disk.list(directory) where !entry.isDirectory {
            if let block = Self.block(named: entry.name), entry.size > 0 {
                index.insert(block, byteCount: entry.size)
            } else {
                try disk.unlink(directory + "/" + entry.name)
            }
        }
        for block in index.evict(downTo: byteLimit) { try unlink(block) }
    }

    private func unlink(_ block: PackCacheIndex.Block) throws(DiskError) {
        do {
            try disk.unlink(path(block))
        } catch {
            guard error.code == .notFound else { throw error }
        }
    }

    private func path(_ block: PackCacheIndex.Block) -> String {
        directory + "/" + block.pack.hex + "-" + String(block.index)
    }

    private static func block(named name: String) -> PackCacheIndex.Block? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let pack = PackID(hex: parts[0]), let index = UInt64(parts[1]) else { return nil }
        return PackCacheIndex.Block(pack: pack, index: index)
    }
}

extension UInt64 {
    /// The product, or the largest number.
    fileprivate func multipliedClamped(by other: UInt64) -> UInt64 {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows ? .max : product
    }
}
