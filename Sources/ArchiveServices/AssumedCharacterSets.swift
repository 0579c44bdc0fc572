public import DICOMCore

/// The character set that is assumed of text whose Data Set names none, or one that cannot be true, by who sent it.
///
/// Stored bytes never change for it. What an index row says was read with the set of that time; a rebuild of the index
/// reads all of it again.
public struct AssumedCharacterSets: Sendable {
    /// Nothing is assumed.
    public static let none = AssumedCharacterSets { _ in nil }

    private let ofSource: @Sendable (String) -> SpecificCharacterSet?

    /// Takes what finds the set of a source, an AE title or the name of a principal; it is asked for each header.
    public init(_ ofSource: @escaping @Sendable (String) -> SpecificCharacterSet?) {
        self.ofSource = ofSource
    }

    /// What is assumed of text from that source; `nil`: nothing.
    public func characterSet(ofSource source: String) -> SpecificCharacterSet? {
        ofSource(source)
    }

    /// What Data Sets of that source inherit when they say nothing.
    public func inherited(fromSource source: String) -> SpecificCharacterSet {
        .ascii.assuming(ofSource(source))
    }
}
