import DICOMCore
import DICOMPixels

/// All rules for pixels, the user's before those that come with the program.
///
/// All rules that match an object hold together: rectangles add up, one exclusion is enough, and of several rules that
/// say whether text is looked for the first one counts.
public struct PixelRules: Sendable, Hashable {
    /// The rules.
    public let rules: [PixelRule]

    /// Takes rules.
    public init(_ rules: [PixelRule]) {
        self.rules = rules
    }

    /// The rules for an object.
    func matching(_ header: DataSet) -> [PixelRule] { rules.filter { $0.matches(header) } }
}
