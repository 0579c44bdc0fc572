import Crypto
import DICOMCoding
import DICOMCore
import NIOCore
import Platform

/// A file of another archive, as it lies in that archive's folder.
struct AdoptedFile: Sendable, Hashable {
    let path: String
    /// Bytes of the object; of a compressed file those after unwrapping.
    let length: UInt64
    /// Whether the file is compressed by the other archive.
    let isWrapped: Bool
    /// What its File Meta Information says, if it has one.
    let sopInstanceUID: UID?
    /// Bytes before the Data Set.
    let dataSetOffset: UInt64

    private static let mediaDirectory = UID(literal: "1.2.840.10008.1.3.10")

    /// Looks at the beginning of a file.
    ///
    /// - Returns: `nil` when it is no DICOM object.
    static func look(at path: String, unwrapping: Bool, disk: any Disk, pool: WorkPool) async throws -> AdoptedFile? {
        let (head, size) = try await pool.run { () -> (ByteBuffer, UInt64) in
            let file = try disk.open(path, .read)
            return (try file.read(at: 0, count: ZlibWithSize.headLength), try file.size())
        }
        let wrapped = unwrapping ? ZlibWithSize(head: head) : nil
        let isPlainDICOM = head.getString(at: 128, length: 4) == "DICM"
        let isWrapped = !isPlainDICOM && wrapped != nil
        let length = isWrapped ? wrapped?.length ?? 0 : size
        var decoder = Part10Decoder()
        do {
            let chunks = AdoptedChunks(path: path, isWrapped: isWrapped, disk: disk, pool: pool)
            for try await chunk in chunks {
                _ = try decoder.read(chunk)
                if decoder.header != nil { break }
            }
            if decoder.header == nil { _ = try decoder.finish() }
        } catch is DataSetError {
            return nil
        }
        guard let header = decoder.header else { return nil }
        guard header.fileMetaInformation.mediaStorageSOPClassUID != mediaDirectory else { return nil }
        return AdoptedFile(
            path: path,
            length: length,
            isWrapped: isWrapped,
            sopInstanceUID: header.fileMetaInformation.mediaStorageSOPInstanceUID,
            dataSetOffset: header.dataSetOffset
        )
    }

    /// The bytes of the object.
    func chunks(disk: any Disk, pool: WorkPool) -> AdoptedChunks {
        AdoptedChunks(path: path, isWrapped: isWrapped, disk: disk, pool: pool)
    }

    /// SHA-256 of the Data Set.
    func dataSetDigest(disk: any Disk, pool: WorkPool) async throws -> [UInt8] {
        var hash = SHA256()
        var position: UInt64 = 0
        for try await chunk in chunks(disk: disk, pool: pool) {
            let end = position + UInt64(chunk.readableBytes)
            let skipped = min(end, max(position, dataSetOffset)) - position
            var part = chunk
            part.moveReaderIndex(forwardBy: Int(skipped))
            // The pointer stays inside the closure; the hash only reads it.
            unsafe part.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
            position = end
        }
        return Array(hash.finalize())
    }

    /// Whether all bytes of this file are the beginning of another.
    func isBeginning(of other: AdoptedFile, disk: any Disk, pool: WorkPool) async throws -> Bool {
        guard length < other.length else { return false }
        var theirs = other.chunks(disk: disk, pool: pool).makeAsyncIterator()
        var held = ByteBuffer()
        for try await var mine in chunks(disk: disk, pool: pool) {
            while mine.readableBytes > 0 {
                if held.readableBytes == 0 {
                    guard let next = try await theirs.next() else { return false }
                    held = next
                }
                let count = min(mine.readableBytes, held.readableBytes)
                guard mine.readSlice(length: count) == held.readSlice(length: count) else { return false }
            }
        }
        return true
    }
}

/// How Orthanc marks what it has compressed: the length before, little endian, then a zlib stream (RFC 1950).
struct ZlibWithSize: Sendable, Hashable {
    /// Bytes that tell plain from compressed files.
    static let headLength = 132
    /// Bytes before the deflated ones: the length, and the two of zlib.
    static let prefixLength: UInt64 = 10
    /// Objects are not longer.
    private static let lengthLimit: UInt64 = 16 << 30

    let length: UInt64

    /// Reads the first bytes of a file; `nil` when they do not begin such a stream.
    init?(head: ByteBuffer) {
        guard
            let length = head.getInteger(at: head.readerIndex, endianness: .little, as: UInt64.self),
            let mark = head.getInteger(at: head.readerIndex + 8, as: UInt16.self),
            // Deflate with a window of 32 KiB, no dictionary, and the check that makes it a multiple of 31.
            mark >> 8 == 0x78, mark & 0x20 == 0, mark % 31 == 0,
            length > 0, length <= Self.lengthLimit
        else { return nil }
        self.length = length
    }
}

/// The bytes of a file, unwrapped when they are wrapped.
struct AdoptedChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let path: String
    let isWrapped: Bool
    let disk: any Disk
    let pool: WorkPool

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(chunks: self)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        private static let ratioLimit: UInt64 = 1_100

        let chunks: AdoptedChunks
        private var file: FileChunks.AsyncIterator?
        private var inflater: Inflater?
        private var left: UInt64 = 0
        private var check = Adler32()
        private var expectedCheck: UInt32 = 0

        init(chunks: AdoptedChunks) {
            self.chunks = chunks
        }

        mutating func next() async throws -> ByteBuffer? {
            if file == nil { try await open() }
            guard var inflater else { return try await file?.next() }
            defer { self.inflater = inflater }
            while true {
                if let plain = try inflater.next() {
                    guard UInt64(plain.readableBytes) <= left else { throw CommandFailure("longer than it says") }
                    left -= UInt64(plain.readableBytes)
                    check.update(plain)
                    return plain
                }
                if inflater.isEnded {
                    guard left == 0 else { throw CommandFailure("shorter than it says") }
                    guard check.value == expectedCheck else { throw CommandFailure("damaged: its checksum is another") }
                    return nil
                }
                guard let more = try await file?.next() else { throw CommandFailure("cut off") }
                inflater.append(more)
            }
        }

        private mutating func open() async throws {
            let (disk, path) = (chunks.disk, chunks.path)
            let opened = try await chunks.pool.run { try disk.open(path, .read) }
            guard chunks.isWrapped else {
                file = FileChunks(file: opened, pool: chunks.pool).makeAsyncIterator()
                return
            }
            let (head, tail) = try await chunks.pool.run {
                let size = try opened.size()
                return (
                    try opened.read(at: 0, count: ZlibWithSize.headLength),
                    try opened.read(at: Swift.max(4, size) - 4, count: 4)
                )
            }
            expectedCheck = tail.getInteger(at: tail.readerIndex) ?? 0
            guard let wrapped = ZlibWithSize(head: head) else { throw CommandFailure("not compressed as it seemed") }
            left = wrapped.length
            inflater = Inflater(lengthLimit: wrapped.length, ratioLimit: Self.ratioLimit)
            file = FileChunks(file: opened, pool: chunks.pool, offset: ZlibWithSize.prefixLength).makeAsyncIterator()
        }
    }
}

/// The check at the end of a zlib stream (RFC 1950 8.2).
struct Adler32: Sendable, Hashable {
    private static let modulus: UInt32 = 65_521
    /// So many bytes may be added before the sums must be reduced.
    private static let runLength = 5_552

    private var low: UInt32 = 1
    private var high: UInt32 = 0

    /// The check of all bytes so far.
    var value: UInt32 { high << 16 | low }

    /// Adds bytes.
    mutating func update(_ buffer: ByteBuffer) {
        var count = 0
        for byte in buffer.readableBytesView {
            low &+= UInt32(byte)
            high &+= low
            count += 1
            guard count == Self.runLength else { continue }
            low %= Self.modulus
            high %= Self.modulus
            count = 0
        }
        low %= Self.modulus
        high %= Self.modulus
    }
}
