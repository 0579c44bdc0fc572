public import DICOMCore
public import NIOCore

extension PixelFormat {
    /// The same, but for chrominance that an object calls subsampled although its JPEG 2000 stream holds one for each pixel.
    ///
    /// Such labels are left over from the JPEG that an object had been. With a transform of its own the stream gives RGB,
    /// whatever the label says; without, its samples are those of YBR_FULL, and stay what they are.
    ///
    /// - Returns: the same also where the stream cannot be read: decoding says why.
    public func corrected(by encoded: ByteBuffer, in transferSyntax: TransferSyntax) -> PixelFormat {
        switch transferSyntax {
        case .jpeg2000, .jpeg2000Lossless, .htj2k, .htj2kLossless, .htj2kLosslessRPCL: break
        default: return self
        }
        guard photometricInterpretation == .ybrFull422, let codestream = try? JPEG2000Codestream(encoded) else {
            return self
        }
        return (try? corrected(by: codestream)) ?? self
    }

    /// As above, for a stream whose markers have been read.
    ///
    /// - Throws: `.unsupported` for the reduced ranges of video, which no stream of JPEG 2000 has.
    func corrected(by codestream: JPEG2000Codestream) throws(PixelError) -> PixelFormat {
        guard !codestream.hasColorTransform else { return self }
        switch photometricInterpretation {
        case .ybrFull422: return try with(photometricInterpretation: .ybrFull)
        case .ybrPartial422, .ybrPartial420:
            throw PixelError(.unsupported, "chrominance of video in JPEG 2000", tag: .photometricInterpretation)
        default: return self
        }
    }
}
