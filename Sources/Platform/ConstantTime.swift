/// Comparison of secrets.
public enum ConstantTime {
    /// Whether two byte strings are equal; the time depends on their lengths only.
    ///
    /// Every byte is looked at and the differences are gathered by OR, so no branch depends on a secret.
    public static func equal(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) {
            difference |= one ^ other
        }
        return difference == 0
    }
}
