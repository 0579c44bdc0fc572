import DICOMCore
import NIOCore

/// Frames in colour as RGB by pixel (PS3.3 C.7.6.3.1.2).
enum ColorConversion {
    /// - Throws: `.unsupported` for forms of luminance and chrominance that only compressed frames have.
    static func rgb<Sample: RasterSample>(_ frame: PixelFrame) throws(PixelError) -> [Sample] {
        let format = frame.format
        let samples: [Sample] = scaled(frame)
        switch format.photometricInterpretation {
        case .rgb: return gathered(samples, format)
        case .ybrFull, .ybrICT:
            var colors = gathered(samples, format)
            convert(&colors, full)
            return colors
        case .ybrFull422, .ybrPartial422:
            var colors = format.samplesPerPixel == 3 ? unfolded(samples, format) : gathered(samples, format)
            if format.photometricInterpretation == .ybrFull422 {
                convert(&colors, full)
            } else {
                convert(&colors, partial)
            }
            return colors
        case .ybrRCT, .ybrPartial420, .monochrome1, .monochrome2, .paletteColor:
            throw PixelError(
                .unsupported,
                "native frames in \(format.photometricInterpretation.rawValue)",
                tag: .photometricInterpretation
            )
        }
    }

    /// The samples over the whole range of the result's.
    private static func scaled<Sample: RasterSample>(_ frame: PixelFrame) -> [Sample] {
        let values = StoredValues(frame: frame)
        let largest = Double(Sample.max)
        guard let size = values.tableSize else {
            let range =
                frame.format.kind == .float
                ? 1 : Double(sign: .plus, exponent: frame.format.bitsStored, significand: 1) - 1
            return values.numbers().map { number in GreyPipeline.sample(number / range) }
        }
        let range = Double(max(1, size - 1))
        let table: [Sample] = (0..<size).map { Sample(Double($0) / range * largest + 0.5) }
        return GreyPipeline.map(values.bits(), by: table)
    }

    /// The first three samples of each pixel, by pixel.
    private static func gathered<Sample: RasterSample>(_ samples: [Sample], _ format: PixelFormat) -> [Sample] {
        if format.samplesPerPixel == 3, !format.isPlanar { return samples }
        let count = format.pixelCount
        // Between the samples of a pixel, and between pixels.
        let (stride, step) = format.isPlanar ? (count, 1) : (1, format.samplesPerPixel)
        var colors: [Sample] = []
        colors.reserveCapacity(count * 3)
        for pixel in 0..<count {
            let at = pixel * step
            colors.append(samples[at])
            colors.append(samples[at + stride])
            colors.append(samples[at + 2 * stride])
        }
        return colors
    }

    /// Two luminances, then the two chrominances that both pixels have.
    private static func unfolded<Sample: RasterSample>(_ samples: [Sample], _ format: PixelFormat) -> [Sample] {
        let neutral = Sample.max / 2 + 1
        var colors: [Sample] = []
        colors.reserveCapacity(format.pixelCount * 3)
        for pixel in 0..<format.pixelCount {
            let pair = pixel / 2 * 4
            colors.append(samples[pair + pixel % 2])
            // Half a pair at the end of an odd number of pixels, which the standard does not allow, has no chrominance.
            colors.append(pair + 3 < samples.count ? samples[pair + 2] : neutral)
            colors.append(pair + 3 < samples.count ? samples[pair + 3] : neutral)
        }
        return colors
    }

    /// Factors times 65,536, and what luminance begins at for 8 bits.
    private struct Factors {
        let luminance: Int
        let redOfRed: Int
        let greenOfBlue: Int
        let greenOfRed: Int
        let blueOfBlue: Int
        let black: Int
    }

    // The inverse of the equations of PS3.3 C.7.6.3.1.2: luminance 0.299, 0.587, 0.114; and the same for the range of
    // CCIR 601, 16 to 235.
    private static let full = Factors(
        luminance: 65_536,
        redOfRed: 91_881,
        greenOfBlue: 22_554,
        greenOfRed: 46_802,
        blueOfBlue: 116_130,
        black: 0
    )
    private static let partial = Factors(
        luminance: 76_309,
        redOfRed: 104_597,
        greenOfBlue: 25_675,
        greenOfRed: 53_279,
        blueOfBlue: 132_201,
        black: 16
    )

    private static func convert<Sample: RasterSample>(_ colors: inout [Sample], _ factors: Factors) {
        let neutral = Int(Sample.max / 2) + 1
        let black = factors.black << (Sample.bitWidth - 8)
        for at in stride(from: 0, to: colors.count - 2, by: 3) {
            let luminance = (Int(colors[at]) - black) * factors.luminance + 32_768
            let blue = Int(colors[at + 1]) - neutral
            let red = Int(colors[at + 2]) - neutral
            colors[at] = Sample(clamping: (luminance + factors.redOfRed * red) >> 16)
            colors[at + 1] = Sample(
                clamping: (luminance - factors.greenOfBlue * blue - factors.greenOfRed * red) >> 16
            )
            colors[at + 2] = Sample(clamping: (luminance + factors.blueOfBlue * blue) >> 16)
        }
    }
}
