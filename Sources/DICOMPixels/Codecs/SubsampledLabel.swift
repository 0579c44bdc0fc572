import DICOMCore
import NIOCore

extension PixelFrame {
    /// The frame as RGB where an object calls its chrominance subsampled, which no JPEG 2000 frame has.
    ///
    /// Such labels are left over from the JPEG that an object had been. With a transform of its own the codestream has
    /// given RGB, whatever the label says; without, its samples are luminance and chrominance (PS3.3 C.7.6.3.1.2).
    func withoutSubsampledLabel(
        _ stored: PixelFormat,
        _ codestream: JPEG2000Codestream
    ) throws(PixelError) -> PixelFrame {
        let isVideo = stored.photometricInterpretation == .ybrPartial420
        guard stored.photometricInterpretation.isSubsampled || isVideo, !codestream.hasColorTransform else {
            return self
        }
        guard stored.photometricInterpretation == .ybrFull422, format.bitsAllocated == 8, format.kind == .unsigned,
            format.samplesPerPixel == 3
        else { throw PixelError(.unsupported, "chrominance of video in JPEG 2000", tag: .photometricInterpretation) }
        var result = ByteBufferAllocator().buffer(capacity: format.frameLength)
        var source = bytes
        while let (luminance, blue, red) = source.readMultipleIntegers(as: (UInt8, UInt8, UInt8).self) {
            let (y, cb, cr) = (Double(luminance), Double(blue) - 128, Double(red) - 128)
            result.writeMultipleIntegers(
                UInt8(clamping: Int((y + 1.402 * cr).rounded())),
                UInt8(clamping: Int((y - 0.344136 * cb - 0.714136 * cr).rounded())),
                UInt8(clamping: Int((y + 1.772 * cb).rounded()))
            )
        }
        return try PixelFrame(format, result)
    }
}
