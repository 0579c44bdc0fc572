import DICOMCore
import NIOCore

/// Cuts the frames out of Pixel Data while its tokens pass, by an index that tells where they are.
///
/// Memory is one frame and the piece that its end came in.
struct FrameCutter: Sendable {
    private let index: FrameIndex
    private let lengthLimit: UInt64
    /// The next frame, 0-based, and where it is.
    private(set) var frameIndex = 0
    private var ranges: [Range<UInt64>]
    /// Bytes of the next frame; in memory of their own, which goes with the frame.
    private var passed = ByteBuffer()
    /// Of native Pixel Data, what has come and is not in `passed` yet, and where it begins.
    private var piece = ByteBuffer()
    private var start: UInt64 = 0
    private var fragmentEnd: UInt64 = 0
    private var isCollecting = false
    private var isWhole = false
    /// Words of samples of a byte or less have their bytes exchanged: a piece may end, and a frame begin, within a word.
    private let swapsWords: Bool
    /// The first byte of a word whose other byte is in the next piece.
    private var halfWord: UInt8?
    private var bytesLeft: UInt64 = .max

    /// - Parameters:
    ///   - lengthLimit: bytes that a frame may have as it is stored.
    ///   - swapsWords: whether the bytes of each word of native Pixel Data are exchanged before frames are cut out.
    init(_ index: FrameIndex, lengthLimit: Int, swapsWords: Bool = false) {
        self.index = index
        self.swapsWords = swapsWords
        self.lengthLimit = UInt64(lengthLimit)
        ranges = index.byteRanges(frameIndex: 0)
    }

    /// Whether all frames were cut out.
    var isComplete: Bool { frameIndex == index.frameCount }

    /// Takes a token between the beginning and the end of the Pixel Data.
    ///
    /// - Throws: `.lengthExceedsLimit`.
    mutating func accept(_ token: DataSetToken) throws(DataSetError) {
        switch token {
        case .beginBulk(let header):
            start = header.valueOffset
            bytesLeft = header.length.map(UInt64.init) ?? .max
        case .beginFragment(let offset, let length):
            fragmentEnd = offset + UInt64(length)
            // The Basic Offset Table, and fragments that belong to no frame, lie in front.
            isCollecting = ranges.first.map { offset >= $0.lowerBound } ?? false
            if isCollecting { try checkLength() }
        case .bulkBytes(let bytes):
            if !index.isEncapsulated {
                try collectNative(swapsWords ? inOrder(bytes) : bytes)
            } else if isCollecting {
                passed.writeImmutableBuffer(bytes)
            }
        case .endFragment: isWhole = isCollecting && ranges.last?.upperBound == fragmentEnd
        default: break
        }
    }

    /// The next frame that has passed as a whole: whole bytes, of encapsulated Pixel Data the fragments joined.
    mutating func next() -> ByteBuffer? {
        guard let range = ranges.first else { return nil }
        let frame: ByteBuffer
        if index.isEncapsulated {
            guard isWhole else { return nil }
            frame = passed
            passed = ByteBuffer()
            isWhole = false
        } else {
            fill(range)
            guard passed.readableBytes >= range.count else { return nil }
            frame = Self.aligned(passed, index.bits(frameIndex: frameIndex))
        }
        frameIndex += 1
        ranges = index.byteRanges(frameIndex: frameIndex)
        if !index.isEncapsulated { beginNext(after: range) }
        return frame
    }

    private mutating func collectNative(_ bytes: ByteBuffer) throws(DataSetError) {
        guard !isComplete else { return }
        try checkLength()
        if piece.readableBytes == 0 {
            piece = bytes
        } else {
            piece.writeImmutableBuffer(bytes)
        }
        if let range = ranges.first { fill(range) }
    }

    /// Moves bytes of the frame in a range from the piece to the frame.
    private mutating func fill(_ range: Range<UInt64>) {
        if start < range.lowerBound { skip(range.lowerBound - start) }
        let missing = range.count - passed.readableBytes
        guard missing > 0, piece.readableBytes > 0 else { return }
        if passed.readableBytes == 0 { passed.reserveCapacity(range.count) }
        let count = min(missing, piece.readableBytes)
        passed.writeImmutableBuffer(piece.getSlice(at: piece.readerIndex, length: count) ?? ByteBuffer())
        skip(UInt64(count))
    }

    /// Begins the next frame with the bytes that it shares with the one that has passed: frames of single bits.
    private mutating func beginNext(after range: Range<UInt64>) {
        let last = passed
        passed = ByteBuffer()
        guard let next = ranges.first else {
            piece = ByteBuffer()
            return
        }
        guard next.lowerBound < range.upperBound, next.lowerBound >= range.lowerBound else { return }
        let shared = Int(range.upperBound - next.lowerBound)
        passed.reserveCapacity(next.count)
        passed.writeImmutableBuffer(last.getSlice(at: last.writerIndex - shared, length: shared) ?? ByteBuffer())
    }

    private mutating func skip(_ count: UInt64) {
        let skipped = min(UInt64(piece.readableBytes), count)
        piece.moveReaderIndex(forwardBy: Int(skipped))
        start += skipped
        if piece.readableBytes == 0 { piece = ByteBuffer() }
    }

    /// The bytes of the words that are whole now, in their order; one without a partner at the end of the value stays.
    private mutating func inOrder(_ bytes: ByteBuffer) -> ByteBuffer {
        bytesLeft -= min(bytesLeft, UInt64(bytes.readableBytes))
        var words = bytes
        if let half = halfWord.take() {
            words = ByteBuffer()
            words.reserveCapacity(bytes.readableBytes + 1)
            words.writeInteger(half)
            words.writeImmutableBuffer(bytes)
        }
        if words.readableBytes % 2 == 1, bytesLeft > 0 {
            halfWord = words.readableBytesView.last
            words = words.getSlice(at: words.readerIndex, length: words.readableBytes - 1) ?? ByteBuffer()
        }
        words.swapWords(of: 2)
        return words
    }

    private func checkLength() throws(DataSetError) {
        let length = ranges.reduce(0) { $0 + UInt64($1.count) }
        guard length <= lengthLimit else {
            throw DataSetError(.lengthExceedsLimit, at: ranges.first?.lowerBound ?? 0, path: [.pixelData])
        }
    }

    /// Bytes that are held: those of a frame, and of the piece that its end came in.
    var heldCapacity: Int { passed.storageCapacity + piece.storageCapacity }

    private static func aligned(_ bytes: ByteBuffer, _ bits: (first: Int, count: UInt64)?) -> ByteBuffer {
        guard let bits else { return bytes }
        var window = BitWindow(first: bits.first, count: bits.count)
        var frame = window.take(bytes)
        frame.writeImmutableBuffer(window.finish())
        return frame
    }
}
