import DICOMCore
import NIOCore

/// Makes the frame index of an object from the elements of its outermost Data Set as they pass.
struct FrameIndexBuilder: Sendable {
    private enum PixelData: Sendable {
        case native(offset: UInt64, length: UInt64, bitsAllocated: UInt64?)
        case encapsulated
    }

    /// Whether all fragments are one stream, which is kept as one frame.
    private let isVideo: Bool
    private var rows: UInt64?
    private var columns: UInt64?
    private var samplesPerPixel: UInt64 = 1
    private var bitsAllocated: UInt64?
    /// `nil` when Number of Frames has a value that is no number above 0.
    private var frameCount: Int? = 1
    private var isSubsampled = false
    private var pixelData: PixelData?
    private var fragments = FragmentList()
    private var isExtendedOffsetTable = false

    init(isVideo: Bool) {
        self.isVideo = isVideo
    }

    mutating func accept(_ element: DataElement) {
        switch element.tag.rawValue {
        case 0x0028_0002: samplesPerPixel = Self.positive(element) ?? 0
        case 0x0028_0004:
            // The native form has two luminance samples for each pair of chrominance (PS3.3 C.7.6.3.1.2).
            isSubsampled = ["YBR_FULL_422", "YBR_PARTIAL_422"].contains(element.strings(.ascii).first)
        case 0x0028_0008:
            // Present without value says no more than absent.
            if let bytes = element.bytes, bytes.readableBytes == 0 { return }
            frameCount = element.integers.first.flatMap { $0 > 0 ? $0 : nil }
        case 0x0028_0010: rows = Self.positive(element)
        case 0x0028_0011: columns = Self.positive(element)
        case 0x0028_0100: bitsAllocated = Self.positive(element)
        case 0x7FE0_0001: if let bytes = element.bytes { fragments.extendedOffsets = bytes }
        default: break
        }
    }

    mutating func accept(_ token: DataSetToken) {
        switch token {
        case .beginBulk(let header):
            isExtendedOffsetTable = header.tag.rawValue == 0x7FE0_0001 && (header.length ?? 0) <= 32 << 20
            let bits: UInt64?
            switch header.tag.rawValue {
            case 0x7FE0_0008: bits = 32
            case 0x7FE0_0009: bits = 64
            case 0x7FE0_0010: bits = nil
            default: return
            }
            guard pixelData == nil else { return }
            pixelData = .native(
                offset: header.valueOffset,
                length: UInt64(header.length ?? 0),
                bitsAllocated: bits
            )
        case .beginFragments(let header) where header.tag == .pixelData: pixelData = pixelData ?? .encapsulated
        case .beginFragment(let offset, let length): fragments.begin(offset: offset, length: length)
        case .bulkBytes(var bytes):
            if case .encapsulated = pixelData {
                fragments.bytes(bytes)
            } else if isExtendedOffsetTable {
                fragments.extendedOffsets.writeBuffer(&bytes)
            }
        case .endFragment: fragments.endFragment()
        case .endBulk: isExtendedOffsetTable = false
        default: break
        }
    }

    /// The index; `nil` when there is no Pixel Data, or what describes it does not fit its length.
    func frameIndex() -> FrameIndex? {
        guard let frameCount else { return nil }
        switch pixelData {
        case .none: return nil
        case .encapsulated: return fragments.frameIndex(frameCount: isVideo ? 1 : frameCount)
        case .native(let offset, _, _):
            return native().flatMap {
                FrameIndex(frameCount: frameCount, bitsPerFrame: $0.bitsPerFrame, offset: offset)
            }
        }
    }

    /// Whether native frames have more behind them than the byte that makes their length even.
    var isPadded: Bool { (native()?.excess ?? 0) > 0 }

    /// What native frames are, and how many bytes are left behind them.
    private func native() -> (bitsPerFrame: UInt64, excess: UInt64)? {
        guard case .native(_, let length, let bits) = pixelData, let frameCount, let rows, let columns,
            samplesPerPixel > 0, let bitsAllocated = bits ?? bitsAllocated
        else { return nil }
        // At most 65,535 × 65,535 × 65,535 × 65,535: fits.
        let bitsPerPlane = rows * columns
        let full = bitsPerPlane.multipliedReportingOverflow(by: samplesPerPixel * bitsAllocated)
        guard !full.overflow else { return nil }
        let subsampled = samplesPerPixel == 3 ? bitsPerPlane.multipliedReportingOverflow(by: 2 * bitsAllocated) : full
        let candidates =
            isSubsampled && !subsampled.overflow
            ? [subsampled.partialValue, full.partialValue] : [full.partialValue]
        let fitting = candidates.compactMap { bitsPerFrame in
            Self.excess(of: length, over: bitsPerFrame, frameCount: frameCount).map { (bitsPerFrame, $0) }
        }
        // What fits is what was meant; else what stands behind the frames is padding as long as it is no frame itself.
        return fitting.first { $0.1 == 0 } ?? fitting.last
    }

    /// Bytes that some writers fill their last block with.
    private static let paddingLimit: UInt64 = 4_096

    /// How many bytes of the value field stand behind the frames; 0 also for the byte that makes the length even.
    ///
    /// - Returns: `nil` when the frames do not fit, or when so much is left that it may be one, or part of an image of another size.
    private static func excess(of length: UInt64, over bitsPerFrame: UInt64, frameCount: Int) -> UInt64? {
        let (bits, overflow) = bitsPerFrame.multipliedReportingOverflow(by: UInt64(frameCount))
        guard !overflow else { return nil }
        let bytes = bits / 8 + (bits % 8 > 0 ? 1 : 0)
        guard length >= bytes else { return nil }
        let rest = length - bytes
        guard rest > bytes % 2 else { return 0 }
        return rest < bitsPerFrame / 8 && rest <= paddingLimit ? rest : nil
    }

    private static func positive(_ element: DataElement) -> UInt64? {
        guard let number = element.integers.first, number > 0, number <= 0xFFFF else { return nil }
        return UInt64(number)
    }
}
