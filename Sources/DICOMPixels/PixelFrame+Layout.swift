import DICOMCore
import NIOCore

extension PixelFrame {
    /// The same samples pixel by pixel, each pixel with its own chrominance.
    ///
    /// No sample is lost: of a subsampled pair both pixels get the chrominance they shared, and the frame is YBR_FULL.
    ///
    /// - Throws: `.notEncodable` for the reduced ranges of video, which have no full form.
    func byPixel() throws(PixelError) -> PixelFrame {
        guard !format.photometricInterpretation.isSubsampled else { return try fullChrominance() }
        guard format.isPlanar else { return self }
        guard format.bitsAllocated % 8 == 0 else {
            throw PixelError(.notEncodable, "planes of packed samples", tag: .bitsAllocated)
        }
        let length = format.bitsAllocated / 8
        let samples = format.samplesPerPixel
        let planeLength = format.pixelCount * length
        var result = ByteBuffer()
        // The format says that both have `samples * planeLength` bytes; nothing beyond is touched.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: format.frameLength) { target in
            // As above.
            unsafe bytes.withUnsafeReadableBytes { source in
                for sample in 0..<samples {
                    for byte in 0..<length {
                        let plane = sample * planeLength + byte
                        var offset = sample * length + byte
                        for pixel in 0..<format.pixelCount {
                            // As above.
                            unsafe target[offset] = source[plane + pixel * length]
                            offset += samples * length
                        }
                    }
                }
            }
            return format.frameLength
        }
        return try PixelFrame(try format.with(isPlanar: false), result)
    }

    private func fullChrominance() throws(PixelError) -> PixelFrame {
        guard format.photometricInterpretation == .ybrFull422, format.bitsAllocated == 8, format.samplesPerPixel == 3,
            format.columns % 2 == 0
        else {
            throw PixelError(.notEncodable, "subsampled chrominance", tag: .photometricInterpretation)
        }
        let full = try format.with(photometricInterpretation: .ybrFull, isPlanar: false)
        var result = ByteBuffer()
        // Y Y Cb Cr becomes Y Cb Cr Y Cb Cr (PS3.3 C.7.6.3.1.2): 4 bytes for each 6, as the two formats say.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: full.frameLength) { target in
            // As above.
            unsafe bytes.withUnsafeReadableBytes { source in
                for pair in 0..<source.count / 4 {
                    for pixel in 0..<2 {
                        // As above.
                        unsafe target[6 * pair + 3 * pixel] = source[4 * pair + pixel]
                        // As above.
                        unsafe target[6 * pair + 3 * pixel + 1] = source[4 * pair + 2]
                        // As above.
                        unsafe target[6 * pair + 3 * pixel + 2] = source[4 * pair + 3]
                    }
                }
            }
            return full.frameLength
        }
        return try PixelFrame(full, result)
    }
}
