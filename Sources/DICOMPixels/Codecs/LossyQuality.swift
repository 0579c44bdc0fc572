import Glibc

/// What a quality from 1 to 100 means for wavelets.
struct LossyQuality {
    private let quality: Double

    init(_ quality: Int) {
        self.quality = Double(min(100, max(1, quality)))
    }

    /// The ratio of the largest sample to the error, in dB: 28 to 55 for 8 bits, half a bit more for each bit beyond.
    ///
    /// An error of one grey level of 8 is what eyes see; samples of more bits are there to be windowed.
    func psnr(bits: Int) -> Double { 28 + 0.27 * quality + 3 * Double(max(0, bits - 8)) }

    /// The quantization step whose error has about the ratio of `psnr`, as part of the range of a sample.
    ///
    /// Errors are spread evenly over a step: their mean square is a twelfth of its square.
    func step(bits: Int) -> Float {
        Float(min(0.4, 12.squareRoot() * pow(10, -psnr(bits: bits) / 20)))
    }
}
