import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// What becomes of an object whose frames are put into another Transfer Syntax: checked before any byte is written.
struct TranscodingPlan: Sendable {
    let request: TranscodingRequest
    /// The Transfer Syntax that the frames are in.
    let source: TransferSyntax
    /// What group 0028 says.
    let format: PixelFormat
    let frameIndex: FrameIndex
    /// All elements as they were, bulk by reference.
    let header: DataSet

    /// Checks what is asked for.
    ///
    /// - Parameter source: The Transfer Syntax of the object.
    init(
        _ request: TranscodingRequest,
        header: DataSet,
        source: TransferSyntax,
        frameIndex: FrameIndex?
    ) throws(TranscodingError) {
        try Self.check(request, source, header)
        guard let frameIndex else {
            throw TranscodingError(.framesUnknown, "the frames cannot be told apart by what describes them")
        }
        do throws(PixelError) {
            format = try PixelFormat(header).asStored(in: frameIndex)
        } catch {
            throw TranscodingError(decoding: error)
        }
        // Pixel Data that stands as it is in a Data Set whose Transfer Syntax is a compressed one.
        self.source = source.isEncapsulated && !frameIndex.isEncapsulated ? .explicitVRLittleEndian : source
        self.request = request
        self.frameIndex = frameIndex
        self.header = header
        guard request.target.lossyMethod == nil || format.photometricInterpretation != .paletteColor else {
            throw TranscodingError(.notEncodable, "indices of a palette make no sense when they are only nearly right")
        }
    }

    private static func check(
        _ request: TranscodingRequest,
        _ source: TransferSyntax,
        _ header: DataSet
    ) throws(TranscodingError) {
        guard TransferSyntax.transcodingTargets.contains(request.target) else {
            throw TranscodingError(.unknownTarget, "nothing is made in \(request.target.name)")
        }
        guard !source.isVideo, !source.isReferenced else {
            throw TranscodingError(.notFrames, "\(source.name) has no frames that could be decoded one by one")
        }
        guard header[.pixelData] != nil else {
            throw TranscodingError(.noPixelData, "the object has no Pixel Data that could be compressed")
        }
        guard request.target.lossyMethod == nil || request.allowsLossy else {
            throw TranscodingError(.lossy, "\(request.target.name) loses, and that was not asked for")
        }
    }

    /// Whether what is made is another image than what was there.
    var isLossy: Bool { request.target.lossyMethod != nil }

    /// How Pixel Data is written when frames are in that format.
    func form(of decoded: PixelFormat) throws(TranscodingError) -> PixelDataForm {
        guard request.target.isNative else { return .encapsulated }
        let form = PixelDataForm.native(
            vr: decoded.bitsAllocated > 8 ? .ow : .ob,
            bitsPerFrame: UInt64(decoded.frameBits),
            frameCount: frameIndex.frameCount
        )
        guard form.fits else {
            throw TranscodingError(
                .tooLong,
                "its \(frameIndex.frameCount) frames have 4 GiB or more without compression, which no length field holds"
            )
        }
        return form
    }

    /// The elements that change, for frames in that format of which the first was encoded in so many bytes.
    func changes(_ decoded: PixelFormat, firstFrameLength: Int) throws(TranscodingError) -> DataSet {
        let written: PixelFormat
        do throws(PixelError) {
            written = try decoded.encoded(in: request.target)
        } catch {
            throw TranscodingError(encoding: error)
        }
        var changes = DataSet()
        func change(_ tag: Tag, _ value: Int) {
            if header.integer(tag) != value { changes.set(.unsignedShort(tag, UInt16(clamping: value))) }
        }
        change(.samplesPerPixel, written.samplesPerPixel)
        if written.samplesPerPixel > 1 { change(.planarConfiguration, written.isPlanar ? 1 : 0) }
        // What was left out and goes without saying is not added.
        if written.bitsAllocated != format.bitsAllocated { change(.bitsAllocated, written.bitsAllocated) }
        if written.bitsStored != format.bitsStored { change(.bitsStored, written.bitsStored) }
        if written.highBit != format.highBit { change(.highBit, written.highBit) }
        let interpretation = written.photometricInterpretation
        if interpretation.rawValue != header.string(.photometricInterpretation) {
            changes.set(.text(.photometricInterpretation, .cs, interpretation.rawValue))
        }
        if let method = request.target.lossyMethod {
            let ratio = Self.ratio(decoded.frameLength, to: firstFrameLength)
            for element in LossyDerivation(header: header, request: request, method: method, ratio: ratio).elements {
                changes.set(element)
            }
        } else if source.isAlwaysLossy, header.string(.lossyImageCompression) != "01" {
            // What was lost once stays lost (PS3.3 C.7.6.1.1.5).
            changes.set(.text(.lossyImageCompression, .cs, "01"))
        }
        return changes
    }

    /// A ratio like `12.3`.
    private static func ratio(_ before: Int, to after: Int) -> String {
        let tenths = (before * 10 + after / 2) / max(1, after)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
