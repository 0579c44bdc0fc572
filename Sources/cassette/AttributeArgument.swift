import ArgumentParser
import DICOMCore

/// Attributes as they are named on the command line.
enum AttributeArgument {
    /// The attribute that somebody has named by keyword or tag.
    ///
    /// - Parameter likely: attributes whose keywords are suggested before others when the name is misspelled.
    /// - Throws: `ValidationError` with a suggestion.
    static func name(_ text: String, preferring likely: [Tag] = []) throws -> AttributeName {
        do {
            return try AttributeName(text)
        } catch {
            let keywords = likely.compactMap { DataElementDictionary.entry(for: $0)?.keyword }
            guard error.code == .unknownKeyword, let hint = Spelling.nearest(to: text, in: keywords) else {
                throw ValidationError(error.description)
            }
            throw ValidationError("'\(text)' is no attribute: did you mean \(hint)?")
        }
    }
}
