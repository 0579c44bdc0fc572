public import DICOMCore

/// Every value by which the patient, or somebody else, could be known again in an object.
///
/// Collected before anything is changed, so that text can be cleaned of them, and so that the finished object can be searched
/// for them.
public struct SubjectIdentifiers: Sendable, Hashable {
    /// One value.
    public struct Identifier: Sendable, Hashable {
        /// What it says.
        public let kind: IdentifierKind
        /// The attribute it was found in.
        public let tag: Tag
        /// The text without padding.
        public let text: String
        /// The bytes as they were written, when they are not those of `text` in UTF-8.
        public let writtenBytes: [UInt8]?
        /// What the content item is about whose value it is; `nil` elsewhere.
        public let concept: ProfiledElement.Concept?

        /// Makes an identifier.
        public init(
            kind: IdentifierKind,
            tag: Tag,
            text: String,
            writtenBytes: [UInt8]? = nil,
            concept: ProfiledElement.Concept? = nil
        ) {
            self.kind = kind
            self.tag = tag
            self.text = text
            self.writtenBytes = writtenBytes
            self.concept = concept
        }
    }

    /// The values, in the order in which they were found, each once.
    public private(set) var identifiers: [Identifier] = []
    private var known: Set<Identifier> = []

    /// Nothing.
    public init() {}

    /// Takes values that the caller knows, for example from a master patient index.
    public init(_ identifiers: some Sequence<Identifier>) {
        for identifier in identifiers { insert(identifier) }
    }

    /// Collects the values of all identifying attributes of an object, nested and private ones included.
    ///
    /// - Parameters:
    ///   - header: The Data Set; of bulk nothing is taken.
    ///   - fileMeta: Group 0002, whose AE titles and UIDs count.
    public init(collecting header: DataSet, fileMeta: DataSet? = nil) {
        var collector = IdentifierCollector()
        if let fileMeta { collector.collect(fileMeta) }
        collector.collect(header)
        self.init(collector.identifiers)
    }

    /// These and those of other objects of the patient.
    public func merged(with other: SubjectIdentifiers) -> SubjectIdentifiers {
        var merged = self
        for identifier in other.identifiers { merged.insert(identifier) }
        return merged
    }

    /// Without the kinds that a profile retains.
    public func without(_ kinds: Set<IdentifierKind>) -> SubjectIdentifiers {
        kinds.isEmpty ? self : SubjectIdentifiers(identifiers.filter { !kinds.contains($0.kind) })
    }

    /// Whether there is none.
    public var isEmpty: Bool { identifiers.isEmpty }

    /// The values of one kind.
    public func values(_ kind: IdentifierKind) -> [String] {
        identifiers.filter { $0.kind == kind }.map(\.text)
    }

    private mutating func insert(_ identifier: Identifier) {
        guard !identifier.text.isEmpty, known.insert(identifier).inserted else { return }
        identifiers.append(identifier)
    }

    /// Equal when they have the same values in the same order.
    public static func == (left: SubjectIdentifiers, right: SubjectIdentifiers) -> Bool {
        left.identifiers == right.identifiers
    }

    /// Hashes the values.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(identifiers)
    }
}

extension SubjectIdentifiers: CustomStringConvertible, CustomReflectable {
    /// How many there are, not what they say: it may come into a log.
    public var description: String { "\(identifiers.count) identifiers" }

    /// How many there are.
    public var customMirror: Mirror { Mirror(self, children: ["count": identifiers.count]) }
}

extension SubjectIdentifiers.Identifier: CustomStringConvertible, CustomReflectable {
    /// Kind and attribute, not the value.
    public var description: String { "\(kind.rawValue) of \(tag)" }

    /// Kind and attribute, not the value.
    public var customMirror: Mirror { Mirror(self, children: ["kind": kind, "tag": tag]) }
}
