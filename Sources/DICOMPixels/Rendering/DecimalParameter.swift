import DICOMCore

/// A decimal number of a request: digits, sign, point and exponent only, and of a size that can be calculated with.
enum DecimalParameter {
    private static let largest = 1e12

    static func value(_ text: Substring) -> Double? {
        guard let number = DataElement.decimal(String(text)), abs(number) <= largest else { return nil }
        return number
    }
}
