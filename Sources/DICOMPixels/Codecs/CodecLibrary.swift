public import DICOMCore
public import NIOCore

/// All codecs, synchronous, in this process.
public enum CodecLibrary {
    /// The scheme of a Transfer Syntax; `nil` where there is none.
    private static func scheme(of transferSyntax: TransferSyntax) -> (any FrameScheme.Type)? {
        switch transferSyntax {
        case .rleLossless: RLEScheme.self
        case .jpegBaseline, .jpegExtended, .jpegSpectralSelection, .jpegFullProgression, .jpegLossless,
            .jpegLosslessSV1:
            JPEGScheme.self
        case .jpegLSLossless, .jpegLSNearLossless: JPEGLSScheme.self
        case .deflatedImageFrame: DeflatedImageFrameScheme.self
        case .jpeg2000Lossless, .jpeg2000: JPEG2000Scheme.self
        case .htj2kLossless, .htj2kLosslessRPCL, .htj2k: HTJ2KScheme.self
        case .encapsulatedUncompressedExplicitVRLittleEndian: NativeScheme.self
        default: transferSyntax.isNative ? NativeScheme.self : nil
        }
    }

    /// Whether frames can be taken out of a Transfer Syntax.
    public static func canDecode(_ transferSyntax: TransferSyntax) -> Bool { scheme(of: transferSyntax) != nil }

    /// Whether frames can be put into a Transfer Syntax.
    public static func canEncode(_ transferSyntax: TransferSyntax) -> Bool {
        switch transferSyntax {
        // What is retired is read, never written; as is the other byte order.
        case .jpegSpectralSelection, .jpegFullProgression: false
        default:
            scheme(of: transferSyntax) != nil && !transferSyntax.isBigEndian && !transferSyntax.hasBigEndianPixelData
        }
    }

    /// Whether the scheme is our own code (native, RLE) and needs no process of its own.
    ///
    /// Deflated frames, too: zlib reads whole Data Sets in this process already, and gets a buffer of the frame's size.
    public static func isSafeInProcess(_ transferSyntax: TransferSyntax) -> Bool {
        switch transferSyntax {
        case .rleLossless, .deflatedImageFrame, .encapsulatedUncompressedExplicitVRLittleEndian: true
        default: transferSyntax.isNative
        }
    }

    /// Decodes one frame; see ``PixelCodec/decode(_:in:as:)``.
    ///
    /// - Throws: `.tooLarge`, `.unsupported`, `.malformed`, `.mismatch`, `.badDescription`.
    public static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        guard let scheme = scheme(of: transferSyntax) else {
            if transferSyntax == .jpeg2000Part2 || transferSyntax == .jpeg2000Part2Lossless {
                throw PixelError(.unsupported, "JPEG 2000 Part 2: components are transformed across frames")
            }
            throw PixelError(.unsupported, "no codec for Transfer Syntax \(transferSyntax)")
        }
        try format.decoded(from: transferSyntax).demandWithin(limits)
        return try scheme.decode(encoded, in: transferSyntax, as: format, limits: limits)
    }

    /// Encodes one frame; see ``PixelCodec/encode(_:in:options:)``.
    ///
    /// What a lossless scheme has made is decoded again and compared, bit by bit.
    ///
    /// - Throws: `.tooLarge`, `.unsupported`, `.notEncodable`, `.notReversible`.
    public static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions,
        limits: PixelLimits
    ) throws(PixelError) -> ByteBuffer {
        guard canEncode(transferSyntax), let scheme = scheme(of: transferSyntax) else {
            throw PixelError(.unsupported, "no encoder for Transfer Syntax \(transferSyntax)")
        }
        try frame.format.demandWithin(limits)
        guard scheme != NativeScheme.self else {
            return try scheme.encode(frame, in: transferSyntax, options: options)
        }
        // A colour number that is nearly the same is another colour.
        guard transferSyntax.isLosslessOnly || frame.format.photometricInterpretation != .paletteColor else {
            throw PixelError(.notEncodable, "colour numbers with loss", tag: .photometricInterpretation)
        }
        // The two schemes know one chrominance for each pixel, and read no other back.
        let isWavelet = scheme == JPEG2000Scheme.self || scheme == HTJ2KScheme.self
        guard !isWavelet || frame.format.photometricInterpretation != .ybrPartial420 else {
            throw PixelError(.notEncodable, "chrominance of video in JPEG 2000", tag: .photometricInterpretation)
        }
        let keepsLayout = scheme == DeflatedImageFrameScheme.self
        let source = keepsLayout ? frame : try frame.byPixel()
        try source.format.demandWithin(limits)
        // What stands above the samples would be nearly the same, too, and carry into it makes white black.
        guard transferSyntax.isLosslessOnly || source.samplesFit(bits: source.format.highBit + 1) else {
            throw PixelError(.notEncodable, "bits above the samples, with loss", tag: .bitsStored)
        }
        let encoded = try scheme.encode(source, in: transferSyntax, options: options)
        guard transferSyntax.isLosslessOnly else { return encoded }
        let again = try decodeAgain(encoded, in: transferSyntax, of: source.format, limits: limits)
        guard again.bytes == source.bytes else {
            throw PixelError(.notReversible, "decoded again, the frame is another")
        }
        return encoded
    }

    private static func decodeAgain(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        of format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        do {
            let stored = try format.encoded(in: transferSyntax)
            return try decode(encoded, in: transferSyntax, as: stored, limits: limits)
        } catch {
            throw PixelError(.notReversible, "what was encoded cannot be decoded (\(error.code.rawValue))")
        }
    }
}

extension PixelFormat {
    /// Throws `.tooLarge` for a frame beyond the limit.
    func demandWithin(_ limits: PixelLimits) throws(PixelError) {
        // A ByteBuffer holds less than 4 GiB, whatever the limit says.
        guard frameLength <= min(limits.frameLength, Int(UInt32.max) - 1) else {
            throw PixelError(.tooLarge, "a frame of \(frameLength) bytes")
        }
    }
}

extension TransferSyntax {
    /// Whether frames come out of it as they were put in.
    var isLosslessOnly: Bool {
        switch self {
        case .jpegBaseline, .jpegExtended, .jpegSpectralSelection, .jpegFullProgression, .jpegLSNearLossless, .jpeg2000,
            .jpeg2000Part2, .htj2k:
            false
        default: true
        }
    }
}
