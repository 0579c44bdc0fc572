import NIOCore

/// How many bits the samples of a frame really take, and how signs come back that a codec knows nothing of.
enum SampleRange {
    /// Bits that a stream needs so that decoding gives back each word: Bits Stored where nothing is above them, those up to
    /// High Bit where nothing is above that, otherwise Bits Allocated (overlays in unused bits).
    ///
    /// Signed samples go with all their bits, as DCMTK and GDCM write them: decoders that do not extend signs read them, too.
    ///
    /// - Parameter frame: of 8 or 16 bits allocated.
    static func bits(of frame: PixelFrame) -> Int {
        let format = frame.format
        guard format.kind == .unsigned, format.bitsStored < format.bitsAllocated else { return format.bitsAllocated }
        // The readable bytes are whole samples: the format says so.
        let used = unsafe frame.bytes.aligned().withUnsafeReadableBytes { bytes in
            // As above.
            unsafe format.bitsAllocated == 8
                ? Self.used(bytes.bindMemory(to: UInt8.self)) : Self.used(bytes.bindMemory(to: UInt16.self))
        }
        return [format.bitsStored, format.highBit + 1].first { used <= $0 } ?? format.bitsAllocated
    }

    // Reads within the bounds of the samples only.
    private static func used<Sample: FixedWidthInteger & UnsignedInteger>(
        _ samples: UnsafeBufferPointer<Sample>
    ) -> Int {
        var union: Sample = 0
        for index in 0..<samples.count {
            // Within the bounds.
            unsafe union |= samples[index]
        }
        return Sample.bitWidth - union.leadingZeroBitCount
    }

    /// Whether no signed sample comes over the border of its range when it changes by `difference`: to a codec, which knows
    /// no signs, the largest and the smallest are neighbours.
    static func keepsSigns(of frame: PixelFrame, changedBy difference: Int) -> Bool {
        let format = frame.format
        guard format.kind == .signed, difference > 0 else { return true }
        let most = 1 << (format.bitsStored - 1)
        // The readable bytes are whole samples: the format says so.
        return unsafe frame.bytes.aligned().withUnsafeReadableBytes { bytes in
            for index in 0..<format.sampleCount {
                // As above.
                let sample =
                    unsafe format.bitsAllocated == 8
                    ? Int(bytes.load(fromByteOffset: index, as: Int8.self))
                    : Int(bytes.load(fromByteOffset: 2 * index, as: Int16.self))
                guard sample - difference >= -most, sample + difference < most else { return false }
            }
            return true
        }
    }

    /// Brings samples that left the range of Bits Stored in a lossy stream of more bits back to its end.
    ///
    /// Cut off by whoever reads only Bits Stored, the brightest pixels would be black.
    static func clamp(_ samples: inout ByteBuffer, to format: PixelFormat, precision: Int) {
        guard format.kind == .unsigned, format.bitsStored < precision else { return }
        let most = UInt16((1 << format.bitsStored) - 1)
        // The buffer is ours and holds whole samples.
        unsafe samples.withUnsafeMutableReadableBytes { bytes in
            if format.bitsAllocated == 8 {
                // As above.
                unsafe clamp(bytes.bindMemory(to: UInt8.self), UInt8(truncatingIfNeeded: most))
            } else {
                // As above.
                unsafe clamp(bytes.bindMemory(to: UInt16.self), most)
            }
        }
    }

    // Writes within the bounds of the samples only.
    private static func clamp<Sample: FixedWidthInteger>(_ samples: UnsafeMutableBufferPointer<Sample>, _ most: Sample)
    {
        for index in 0..<samples.count {
            // Within the bounds.
            unsafe samples[index] = min(samples[index], most)
        }
    }

    /// Fills what is above the sign with it, where samples are signed.
    ///
    /// Not where the stream's samples are as wide as Bits Allocated: then they came with all their bits.
    ///
    /// - Parameters:
    ///   - bits: the sign is the highest of so many.
    ///   - precision: bits of the stream's samples.
    static func extendSigns(of samples: inout ByteBuffer, as format: PixelFormat, from bits: Int, precision: Int) {
        let shift = format.bitsAllocated - bits
        guard format.kind == .signed, shift > 0, precision < format.bitsAllocated else { return }
        // The buffer is ours and holds whole samples.
        unsafe samples.withUnsafeMutableReadableBytes { bytes in
            if format.bitsAllocated == 8 {
                // As above.
                unsafe extend(bytes.bindMemory(to: Int8.self), Int8(shift))
            } else {
                // As above.
                unsafe extend(bytes.bindMemory(to: Int16.self), Int16(shift))
            }
        }
    }

    // Writes within the bounds of the samples only.
    private static func extend<Sample: FixedWidthInteger & SignedInteger>(
        _ samples: UnsafeMutableBufferPointer<Sample>,
        _ shift: Sample
    ) {
        for index in 0..<samples.count {
            // Within the bounds.
            unsafe samples[index] = (samples[index] &<< shift) &>> shift
        }
    }
}
