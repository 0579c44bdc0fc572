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

    init(inflater: Inflater?) {
        self.inflater = inflater
    }

    /// Bytes that can be read now.
    var readableBytes: Int { buffer.readableBytes }

    /// Whether the deflated stream, if it is one, has come to its end.
    var isComplete: Bool { inflater?.isEnded ?? true }

    mutating func append(_ bytes: ByteBuffer) {
        received += UInt64(bytes.readableBytes)
        if inflater == nil {
            join(bytes)
        } else {
            inflater?.append(bytes)
        }
    }

    /// Makes more bytes readable if it can.
    mutating func refill() throws(DataSetError) -> Bool {
        guard let bytes = try inflater?.next() else { return false }
        join(bytes)
        return true
    }

    /// The word that begins so many bytes ahead; 0 when it is not there.
    ///
    /// Check `readableBytes` first.
    func peek<Word: FixedWidthInteger>(_ distance: Int, isBigEndian: Bool, as: Word.Type) -> Word {
        buffer.getInteger(at: buffer.readerIndex + distance, endianness: isBigEndian ? .big : .little) ?? 0
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
