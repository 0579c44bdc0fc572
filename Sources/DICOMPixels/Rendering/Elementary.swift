import Glibc

/// The exponential function.
enum Exponential {
    static func of(_ exponent: Double) -> Double { exp(exponent) }
}

/// Sine and cosine.
enum Trigonometry {
    /// The point of the unit circle after that part of a whole turn.
    static func unit(_ part: Double) -> (cosine: Double, sine: Double) {
        (cos(2 * .pi * part), sin(2 * .pi * part))
    }
}
