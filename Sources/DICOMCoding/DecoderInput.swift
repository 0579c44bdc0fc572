import DICOMCore
import NIOCore

/// The bytes that have come and are not read yet, and where in the Data Set they stand.
///
/// Chunks are kept as they are while they can be; only an element that is cut by the end of a chunk is copied together.
struct DecoderInput: Sendable {
    /// Bytes from the first byte of the Data Set (inflated) to the next one that is read.
    private(set) var position: UInt64 = 0
    /// Bytes that came in, before inflation.
    private(set) var received: UInt64 = 0

    private var buffer = ByteBuffer()
    /// Whether the buffer's memory is ours alone, so that appending does not copy what it holds.
    private var isOwned = false
    private var inflater: Inflater?
    /// The first bytes of what should be deflated, until there are enough to see whether it is.
    private var opening: ByteBuffer?
    private var quirk: Quirk.Kind?

    init(inflater: Inflater?) {
        self.inflater = inflater
        opening = inflater == nil ? nil : ByteBuffer()
    }

    /// Bytes that can be read now.
    var readableBytes: Int { buffer.readableBytes }

    /// Whether the deflated stream, if it is one, has come to its end.
    var isComplete: Bool { inflater?.isEnded ?? true }

    mutating func append(_ bytes: ByteBuffer) {
        received += UInt64(bytes.readableBytes)
        if inflater == nil {
            join(bytes)
        } else if opening != nil {
            opening?.writeImmutableBuffer(bytes)
            if let opening, opening.readableBytes >= 8 { begin(opening) }
        } else {
            inflater?.append(bytes)
        }
    }

    /// Makes more bytes readable if it can.
    mutating func refill() throws(DataSetError) -> Bool {
        if inflater == nil { return false }
        guard opening == nil, let bytes = try inflater?.next() else { return false }
        join(bytes)
        return true
    }

    /// Takes what little has come for all that there is.
    ///
    /// - Returns: Whether it may make bytes readable.
    mutating func settle() -> Bool {
        guard let opening else { return false }
        begin(opening)
        return true
    }

    /// What is odd about the deflated stream, once.
    mutating func takeQuirk() -> Quirk.Kind? {
        defer { quirk = nil }
        return quirk
    }

    /// Tells by the first bytes whether they are deflated at all.
    private mutating func begin(_ bytes: ByteBuffer) {
        opening = nil
        var bytes = bytes
        let word = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt64.self)
        // As deflate, an element in front would be a stored block whose length does not match its complement.
        if let word, ElementHead(word: word, isBigEndian: false).beginsExplicitly {
            quirk = .notDeflated
            inflater = nil
            join(bytes)
            return
        }
        if Self.hasZlibHeader(bytes) {
            quirk = .zlibHeader
            bytes.moveReaderIndex(forwardBy: 2)
        }
        inflater?.append(bytes)
    }

    /// RFC 1950: method 8, a window of at most 32 KiB, no dictionary, and a check that makes it a multiple of 31.
    private static func hasZlibHeader(_ bytes: ByteBuffer) -> Bool {
        let head = Array(bytes.readableBytesView.prefix(5))
        guard head.count == 5, head[0] & 0x0F == 8, head[0] >> 4 <= 7, head[1] & 0x20 == 0,
            (UInt16(head[0]) << 8 | UInt16(head[1])) % 31 == 0
        else { return false }
        // The same bits may begin a stored block of a raw stream: its length and complement follow.
        let isStored = head[0] & 0b110 == 0 && head[1] == ~head[3] && head[2] == ~head[4]
        return !isStored
    }

    /// The next eight bytes as a little-endian number; 0 when they are not there.
    ///
    /// Check `readableBytes` first.
    func peekWord() -> UInt64 {
        buffer.getInteger(at: buffer.readerIndex, endianness: .little) ?? 0
    }

    /// The word that begins so many bytes ahead; 0 when it is not there.
    ///
    /// Check `readableBytes` first.
    func peek<Word: FixedWidthInteger>(_ distance: Int, isBigEndian: Bool, as: Word.Type) -> Word {
        buffer.getInteger(at: buffer.readerIndex + distance, endianness: isBigEndian ? .big : .little) ?? 0
    }

    /// Bytes ahead without moving; `nil` when they have not come.
    func peekSlice(_ distance: Int, count: Int) -> ByteBuffer? {
        buffer.getSlice(at: buffer.readerIndex + distance, length: count)
    }

    mutating func skip(_ count: Int) {
        buffer.moveReaderIndex(forwardBy: count)
        position += UInt64(count)
        isOwned = false
    }

    /// The next bytes without copying them; `nil` when there are fewer.
    mutating func take(_ count: Int) -> ByteBuffer? {
        guard let bytes = buffer.readSlice(length: count) else { return nil }
        position += UInt64(count)
        isOwned = false
        return bytes
    }

    /// Whether all that can be read is zero.
    var isZero: Bool { buffer.readableBytesView.allSatisfy { $0 == 0 } }

    /// Passes over zeros up to the first other byte.
    mutating func skipZeros() {
        skip(buffer.readableBytesView.prefix { $0 == 0 }.count)
    }

    private mutating func join(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            isOwned = false
        } else if isOwned {
            buffer.writeImmutableBuffer(bytes)
        } else {
            // A copy of the rest only: writing to a shared buffer would copy all that has been read as well.
            var joined = ByteBufferAllocator().buffer(capacity: buffer.readableBytes + bytes.readableBytes)
            joined.writeImmutableBuffer(buffer)
            joined.writeImmutableBuffer(bytes)
            buffer = joined
            isOwned = true
        }
    }
}
