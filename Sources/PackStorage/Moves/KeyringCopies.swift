import NIOCore
import Platform
import Sealing
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
        /// Whether parts of older editions may be there.
        var hasOlder: Bool
        /// Of the file, where this program has copied it.
        var generation: UInt64?
    }

    private static let prefix = "keyring/"
    private static let tailLength: UInt64 = 192
    /// Bytes of one blob at most: 8 MiB.
    private static let blobLength: UInt64 = 8 * 1_024 * 1_024

    private static let attempts = 16

    private let keyring: Keyring
    private let gate = KeyGate<StoreName>()
    private let copied = Mutex<[StoreName: Copied]>([:])
    /// The generation of the file up to which a store was found to hold no older one.
    private let renewed = Mutex<[StoreName: UInt64]>([:])

    /// Copies the keyring under which these packs are sealed.
    public init(of packs: PackStore) {
        keyring = packs.keyring
    }

    /// Brings a store up to the file; when this returns, every key that was durable at the call is in the store.
    public func bring(to named: NamedBlobStore) async throws(PackError) {
        try await alone(named) { try await self.bringAlone(to: named) }
    }

    /// Brings a store that has a copy up to the file when this was written anew: keys that were taken out go there as well.
    ///
    /// Costs nothing when the file was not written anew since the last call.
    public func renew(in named: NamedBlobStore) async throws(PackError) {
        try await alone(named) {
            let generation = try await self.keyring.extent().generation
            guard self.renewed.withLock({ $0[named.name] }) != generation else { return }
            var known = self.copied.withLock { $0[named.name] }
            if known == nil { known = try await self.found(in: named.store) }
            if known != nil { try await self.bringAlone(to: named) }
            self.renewed.withLock { $0[named.name] = generation }
        }
    }

    private func alone(_ named: NamedBlobStore, _ work: () async throws -> Void) async throws(PackError) {
        await gate.enter(named.name)
        defer { gate.leave(named.name) }
        do {
            try await work()
        } catch {
            // Nobody knows how much of it has arrived: the store is asked the next time.
            _ = copied.withLock { $0.removeValue(forKey: named.name) }
            throw PackError(error)
        }
    }

    private func bringAlone(to named: NamedBlobStore) async throws {
        for _ in 0..<Self.attempts {
            let extent = try await keyring.extent()
            var known = copied.withLock { $0[named.name] }
            if let known, known.generation == extent.generation, known.length == extent.length { return }
            if known == nil { known = try await found(in: named.store) }
            if let known, known.length <= extent.length,
                try await tail(endingAt: known.length, of: extent.generation) == known.tail
            {
                if try await append(to: known, upTo: extent, named) { return }
            } else {
                return try await putAnew(edition: (known?.edition ?? 0) + 1, named)
            }
        }
        throw KeyringError(.unavailable, "the keyring is being written anew again and again; try again later")
    }

    /// Puts what the file has grown by.
    ///
    /// - Returns: Whether the file is the same still; `false` when it was written anew.
    private func append(to known: Copied, upTo extent: KeyringExtent, _ named: NamedBlobStore) async throws -> Bool {
        var state = known
        while state.length < extent.length {
            let end = min(extent.length, state.length + Self.blobLength)
            guard let bytes = try await keyring.bytes(state.length..<end, of: extent.generation) else { return false }
            try await put(bytes, state.length..<end, edition: state.edition, named.store)
            state.length = end
        }
        guard let tail = try await tail(endingAt: state.length, of: extent.generation) else { return false }
        state.tail = tail
        state.generation = extent.generation
        try await finish(state, named)
        return true
    }

    /// Puts the whole file as a new edition; only then the others go.
    private func putAnew(edition: UInt64, _ named: NamedBlobStore) async throws {
        let snapshot = try await keyring.snapshot()
        var rest = snapshot.bytes
        let length = UInt64(rest.readableBytes)
        let tailLength = min(length, Self.tailLength)
        var state = Copied(edition: edition, length: 0, tail: ByteBuffer(), hasOlder: true)
        state.generation = snapshot.generation
        state.tail = rest.getSlice(at: rest.writerIndex - Int(tailLength), length: Int(tailLength)) ?? ByteBuffer()
        while state.length < length {
            let end = min(length, state.length + Self.blobLength)
            guard let bytes = rest.readSlice(length: Int(end - state.length)) else { return }
            try await put(bytes, state.length..<end, edition: edition, named.store)
            state.length = end
        }
        try await finish(state, named)
    }

    private func finish(_ state: Copied, _ named: NamedBlobStore) async throws {
        if state.hasOlder { try await removeEditions(before: state.edition, in: named.store) }
        var now = state
        now.hasOlder = false
        let done = now
        copied.withLock { $0[named.name] = done }
    }

    private func put(
        _ bytes: ByteBuffer,
        _ range: Range<UInt64>,
        edition: UInt64,
        _ store: any BlobStore
    ) async throws {
        let key = Self.key(edition: edition, range)
        do throws(BlobStoreError) {
            try await store.put(key, BlobSource(bytes))
        } catch {
            // Its edition, place and length are those of this file, and an edition has one writer.
            guard error.code == .exists, try await holds(key, bytes, store) else { throw error }
        }
    }

    /// What an earlier program has put there; `nil` for nothing.
    private func found(in store: any BlobStore) async throws -> Copied? {
        let names = try await store.listAll(prefix: Self.prefix).compactMap { Self.part($0.key) }
        guard let edition = names.map(\.edition).max() else { return nil }
        var length: UInt64 = 0
        for part in names where part.edition == edition {
            // A gap, or parts of two lengths: the edition is given up.
            guard part.range.lowerBound == length else {
                return Copied(edition: edition, length: .max, tail: ByteBuffer(), hasOlder: true)
            }
            length = part.range.upperBound
        }
        guard let last = names.last(where: { $0.edition == edition }) else { return nil }
        let count = min(Self.tailLength, UInt64(last.range.count))
        let size = UInt64(last.range.count)
        let bytes = try await store.get(Self.key(edition: edition, last.range), range: size - count..<size)
        // A tail shorter than the file's would compare with nothing.
        let isLong = UInt64(bytes.readableBytes) == min(Self.tailLength, length)
        let hasOlder = names.contains { $0.edition != edition }
        return Copied(edition: edition, length: isLong ? length : .max, tail: bytes, hasOlder: hasOlder)
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

    private func tail(endingAt end: UInt64, of generation: UInt64) async throws -> ByteBuffer? {
        try await keyring.bytes(end - min(end, Self.tailLength)..<end, of: generation)
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
