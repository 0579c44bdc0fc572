import CZlib
public import DICOMCore
public import NIOCore
import Synchronization

/// Inflates a raw deflate stream (RFC 1951, PS3.5 A.5) piece by piece, within limits.
///
/// A value type: a copy goes on independently, the zlib state is copied when two would share it.
public struct Inflater: Sendable {
    private var stream: InflateStream
    private var pending = ByteBuffer()
    private let lengthLimit: UInt64
    private let ratioLimit: UInt64
    /// Compressed bytes used and plain bytes made.
    private(set) var consumed: UInt64 = 0
    private(set) var produced: UInt64 = 0
    /// Whether the last block has ended; what follows is ignored.
    public private(set) var isEnded = false

    /// The ratio is not looked at before so many bytes: short runs of zeros are no attack.
    private static let ratioGrace: UInt64 = 1 << 20
    private static let longestPiece = 64 << 10
    private static let shortestPiece = 1 << 10

    /// Begins a stream.
    ///
    /// - Parameters:
    ///   - lengthLimit: Bytes that it may grow to.
    ///   - ratioLimit: How many times its compressed length it may grow, beyond the first MiB.
    public init(lengthLimit: UInt64, ratioLimit: UInt64) {
        self.lengthLimit = lengthLimit
        self.ratioLimit = ratioLimit
        stream = InflateStream()
    }

    /// The plain bytes of a whole stream that inflates to exactly `length` bytes; `nil` for any other.
    static func inflate(_ bytes: ByteBuffer, length: Int) -> [UInt8]? {
        InflateStream().inflateAll(bytes, length: length)
    }

    /// Takes the next compressed bytes.
    public mutating func append(_ bytes: ByteBuffer) {
        guard !isEnded else { return }
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// The next plain bytes, at most 64 KiB; `nil` when more input is needed or the stream has ended.
    public mutating func next() throws(DataSetError) -> ByteBuffer? {
        guard !isEnded else { return nil }
        if !isKnownUniquelyReferenced(&stream) {
            stream = stream.copy()
        }
        let (output, used, result) = stream.inflate(pending, pieceLength: pieceLength)
        pending.moveReaderIndex(forwardBy: used)
        consumed += UInt64(used)
        produced += UInt64(output.readableBytes)
        switch result {
        case .ended: isEnded = true
        case .goesOn: break
        case .failed: throw DataSetError(.inflateFailed, at: produced)
        }
        let allowance = consumed.multipliedReportingOverflow(by: ratioLimit)
        let isTooDense =
            !allowance.overflow && produced > Self.ratioGrace && produced - Self.ratioGrace > allowance.partialValue
        guard produced <= lengthLimit, !isTooDense else {
            throw DataSetError(.inflatesTooFar, at: produced)
        }
        return output.readableBytes > 0 ? output : nil
    }

    /// Room for the next plain bytes: little for little input, and no more than one byte beyond the limit.
    private var pieceLength: Int {
        let expected = 32 * min(pending.readableBytes, Self.longestPiece)
        let left = lengthLimit > produced ? lengthLimit - produced : 0
        let length = min(max(expected, Self.shortestPiece), Self.longestPiece)
        return UInt64(length) > left ? Int(left) + 1 : length
    }
}

/// The zlib state of one stream.
// Safe: the pointer never leaves the lock and is valid until `deinit`.
@safe private final class InflateStream: Sendable {
    enum Result {
        case goesOn
        case ended
        case failed
    }

    // zlib keeps the address of the structure, so it must not move: hence memory of its own.
    private let state: Mutex<UnsafeMutablePointer<z_stream>>
    private let isUsable: Bool

    init() {
        // Freed in deinit, exactly once: the class owns it and never hands it out.
        let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // Fresh memory must be initialised before zlib reads it.
        unsafe state.initialize(to: z_stream())
        // -15: raw deflate without a zlib header, the largest window.
        let code = unsafe inflateInit2_(state, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        isUsable = code == Z_OK
        // The lock alone has the pointer from here on.
        unsafe self.state = Mutex(state)
    }

    private init(copying other: InflateStream) {
        let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // As above.
        unsafe state.initialize(to: z_stream())
        // A number is nobody's: the pointers of two locks must not be seen to meet, and do so in this call only.
        let address = UInt(bitPattern: state)
        // zlib allocates a state of its own for the copy.
        let code = unsafe other.state.withLock { other in
            // As above.
            unsafe UnsafeMutablePointer(bitPattern: address).map { unsafe inflateCopy($0, other) } ?? Z_MEM_ERROR
        }
        isUsable = other.isUsable && code == Z_OK
        // The lock alone has the pointer from here on.
        unsafe self.state = Mutex(state)
    }

    deinit {
        // Nobody else is left to take the lock, and the pointer stays in the closure.
        unsafe state.withLock { state in
            // Releases what zlib allocated; harmless when nothing was.
            unsafe inflateEnd(state)
            // The only owner is gone.
            unsafe state.deallocate()
        }
    }

    func copy() -> InflateStream { InflateStream(copying: self) }

    func inflateAll(_ input: ByteBuffer, length: Int) -> [UInt8]? {
        guard isUsable, input.readableBytes <= 1 << 30, length <= 1 << 30 else { return nil }
        // Nobody waits: the owner changes it after `isKnownUniquelyReferenced` only.
        return unsafe state.withLock { unsafe Self.inflateAll(input, length: length, $0) }
    }

    private static func inflateAll(
        _ input: ByteBuffer,
        length: Int,
        _ state: UnsafeMutablePointer<z_stream>
    ) -> [UInt8]? {
        var code = Z_OK
        // One byte more than wanted, so that a longer stream shows; zlib is done with both pointers inside the closures.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: length + 1) { target, count in
            // As above; zlib's declaration lacks const, it does not write through next_in.
            unsafe input.withUnsafeReadableBytes { source in
                // At most `source.count` bytes are offered, at most the capacity of the array filled.
                unsafe state.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.bindMemory(to: UInt8.self).baseAddress
                )
                // As above.
                unsafe state.pointee.avail_in = UInt32(source.count)
                // As above.
                unsafe state.pointee.next_out = target.baseAddress
                // As above.
                unsafe state.pointee.avail_out = UInt32(length + 1)
                // Input and output are set above.
                code = unsafe CZlib.inflate(state, Z_FINISH)
            }
            // zlib has counted down what it filled.
            count = unsafe length + 1 - Int(state.pointee.avail_out)
        }
        return code == Z_STREAM_END && output.count == length ? output : nil
    }

    func inflate(_ input: ByteBuffer, pieceLength: Int) -> (output: ByteBuffer, used: Int, result: Result) {
        guard isUsable else { return (ByteBuffer(), 0, .failed) }
        // As above.
        return unsafe state.withLock { unsafe Self.inflate(input, pieceLength: pieceLength, $0) }
    }

    private static func inflate(
        _ input: ByteBuffer,
        pieceLength: Int,
        _ state: UnsafeMutablePointer<z_stream>
    ) -> (output: ByteBuffer, used: Int, result: Result) {
        var output = ByteBuffer()
        var code = Z_OK
        var used = 0
        // The pointers are valid inside the closures only, and zlib is done with both when they return.
        unsafe input.withUnsafeReadableBytes { source in
            let available = min(source.count, 1 << 20)
            // zlib's declaration lacks const; it does not write through next_in.
            unsafe state.pointee.next_in = UnsafeMutablePointer(
                mutating: source.bindMemory(to: UInt8.self).baseAddress
            )
            // At most `source.count` bytes are offered.
            unsafe state.pointee.avail_in = UInt32(available)
            // The closure's buffer has at least `pieceLength` bytes.
            unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: pieceLength) { target in
                // As above.
                unsafe state.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                // At most `target.count` bytes are offered.
                unsafe state.pointee.avail_out = UInt32(pieceLength)
                // Input and output are set above.
                code = unsafe CZlib.inflate(state, Z_NO_FLUSH)
                // zlib has counted down what it filled.
                return unsafe pieceLength - Int(state.pointee.avail_out)
            }
            // zlib has counted down what it used.
            used = unsafe available - Int(state.pointee.avail_in)
        }
        switch code {
        case Z_STREAM_END: return (output, used, .ended)
        // Z_BUF_ERROR says that it could not go on without more input; it is not an error of the stream.
        case Z_OK, Z_BUF_ERROR: return (output, used, .goesOn)
        default: return (output, used, .failed)
        }
    }
}
