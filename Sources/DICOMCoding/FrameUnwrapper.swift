import DICOMCore
import NIOCore

/// Takes the frames out of fragments that hold them as they are (PS3.5 A.4.11), without offset table and padding.
struct FrameUnwrapper: Sendable {
    private var rows: UInt64 = 0
    private var columns: UInt64 = 0
    private var samplesPerPixel: UInt64 = 1
    private var frameCount: UInt64 = 1
    private(set) var bitsAllocated: UInt64 = 0
    private var isSubsampled = false
    private var joiner = FrameJoiner(bitsPerFrame: 0)
    /// Bytes of a frame that begins with a byte, as those in fragments do.
    private var frameLength: UInt64 = 0
    /// Bytes that the frame that is passing still lacks, and frames behind it.
    private var remainingInFrame: UInt64 = 0
    private var remainingFrames: UInt64 = 0
    private var fragmentNumber = 0
    private var isAtPadding = false

    /// Looks at an element of the outermost Data Set.
    mutating func note(_ header: ElementHeader, _ value: ByteBuffer) {
        let element = DataElement(tag: header.tag, vr: header.vr, value: .bytes(value))
        func number() -> UInt64 { element.integers.first.flatMap { UInt64(exactly: $0) } ?? 0 }
        switch header.tag {
        case .rows: rows = number()
        case .columns: columns = number()
        case .samplesPerPixel: samplesPerPixel = number()
        case .bitsAllocated: bitsAllocated = number()
        // The native form has two luminance samples for each pair of chrominance (PS3.3 C.7.6.3.1.2).
        case .photometricInterpretation:
            isSubsampled = ["YBR_FULL_422", "YBR_PARTIAL_422"].contains(element.strings(.ascii).first)
        case .numberOfFrames: frameCount = max(1, number())
        default: break
        }
    }

    /// Begins the fragments.
    ///
    /// - Returns: bytes of all frames, which lie without gaps in native form; `nil` when the elements do not tell.
    mutating func begin() -> UInt64? {
        let samples = isSubsampled && samplesPerPixel == 3 ? 2 : samplesPerPixel
        guard let bits = Self.product([rows, columns, samples, bitsAllocated]), bits > 0, bits <= .max - 7,
            let allBits = Self.product([bits, frameCount]), allBits <= .max - 7
        else { return nil }
        joiner = FrameJoiner(bitsPerFrame: bits)
        frameLength = (bits + 7) / 8
        remainingFrames = frameCount
        remainingInFrame = frameLength
        return (allBits + 7) / 8
    }

    private static func product(_ factors: [UInt64]) -> UInt64? {
        var result: UInt64 = 1
        for factor in factors {
            let (product, overflow) = result.multipliedReportingOverflow(by: factor)
            guard !overflow else { return nil }
            result = product
        }
        return result
    }

    /// Whether all frames have passed.
    var isComplete: Bool { remainingFrames == 0 }

    mutating func beginFragment() {
        fragmentNumber += 1
        isAtPadding = false
    }

    /// The next bytes of frames, may be empty; `nil` when none are left in `bytes`.
    ///
    /// - Throws: `.notEncodable` when there are more than the frames need.
    mutating func next(_ bytes: inout ByteBuffer) throws(DataSetError) -> ByteBuffer? {
        // The first fragment is the Basic Offset Table.
        guard fragmentNumber > 1, bytes.readableBytes > 0 else { return nil }
        if isAtPadding || remainingFrames == 0 {
            // A frame of odd length has one byte of padding at the end of its last fragment.
            guard bytes.readableBytes == 1, frameLength % 2 == 1 else {
                throw DataSetError(.notEncodable, at: 0, path: [.pixelData])
            }
            return nil
        }
        let count = Int(min(remainingInFrame, UInt64(bytes.readableBytes)))
        guard let piece = bytes.readSlice(length: count) else { return nil }
        remainingInFrame -= UInt64(count)
        var joined = joiner.join(piece)
        if remainingInFrame == 0 {
            remainingFrames -= 1
            remainingInFrame = frameLength
            // Each frame begins with a fragment of its own.
            isAtPadding = true
            if remainingFrames == 0 { joined.writeImmutableBuffer(joiner.finish()) }
        }
        return joined
    }
}
