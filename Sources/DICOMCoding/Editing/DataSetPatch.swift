import DICOMCore
public import NIOCore

/// What turns the bytes of one Data Set into those of another: pieces to cut out and pieces to put in.
///
/// Everything between the pieces stays as it is, byte for byte.
public struct DataSetPatch: Sendable, Hashable {
    /// One place that changes.
    public struct Splice: Sendable, Hashable {
        /// The bytes that go, counted from the first byte of the (inflated) Data Set; empty where something is put in only.
        public let range: Range<UInt64>
        /// The bytes that come in their place.
        public let bytes: ByteBuffer

        /// Makes a splice.
        public init(_ range: Range<UInt64>, _ bytes: ByteBuffer) {
            self.range = range
            self.bytes = bytes
        }
    }

    /// The places, in ascending order, none reaching into the next.
    public let splices: [Splice]

    /// Makes a patch.
    ///
    /// - Parameter splices: In the order in which their bytes are to stand; none may begin before the end of the one before.
    public init(_ splices: [Splice]) {
        precondition(
            splices.indices.dropFirst().allSatisfy {
                splices[$0 - 1].range.upperBound <= splices[$0].range.lowerBound
            },
            "splices overlap"
        )
        self.splices = splices
    }

    /// Whether nothing changes.
    public var isEmpty: Bool { splices.isEmpty }

    /// Bytes that the Data Set becomes longer by; below 0 when it becomes shorter.
    public var lengthChange: Int64 {
        splices.reduce(0) { sum, splice in
            sum + Int64(splice.bytes.readableBytes)
                - Int64(clamping: splice.range.upperBound - splice.range.lowerBound)
        }
    }
}

/// Applies a patch to bytes that pass in pieces of any size, in constant memory.
public struct DataSetPatcher: Sendable {
    private let splices: [DataSetPatch.Splice]
    private var next = 0
    /// Bytes from the first byte of the Data Set to the next one that comes.
    private var position: UInt64 = 0

    /// Begins at the first byte of the Data Set that the patch was made for.
    public init(_ patch: DataSetPatch) {
        splices = patch.splices
    }

    /// The bytes that stand for these: slices of them, and what is put in between.
    public mutating func patch(_ chunk: ByteBuffer) -> [ByteBuffer] {
        var rest = chunk
        var pieces: [ByteBuffer] = []
        while rest.readableBytes > 0 {
            guard next < splices.count else {
                take(rest.readableBytes, of: &rest, into: &pieces)
                break
            }
            let splice = splices[next]
            if position < splice.range.lowerBound {
                take(Self.count(splice.range.lowerBound - position, rest), of: &rest, into: &pieces)
            } else if position < splice.range.upperBound {
                let count = Self.count(splice.range.upperBound - position, rest)
                rest.moveReaderIndex(forwardBy: count)
                position += UInt64(count)
            } else {
                if splice.bytes.readableBytes > 0 { pieces.append(splice.bytes) }
                next += 1
            }
        }
        return pieces
    }

    /// What comes behind the last byte.
    ///
    /// - Throws: `.truncated` when the Data Set was shorter than the one that the patch was made for.
    public mutating func finish() throws(EditError) -> [ByteBuffer] {
        var pieces: [ByteBuffer] = []
        while next < splices.count {
            guard splices[next].range.upperBound <= position else {
                throw EditError(DataSetError(.truncated, at: position))
            }
            if splices[next].bytes.readableBytes > 0 { pieces.append(splices[next].bytes) }
            next += 1
        }
        return pieces
    }

    private mutating func take(_ count: Int, of rest: inout ByteBuffer, into pieces: inout [ByteBuffer]) {
        guard let piece = rest.readSlice(length: count) else { return }
        pieces.append(piece)
        position += UInt64(count)
    }

    private static func count(_ distance: UInt64, _ rest: ByteBuffer) -> Int {
        Int(min(distance, UInt64(rest.readableBytes)))
    }
}
