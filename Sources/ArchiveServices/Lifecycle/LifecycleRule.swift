public import ArchiveCatalog
public import PackStorage

/// Where studies of a kind are to lie.
///
/// The first rule all of whose conditions hold decides about a study.
public struct LifecycleRule: Sendable, Hashable {
    /// What it is called in plans: `rule 1`, or the name that an administrator gave it.
    public let name: String
    /// Where the study is to lie.
    public let target: StoreName
    /// What must hold; all of them.
    public let conditions: [RuleCondition]

    /// Makes a rule.
    public init(name: String, target: StoreName, conditions: [RuleCondition]) {
        self.name = name
        self.target = target
        self.conditions = conditions
    }

    /// The name of the store.
    public var targetName: String { target.text }

    /// Its conditions as they are typed.
    public var reason: String {
        conditions.isEmpty ? "every study" : conditions.map(\.text).joined(separator: ", ")
    }

    /// Whether this rule takes every study that `other` would take: then a later `other` never decides.
    public func covers(_ other: LifecycleRule) -> Bool {
        conditions.allSatisfy { condition in other.conditions.contains { condition.follows(from: $0) } }
    }
}

/// Something that holds of a study, or does not.
public enum RuleCondition: Sendable, Hashable {
    /// Its Study Date, or without one its arrival, is at least that long ago.
    case studyAge(Duration)
    /// Its last instance arrived at least that long ago.
    case receivedAge(Duration)
    /// Nobody has read it for that long; what was never read counts from its arrival.
    case lastAccess(Duration)
    /// It has a series of one of these modalities.
    case modality(Set<String>)
    /// It has that label.
    case label(StudyLabel)
    /// The volume of the data folder has less free space than that.
    case freeSpaceBelow(SpaceThreshold)
    /// It takes at least so many bytes.
    case largerThan(UInt64)
    /// It takes at most so many bytes.
    case smallerThan(UInt64)
    /// It lies in that store.
    case from(StoreName)

    /// Whether this holds wherever `other` holds.
    func follows(from other: RuleCondition) -> Bool {
        switch (self, other) {
        case (.studyAge(let mine), .studyAge(let its)), (.receivedAge(let mine), .receivedAge(let its)),
            (.lastAccess(let mine), .lastAccess(let its)):
            mine <= its
        case (.largerThan(let mine), .largerThan(let its)): mine <= its
        case (.smallerThan(let mine), .smallerThan(let its)): mine >= its
        case (.modality(let mine), .modality(let its)): mine.isSuperset(of: its)
        default: self == other
        }
    }
}

/// How much space there should be: a part of the volume, or bytes.
public enum SpaceThreshold: Sendable, Hashable {
    /// Of the whole volume, 1...99.
    case percent(Int)
    /// Bytes.
    case bytes(UInt64)

    /// Bytes on a volume of that size.
    func bytes(ofVolume total: UInt64) -> UInt64 {
        switch self {
        // Division first: no volume is so small that the rest would matter, and nothing overflows.
        case .percent(let percent): total / 100 * UInt64(clamping: percent)
        case .bytes(let bytes): bytes
        }
    }
}
