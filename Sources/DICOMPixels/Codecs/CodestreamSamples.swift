import DICOMCore
import NIOCore

/// How the samples of a JPEG 2000 codestream and those of a frame become each other.
struct CodestreamSamples {
    let columns: UInt32
    let rows: UInt32
    let samples: UInt32
    /// Bits of a sample in the codestream.
    let precision: UInt32
    /// Whether samples of the codestream have a sign.
    let isSigned: Bool
    /// Bytes of a sample in the frame: 1, 2 or 4.
    let sampleBytes: UInt32
    /// Decoded samples become `((sample & mask) ^ sign) - sign`.
    let mask: UInt32
    let sign: UInt32

    /// Compares a codestream with what group 0028 says.
    ///
    /// The precision need not be Bits Stored: several writers state Bits Allocated, or only as many bits as an image
    /// uses. Samples are then widened by the sign that the codestream states. Where that is not what Pixel
    /// Representation says, the object is believed: the same bits of the codestream's precision are read with the
    /// object's sign, since writers that cannot state a sign are the reason that is seen.
    ///
    /// - Throws: `.mismatch` for another image; `.unsupported` for subsampled components and samples of other widths.
    init(_ codestream: JPEG2000Codestream, as format: PixelFormat) throws(PixelError) {
        guard codestream.columns == format.columns, codestream.rows == format.rows else {
            throw PixelError(.mismatch, "the codestream has \(codestream.columns) by \(codestream.rows) pixels")
        }
        guard codestream.components.count == format.samplesPerPixel, let first = codestream.components.first else {
            throw PixelError(.mismatch, "\(codestream.components.count) components", tag: .samplesPerPixel)
        }
        // Tiles of less than 16 by 16 pixels would cost more memory than the image.
        guard codestream.tileCount <= 64 + format.pixelCount / 256 else {
            throw PixelError(.unsupported, "\(codestream.tileCount) tiles for \(format.pixelCount) pixels")
        }
        guard codestream.components.allSatisfy({ $0 == first }), !first.isSubsampled else {
            throw PixelError(.unsupported, "components of different size or precision")
        }
        guard !codestream.hasMultiComponentTransform else {
            throw PixelError(.unsupported, "a multiple component transform of JPEG 2000 Part 2")
        }
        guard format.kind != .float, [8, 16, 32].contains(format.bitsAllocated) else {
            throw PixelError(.unsupported, "JPEG 2000 of such samples", tag: .bitsAllocated)
        }
        guard first.precision <= format.bitsAllocated else {
            throw PixelError(.mismatch, "a precision of \(first.precision) bits", tag: .bitsAllocated)
        }
        guard first.precision <= 31 else {
            throw PixelError(.unsupported, "a precision of \(first.precision) bits")
        }
        columns = UInt32(format.columns)
        rows = UInt32(format.rows)
        samples = UInt32(format.samplesPerPixel)
        precision = UInt32(first.precision)
        isSigned = first.isSigned
        sampleBytes = UInt32(format.bitsAllocated / 8)
        let agrees = first.isSigned == (format.kind == .signed)
        mask = agrees ? .max : 1 << precision - 1
        sign = agrees || first.isSigned ? 0 : 1 << (precision - 1)
    }

    /// What a frame becomes in a codestream.
    ///
    /// The precision is Bits Stored (counted from High Bit) where all samples fit; else Bits Allocated, so that whatever
    /// stands in the bits above comes back.
    ///
    /// - Throws: `.notEncodable` for samples that are not 8 or 16 bits wide.
    init(_ frame: PixelFrame) throws(PixelError) {
        let format = frame.format
        guard format.kind != .float, format.bitsAllocated == 8 || format.bitsAllocated == 16,
            format.samplesPerPixel != 4
        else { throw PixelError(.notEncodable, "JPEG 2000 of such samples", tag: .bitsAllocated) }
        columns = UInt32(format.columns)
        rows = UInt32(format.rows)
        samples = UInt32(format.samplesPerPixel)
        isSigned = format.kind == .signed
        sampleBytes = UInt32(format.bitsAllocated / 8)
        let fits = frame.samplesFit(bits: format.highBit + 1)
        precision = UInt32(fits ? format.highBit + 1 : format.bitsAllocated)
        mask = .max
        sign = 0
    }
}

extension PixelFrame {
    /// Whether each sample of 8 or 16 bits is one of so many bits, widened by its sign; no others are looked at.
    func samplesFit(bits: Int) -> Bool {
        guard bits < format.bitsAllocated, format.bitsAllocated <= 16 else { return true }
        return format.bitsAllocated == 8 ? fit(UInt8.self, bits: bits) : fit(UInt16.self, bits: bits)
    }

    private func fit<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_: Word.Type, bits: Int) -> Bool {
        // Signed samples are moved up by half of the range, so that those that fit are below its end, too.
        let offset: Word = format.kind == .signed ? 1 << Word(bits - 1) : 0
        let length = MemoryLayout<Word>.size
        // Offsets are below the number of bytes, which is a multiple of the word's.
        return unsafe bytes.withUnsafeReadableBytes { source in
            var used: Word = 0
            for position in stride(from: 0, to: source.count, by: length) {
                // As above.
                let word = unsafe source.loadUnaligned(fromByteOffset: position, as: Word.self)
                used |= Word(littleEndian: word) &+ offset
            }
            return used >> Word(bits) == 0
        }
    }

    /// Calls `body` with the address of the samples, which is a multiple of a sample's length.
    func withAlignedSamples<Result>(_ body: (UnsafePointer<UInt8>) -> Result) throws(PixelError) -> Result {
        var source = bytes
        let alignment = UInt(max(1, format.bitsAllocated / 8))
        // The address is only looked at.
        let isAligned = unsafe source.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) % alignment == 0 }
        // A slice may begin anywhere; fresh memory does not.
        if !isAligned { source = ByteBuffer(bytes: source.readableBytesView) }
        // The pointer is used inside the closure only.
        let result: Result? = unsafe source.withUnsafeReadableBytes { pointer in
            // As above; `nil` only for no bytes, which no frame has.
            unsafe pointer.bindMemory(to: UInt8.self).baseAddress.map { unsafe body($0) }
        }
        guard let result else { throw PixelError(.mismatch, "a frame without bytes") }
        return result
    }
}
