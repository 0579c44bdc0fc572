import DICOMCore
import NIOCore

/// The bytes of a frame as RLE sees them: for each sample, a plane for each of its bytes, the most significant first.
struct BytePlanes {
    /// Bytes of a plane.
    let length: Int
    /// Planes of the frame.
    let count: Int
    private let sampleLength: Int

    /// Finds the planes of a format by pixel.
    ///
    /// - Throws: `.unsupported` for samples that are no whole bytes, or more planes than a header can name.
    init(_ format: PixelFormat) throws(PixelError) {
        let bits = format.bitsAllocated
        guard bits % 8 == 0 else {
            throw PixelError(.unsupported, "RLE of \(bits)-bit samples", tag: .bitsAllocated)
        }
        sampleLength = bits / 8
        count = sampleLength * format.samplesPerPixel
        length = format.pixelCount
        guard count <= RLESegments.countLimit else {
            throw PixelError(.unsupported, "\(count) planes, RLE has at most \(RLESegments.countLimit)")
        }
    }

    /// Bytes of all planes.
    var totalLength: Int { length * count }

    /// Where a plane's byte is among those of a pixel, which are little-endian.
    private func place(ofPlane plane: Int) -> Int {
        let sample = plane / sampleLength
        return sample * sampleLength + (sampleLength - 1 - plane % sampleLength)
    }

    /// The frame that planes make.
    ///
    /// - Parameter planes: `totalLength` bytes.
    func merge(_ planes: [UInt8]) -> ByteBuffer {
        let places = (0..<count).map(place)
        var result = ByteBuffer()
        // Both have `totalLength` bytes: `count` for each of `length` pixels.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: totalLength) { target in
            // As above.
            unsafe planes.withUnsafeBytes { source in
                if count == 2 {
                    for pixel in 0..<length {
                        // As above: the high byte's plane is the first.
                        let word = unsafe UInt16(source[pixel]) << 8 | UInt16(source[length + pixel])
                        // As above.
                        unsafe target.storeBytes(of: word.littleEndian, toByteOffset: 2 * pixel, as: UInt16.self)
                    }
                } else if count == 3 {
                    for pixel in 0..<length {
                        // As above.
                        unsafe target[3 * pixel] = source[pixel]
                        // As above.
                        unsafe target[3 * pixel + 1] = source[length + pixel]
                        // As above.
                        unsafe target[3 * pixel + 2] = source[2 * length + pixel]
                    }
                } else {
                    for plane in 0..<count {
                        let place = places[plane]
                        for pixel in 0..<length {
                            // As above.
                            unsafe target[count * pixel + place] = source[plane * length + pixel]
                        }
                    }
                }
            }
            return totalLength
        }
        return result
    }

    /// The planes of a frame.
    ///
    /// - Parameter frame: `totalLength` bytes.
    func split(_ frame: ByteBuffer) -> [UInt8] {
        // Both have `totalLength` bytes, as in `merge`.
        unsafe [UInt8](unsafeUninitializedCapacity: totalLength) { target, initialized in
            // As above.
            unsafe frame.withUnsafeReadableBytes { source in
                for plane in 0..<count {
                    let place = place(ofPlane: plane)
                    for pixel in 0..<length {
                        // As above.
                        unsafe target[plane * length + pixel] = source[count * pixel + place]
                    }
                }
            }
            initialized = totalLength
        }
    }
}
