public import DICOMCore

/// How an identifier was written where it was found.
public enum LeakForm: String, Sendable, Hashable, CaseIterable {
    /// As characters of the element, in any of the forms in which people write it.
    case text
    /// As bytes of ASCII or UTF-8.
    case plain
    /// As bytes of another character set.
    case characterSet = "character-set"
    /// As UTF-16.
    case utf16 = "utf-16"
    /// With the two bytes of each word exchanged.
    case swapped
    /// As base 64.
    case base64
}

/// Something in a finished object that must not leave.
///
/// It does not say what stands there: it comes into reports and logs.
public struct Leak: Sendable, Hashable {
    /// What it is.
    public enum Finding: Sendable, Hashable {
        /// An identifier of that kind, which came from that attribute of the original.
        case identifier(IdentifierKind, from: Tag)
        /// The object could not be read to its end, so nobody knows what is in it.
        case unreadable(DataSetError.Code)
    }

    /// What was found.
    public let finding: Finding
    /// How it was written; `.plain` for what could not be read.
    public let form: LeakForm
    /// The tags that lead to the element, outermost first; empty for the preamble.
    public let path: [Tag]
    /// Bytes from the first byte of the value, for text of its UTF-8; of what was inflated when it was.
    ///
    /// Of an object that could not be read, bytes of the Data Set.
    public let offset: UInt64
    /// Whether it stood in compressed data inside of the value.
    public let isInflated: Bool
}

extension Leak: CustomStringConvertible {
    /// What was found, where, and how it was written; no value.
    public var description: String {
        let place = path.isEmpty ? "the preamble" : path.map(\.description).joined(separator: " > ")
        switch finding {
        case .identifier(let kind, let tag):
            let inflated = isInflated ? ", in compressed data" : ""
            return "\(kind.rawValue) of \(tag) in \(place) at \(offset), as \(form.rawValue)\(inflated)"
        case .unreadable(let code): return "not readable: \(code.rawValue) in \(place) at \(offset)"
        }
    }
}

/// What may stand in an object that is finished.
public struct LeakPolicy: Sendable, Hashable {
    /// Kinds of identifiers that the profile retains.
    public var retained: Set<IdentifierKind>
    /// What became of dates.
    ///
    /// Where they are shifted, a date of the patient may stand in a DA or DT: the one that another date became.
    public var dates: DatePolicy

    /// Makes a policy; without arguments nothing may stand there.
    public init(retained: Set<IdentifierKind> = [], dates: DatePolicy = .removed) {
        self.retained = retained
        self.dates = dates
    }

    /// The kinds that are not looked for.
    var ignored: Set<IdentifierKind> { dates == .kept ? retained.union([.date]) : retained }
}
