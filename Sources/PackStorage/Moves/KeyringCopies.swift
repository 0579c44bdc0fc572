import NIOCore
public import Platform
import Synchronization

/// Keeps the keyring's file in the stores that packs go to: a pack without its wrapped key would be worth nothing.
///
/// The file only grows, until it is written anew. What it has grown by becomes a blob `keyring/<edition>/<from>-<to>`, so
/// that the blobs of the edition with the highest number, put together in the order of their names, are the file. When the
/// file was written anew, a new edition is put there whole and the old one is removed: keys that were taken out must not stay
/// anywhere. The keys in it are wrapped; the store learns how many there are.
public final class KeyringCopies: Sendable {
    private struct Copied: Sendable {
        var edition: UInt64
        /// Bytes of the file that the store has.
        var length: UInt64
        /// The last of them, at most ``tailLength``: the entries are chained by hashes, so that equal tails tell of equal files.
        var tail: ByteBuffer
    }

    private static let prefix = "keyring/"
    private static let tailLength: UInt64 = 192
    /// Bytes of one blob at most: 8 MiB.
    private static let blobLength: UInt64 = 8 * 1_024 * 1_024

    private let path: String
    private let disk: any Disk
    private let pool: WorkPool
    private let gate = KeyGate<StoreName>()
    private let copied = Mutex<[StoreName: Copied]>([:])

    /// Copies that file.
    public init(path: String, disk: any Disk, pool: WorkPool) {
        self.path = path
        self.disk = disk
        self.pool = pool
    }

    /// Brings a store up to the file; when this returns, every key that was durable at the call is in the store.
    public func bring(to named: NamedBlobStore) async throws(PackError) {
        await gate.enter(named.name)
        defer { gate.leave(named.name) }
        do {
            try await bringAlone(to: named)
        } catch {
            // Nobody knows how much of it has arrived: the store is asked the next time.
            _ = copied.withLock { $0.removeValue(forKey: named.name) }
            throw PackError(error)
        }
    }

    private func bringAlone(to named: NamedBlobStore) async throws {
        guard let length = try await fileLength(), length > 0 else { return }
        var known = copied.withLock { $0[named.name] }
        if known == nil { known = try await found(in: named.store) }
        var state: Copied
        if let known, known.length <= length, try await tail(endingAt: known.length) == known.tail {
            state = known
        } else {
            state = Copied(edition: (known?.edition ?? 0) + 1, length: 0, tail: ByteBuffer())
        }
        let isNew = state.length == 0
        while state.length < length {
            let end = min(length, state.length + Self.blobLength)
            let bytes = try await read(state.length..<end)
            let key = Self.key(edition: state.edition, state.length..<end)
            do throws(BlobStoreError) {
                try await named.store.put(key, BlobSource(bytes))
            } catch {
                // Its edition, place and length are those of this file, and an edition has one writer.
                guard error.code == .exists, try await holds(key, bytes, named.store) else { throw error }
            }
            state.length = end
        }
        state.tail = try await tail(endingAt: state.length)
        if isNew { try await removeEditions(before: state.edition, in: named.store) }
        let now = state
        copied.withLock { $0[named.name] = now }
    }

    /// What an earlier program has put there; `nil` for nothing.
    private func found(in store: any BlobStore) async throws -> Copied? {
        let names = try await store.listAll(prefix: Self.prefix).compactMap { Self.part($0.key) }
        guard let edition = names.map(\.edition).max() else { return nil }
        var length: UInt64 = 0
        for part in names where part.edition == edition {
            // A gap, or parts of two lengths: the edition is given up.
            guard part.range.lowerBound == length else {
                return Copied(edition: edition, length: .max, tail: ByteBuffer())
            }
            length = part.range.upperBound
        }
        guard let last = names.last(where: { $0.edition == edition }) else { return nil }
        let count = min(Self.tailLength, UInt64(last.range.count))
        let size = UInt64(last.range.count)
        let bytes = try await store.get(Self.key(edition: edition, last.range), range: size - count..<size)
        // A tail shorter than the file's would compare with nothing.
        let isLong = UInt64(bytes.readableBytes) == min(Self.tailLength, length)
        return Copied(edition: edition, length: isLong ? length : .max, tail: bytes)
    }

    private func holds(_ key: BlobKey, _ bytes: ByteBuffer, _ store: any BlobStore) async throws(BlobStoreError) -> Bool
    {
        try await store.get(key, range: 0..<UInt64(bytes.readableBytes) + 1) == bytes
    }

    private func removeEditions(before edition: UInt64, in store: any BlobStore) async throws {
        for entry in try await store.listAll(prefix: Self.prefix) {
            guard let part = Self.part(entry.key), part.edition < edition else { continue }
            try await store.delete(entry.key)
        }
    }

    private func fileLength() async throws -> UInt64? {
        try await pool.run { [disk, path] in
            try disk.exists(path) ? try disk.open(path, .read).size() : nil
        }
    }

    private func tail(endingAt end: UInt64) async throws -> ByteBuffer {
        try await read(end - min(end, Self.tailLength)..<end)
    }

    private func read(_ range: Range<UInt64>) async throws -> ByteBuffer {
        try await pool.run { [disk, path] in
            let bytes = try disk.open(path, .read).read(at: range.lowerBound, count: range.count)
            guard bytes.readableBytes == range.count else { throw DiskError(.io, operation: "read the keyring") }
            return bytes
        }
    }

    private static func key(edition: UInt64, _ range: Range<UInt64>) -> BlobKey {
        BlobKey(
            checked: prefix + padded(edition) + "/" + padded(range.lowerBound) + "-" + padded(range.upperBound)
        )
    }

    private static func part(_ key: BlobKey) -> (edition: UInt64, range: Range<UInt64>)? {
        let components = key.text.dropFirst(prefix.utf8.count).split(separator: "/")
        guard components.count == 2, let edition = UInt64(components[0]) else { return nil }
        let ends = components[1].split(separator: "-").compactMap { UInt64($0) }
        guard ends.count == 2, ends[0] < ends[1], self.key(edition: edition, ends[0]..<ends[1]) == key else {
            return nil
        }
        return (edition: edition, range: ends[0]..<ends[1])
    }

    /// 20 digits, as many as the largest number has, so that names sort as the numbers do.
    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }
}
