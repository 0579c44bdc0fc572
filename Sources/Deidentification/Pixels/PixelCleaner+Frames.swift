import DICOMCoding
import DICOMCore
public import DICOMPixels
public import NIOCore

extension PixelCleaner {
    /// A frame as it is written.
    ///
    /// A frame in which nothing changes stays as it is stored, but where ``PixelCleaningPlan/encodesAllFrames`` holds.
    ///
    /// - Parameters:
    ///   - stored: as ``PixelSource/frame`` reads it.
    ///   - frameIndex: 0-based; in errors.
    /// - Returns: its bytes in ``PixelCleaningPlan/transferSyntax``; native ones in little-endian order.
    /// - Throws: what decoding and encoding throw.
    public func frame(
        _ stored: ByteBuffer,
        frameIndex: Int,
        of source: PixelSource,
        plan: PixelCleaningPlan
    ) async throws(PixelError) -> ByteBuffer {
        guard plan.changesFrames else { return stored }
        let frame = try await codec.decode(stored, in: source.frameSyntax, as: source.storedFormat())
        let cleaned = try cleaned(frame, plan, source)
        guard plan.encodesAllFrames || cleaned.bytes != frame.bytes else { return stored }
        return try await encoded(cleaned, in: plan.transferSyntax)
    }

    private func cleaned(
        _ frame: PixelFrame,
        _ plan: PixelCleaningPlan,
        _ source: PixelSource
    ) throws(PixelError) -> PixelFrame {
        let cleared = plan.clearsUnusedBits ? frame.withoutUnusedBits() ?? frame : frame
        return try cleared.blackened(plan.masks.map(\.rectangle), header: source.header)
    }

    private func encoded(_ frame: PixelFrame, in transferSyntax: TransferSyntax) async throws(PixelError) -> ByteBuffer
    {
        guard !transferSyntax.isNative else { return frame.bytes }
        return try await codec.encode(frame, in: transferSyntax, options: EncodingOptions())
    }

    /// Settles how frames are written, by making the first one.
    func chooseTransferSyntax(_ plan: inout PixelCleaningPlan, _ source: PixelSource) async throws {
        let stored = try source.storedFormat()
        let frame = try cleaned(try await decoded(source, 0), plan, source)
        var target = source.frameSyntax.losslessSibling
        do throws(PixelError) {
            _ = try await encoded(frame, in: target)
        } catch {
            guard [.notEncodable, .unsupported, .notReversible].contains(error.code) else { throw error }
            target = .explicitVRLittleEndian
        }
        if target.isNative {
            let (length, overflow) = frame.format.frameBits.multipliedReportingOverflow(by: max(1, plan.frameCount))
            guard !overflow, length / 8 < UInt32.max - 1 else {
                throw PixelError(.tooLarge, "its frames have 4 GiB or more without compression")
            }
        }
        var written = try frame.format.encoded(in: target)
        // Planes follow each other in RLE, whatever the header says of them; some IODs want 0 there.
        if target == .rleLossless, source.frameSyntax == .rleLossless {
            written = try written.with(isPlanar: stored.isPlanar)
        }
        plan.transferSyntax = target
        plan.encodesAllFrames = target != source.frameSyntax || written != stored
        plan.elements = Self.changes(from: stored, to: written, source)
        plan.removedTags = plan.masks.isEmpty ? [] : Self.outdated
    }

    /// What the text in the pixels may have been copied to, and ranges of values that are no longer there.
    private static let outdated: [Tag] =
        [.iconImageSequence] + (0x0106...0x0111).map { Tag(group: 0x0028, element: $0) }

    private static func changes(
        from stored: PixelFormat,
        to written: PixelFormat,
        _ source: PixelSource
    ) -> DataSet {
        let header = source.header
        var changes = DataSet()
        func change(_ tag: Tag, _ value: Int) {
            if header.integer(tag) != value { changes.set(.unsignedShort(tag, UInt16(clamping: value))) }
        }
        if written.samplesPerPixel > 1 { change(.planarConfiguration, written.isPlanar ? 1 : 0) }
        if written.bitsAllocated != stored.bitsAllocated { change(.bitsAllocated, written.bitsAllocated) }
        if written.bitsStored != stored.bitsStored { change(.bitsStored, written.bitsStored) }
        if written.highBit != stored.highBit { change(.highBit, written.highBit) }
        let interpretation = written.photometricInterpretation.rawValue
        if interpretation != header.string(.photometricInterpretation) {
            changes.set(.text(.photometricInterpretation, .cs, interpretation))
        }
        // What was lost once stays lost (PS3.3 C.7.6.1.1.5).
        if source.frameSyntax.isAlwaysLossy, header.string(.lossyImageCompression) != "01" {
            changes.set(.text(.lossyImageCompression, .cs, "01"))
        }
        return changes
    }
}

extension PixelSource {
    static let pixelTags: [Tag] = [.pixelData, .floatPixelData, .doubleFloatPixelData]

    /// The Transfer Syntax that the frames are in: Pixel Data may stand as it is where a compressed one is declared.
    var frameSyntax: TransferSyntax {
        transferSyntax.isEncapsulated && frameIndex?.isEncapsulated == false ? .explicitVRLittleEndian : transferSyntax
    }

    /// What group 0028 says of the frames; of native ones also how long they are.
    func storedFormat() throws(PixelError) -> PixelFormat {
        let format = try PixelFormat(header)
        guard let frameIndex, !frameIndex.isEncapsulated else { return format }
        return try format.asStored(length: frameIndex.byteRanges(frameIndex: 0).reduce(0) { $0 + $1.count })
    }

    /// Whether bits beside the stored ones may hold an overlay: in schemes that keep all bits, or where the object says so.
    var mayHaveUnusedBits: Bool {
        guard let format = try? PixelFormat(header), frameIndex != nil, format.kind != .float,
            format.bitsStored < format.bitsAllocated, format.bitsAllocated % 8 == 0
        else { return false }
        return CodecLibrary.isSafeInProcess(frameSyntax)
            || (OverlayBitmaps.areEmbedded(in: header) && CodecLibrary.canDecode(frameSyntax)
                && !frameSyntax.isAlwaysLossy)
    }
}

extension TransferSyntax {
    /// Whether frames in it have lost something.
    fileprivate var isAlwaysLossy: Bool {
        switch self {
        case .jpegBaseline, .jpegExtended, .jpegSpectralSelection, .jpegFullProgression, .jpegLSNearLossless: true
        default: false
        }
    }

    /// The Transfer Syntax that changed frames are written in: the same where it is without loss and there is an encoder.
    ///
    /// | stored | written |
    /// |---|---|
    /// | native, any byte order, deflated | Explicit VR Little Endian |
    /// | RLE, deflated frames, encapsulated uncompressed, JPEG Lossless, JPEG-LS, JPEG 2000 and HTJ2K lossless only | the same |
    /// | JPEG Baseline, Extended and the retired ones | JPEG Lossless, first-order prediction |
    /// | JPEG-LS near-lossless | JPEG-LS lossless |
    /// | JPEG 2000, HTJ2K | the one that is lossless only |
    /// | others | Explicit VR Little Endian |
    ///
    /// Whatever cannot be written so (32 bits, for example) becomes Explicit VR Little Endian.
    fileprivate var losslessSibling: TransferSyntax {
        switch self {
        case .jpegBaseline, .jpegExtended, .jpegSpectralSelection, .jpegFullProgression: .jpegLosslessSV1
        case .jpegLSNearLossless: .jpegLSLossless
        case .jpeg2000: .jpeg2000Lossless
        case .htj2k: .htj2kLossless
        default: isEncapsulated && CodecLibrary.canEncode(self) ? self : .explicitVRLittleEndian
        }
    }
}
