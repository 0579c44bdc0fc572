public import DICOMCore

extension PixelFormat {
    /// What the frames are when they have been taken out of a Transfer Syntax.
    ///
    /// Colour comes out by pixel. Where the scheme has a colour transform of its own (lossy JPEG, JPEG 2000), RGB comes
    /// out, whatever the object calls it; elsewhere the Photometric Interpretation stays, but for subsampled labels that
    /// such a scheme cannot mean: chrominance for each pixel makes YBR_FULL_422 YBR_FULL, and nothing that has a name of
    /// the reduced range of YBR_PARTIAL_422. JPEG 2000 without its transform can hold YBR_FULL as it is: that stays, bit by bit.
    ///
    /// - Throws: `.unsupported` for that range.
    public func decoded(from transferSyntax: TransferSyntax) throws(PixelError) -> PixelFormat {
        guard transferSyntax.isEncapsulated else { return self }
        guard photometricInterpretation.isColor else { return try with(isPlanar: false) }
        switch transferSyntax {
        case .encapsulatedUncompressedExplicitVRLittleEndian, .deflatedImageFrame: return self
        case .jpegBaseline, .jpegExtended, .jpegSpectralSelection, .jpegFullProgression:
            return try with(photometricInterpretation: .rgb, isPlanar: false)
        case .jpeg2000, .jpeg2000Lossless, .htj2k, .htj2kLossless, .htj2kLosslessRPCL:
            let isKept = photometricInterpretation == .ybrFull
            return try with(photometricInterpretation: isKept ? nil : .rgb, isPlanar: false)
        default:
            guard photometricInterpretation != .ybrPartial422 else {
                throw PixelError(.unsupported, "chrominance of video without loss", tag: .photometricInterpretation)
            }
            let isFull = photometricInterpretation.isSubsampled
            return try with(photometricInterpretation: isFull ? .ybrFull : nil, isPlanar: false)
        }
    }

    /// What group 0028 says of the frames when they have been put into a Transfer Syntax; the inverse of `decoded(from:)`
    /// as far as there is one.
    ///
    /// Subsampled chrominance becomes full (YBR_FULL) where frames are not kept as they are. Lossy JPEG has 8 or 12 bits.
    public func encoded(in transferSyntax: TransferSyntax) throws(PixelError) -> PixelFormat {
        if transferSyntax == .jpegBaseline || transferSyntax == .jpegExtended { return try inLossyJPEG() }
        guard transferSyntax.isEncapsulated, samplesPerPixel == 3 else { return self }
        let isFull = !photometricInterpretation.isSubsampled
        switch transferSyntax {
        case .encapsulatedUncompressedExplicitVRLittleEndian, .deflatedImageFrame: return self
        // RLE has one segment for each byte of each sample, plane by plane (PS3.5 G.2).
        case .rleLossless: return try with(photometricInterpretation: isFull ? nil : .ybrFull, isPlanar: true)
        case .jpeg2000Lossless, .htj2kLossless, .htj2kLosslessRPCL:
            return try with(
                photometricInterpretation: photometricInterpretation == .rgb ? .ybrRCT : isFull ? nil : .ybrFull,
                isPlanar: false
            )
        case .jpeg2000, .htj2k:
            return try with(
                photometricInterpretation: photometricInterpretation == .rgb ? .ybrICT : isFull ? nil : .ybrFull,
                isPlanar: false
            )
        default: return try with(photometricInterpretation: isFull ? nil : .ybrFull, isPlanar: false)
        }
    }

    /// PS3.5 8.2.1: 8 bits of 8 or 12 of 16, since samples of 12 bits can leave a smaller range on their way.
    private func inLossyJPEG() throws(PixelError) -> PixelFormat {
        let isWide = bitsStored > 8
        return try with(
            bitsAllocated: isWide ? 16 : 8,
            bitsStored: isWide ? 12 : 8,
            highBit: isWide ? 11 : 7,
            photometricInterpretation: samplesPerPixel == 3 ? .ybrFull422 : nil,
            isPlanar: false
        )
    }
}
