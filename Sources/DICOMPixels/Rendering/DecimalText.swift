/// A number for people: up to six significant digits, and none that say nothing.
enum DecimalText {
    /// The lowest number of six digits.
    private static let lowest = 100_000.0

    static func of(_ number: Double) -> String {
        guard number.isFinite, number != 0 else { return number == 0 ? "0" : "\(number)" }
        // Powers of ten up to the 22nd are exact, so that the quotient is the double nearest to the digits.
        var power = 1.0
        var places = 0
        while abs(number) * power < lowest, places < 22 {
            power *= 10
            places += 1
        }
        let text = "\((number * power).rounded() / power)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
