public import NIOCore
import Platform

/// The file of the keyring as it stood at one moment, checked from its first byte to its last.
public struct KeyringSnapshot: Sendable, Hashable {
    /// The file.
    public let bytes: ByteBuffer
    /// Counts how often the file was written anew.
    public let generation: UInt64
    /// Entries.
    public let count: UInt64

    /// Checks a copy of the file: its header, each entry, and the chain of hashes through all of them.
    ///
    /// - Throws: `.damaged` when an entry is not whole, also the last; `.unsupportedVersion`.
    public init(checking bytes: ByteBuffer) throws(KeyringError) {
        let copy: KeyringCopy
        do {
            copy = try KeyringCopy.scan(BufferFile(bytes), named: "that was read")
        } catch {
            throw KeyringError(appending: error)
        }
        guard copy.header != nil, copy.tornByteCount == 0 else {
            throw KeyringCopy.damaged("that was read", at: copy.count)
        }
        self.bytes = bytes
        generation = copy.frame.generation
        count = copy.count
    }
}

/// How far the file of the keyring goes.
public struct KeyringExtent: Sendable, Hashable {
    /// Counts how often the file was written anew; of one generation, a shorter file is a beginning of a longer one.
    public let generation: UInt64
    /// Bytes that are durable in both places.
    public let length: UInt64
}

extension Keyring {
    /// What the file is called in both places.
    public static let fileName = KeyringJournal.fileName

    private static let pieceLength: UInt64 = 8 << 20
    private static let attempts = 16

    /// How far the file goes now: every key that was returned before the call is within.
    public func extent() async throws(KeyringError) -> KeyringExtent {
        try await committer.extent()
    }

    /// Reads a part of the file while nobody writes it anew.
    ///
    /// - Parameter range: Within ``KeyringExtent/length``.
    /// - Returns: `nil` when the file is of another generation by now.
    public func bytes(_ range: Range<UInt64>, of generation: UInt64) async throws(KeyringError) -> ByteBuffer? {
        try await committer.bytes(range, of: generation)
    }

    /// The whole file, and never parts of two.
    ///
    /// A rewriting puts zeros in the place of the old bytes, so that who reads the file by its name may get those; this one
    /// begins again when the file was written anew meanwhile.
    public func snapshot() async throws(KeyringError) -> KeyringSnapshot {
        for _ in 0..<Self.attempts {
            let extent = try await extent()
            guard let bytes = try await whole(extent) else { continue }
            let checked: KeyringSnapshot
            do {
                checked = try await pool.run { try KeyringSnapshot(checking: bytes) }
            } catch {
                throw KeyringError(appending: error)
            }
            guard checked.generation == extent.generation else {
                throw KeyringError(.damaged, "the keyring does not hold what was written; restart the server")
            }
            return checked
        }
        throw KeyringError(.unavailable, "the keyring is being written anew again and again; try again later")
    }

    private func whole(_ extent: KeyringExtent) async throws(KeyringError) -> ByteBuffer? {
        var whole = ByteBuffer()
        var offset: UInt64 = 0
        while offset < extent.length {
            let end = min(extent.length, offset + Self.pieceLength)
            guard var piece = try await bytes(offset..<end, of: extent.generation) else { return nil }
            whole.writeBuffer(&piece)
            offset = end
        }
        return whole
    }
}

/// Bytes that are read as a file is.
private final class BufferFile: DiskFile {
    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        let start = min(UInt64(bytes.readableBytes), offset)
        let length = min(bytes.readableBytes - Int(start), max(0, count))
        return bytes.getSlice(at: bytes.readerIndex + Int(start), length: length) ?? ByteBuffer()
    }

    func size() throws(DiskError) -> UInt64 { UInt64(bytes.readableBytes) }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) { throw DiskError(.io, operation: "pwrite") }

    func truncate(to size: UInt64) throws(DiskError) { throw DiskError(.io, operation: "ftruncate") }

    func synchronize() throws(DiskError) {}

    func close() throws(DiskError) {}
}
