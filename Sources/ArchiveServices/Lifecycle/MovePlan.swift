import ArchiveCatalog
public import DICOMCore
public import PackStorage

/// What the rules would do now: the answer of a dry run.
public struct MovePlan: Sendable, Hashable {
    /// What one rule would do.
    public struct Part: Sendable, Hashable {
        /// The rule.
        public let rule: LifecycleRule
        /// Studies that it moves.
        public var studies = 0
        /// Packs that it moves.
        public var packs = 0
        /// Bytes of those packs.
        public var bytes: UInt64 = 0
        /// Studies that it would move if they were not held.
        public var held = 0
        /// Studies that it has moved before.
        public var thereAlready = 0
        /// What the moved packs cost in a month where they lie now, in millionths.
        public var monthBefore: Int64 = 0
        /// What they will cost in a month, in millionths.
        public var monthAfter: Int64 = 0
        /// What the move itself costs, in millionths.
        public var requestCost: Int64 = 0

        init(_ rule: LifecycleRule) { self.rule = rule }
    }

    /// A study that a rule moves.
    public struct Study: Sendable, Hashable {
        /// The study.
        public let studyInstanceUID: UID
        /// The rule that decided.
        public let rule: String
        /// Why, in words.
        public let reason: String
        /// Where it is to lie.
        public let target: StoreName
        /// Packs that move.
        public let packs: Int
        /// Their bytes.
        public let bytes: UInt64
    }

    /// What each rule does, in their order.
    public private(set) var parts: [Part]
    /// The first of the studies that move.
    public private(set) var studies: [Study] = []
    /// Studies that were looked at.
    public private(set) var examined = 0
    /// Studies that no rule takes.
    public private(set) var withoutRule = 0

    private let stores: [StoreName: StoreDescription]
    private let studyLimit: Int

    /// Requests that bring one pack into a store: the bytes, their check, and the second one after the grace time.
    private static let requestsPerPack = 3

    /// - Parameter studyLimit: How many studies are named.
    init(rules: [LifecycleRule], stores: [StoreDescription], studyLimit: Int) {
        parts = rules.map { Part($0) }
        self.stores = Dictionary(stores.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.studyLimit = studyLimit
    }

    /// Studies that move.
    public var movedStudies: Int { parts.reduce(0) { $0 + $1.studies } }
    /// Bytes that move.
    public var movedBytes: UInt64 { parts.reduce(0) { $0.addingClamped($1.bytes) } }

    mutating func note(_ study: StudyFacts, _ verdict: RuleVerdict) {
        examined += 1
        switch verdict {
        case .stays(.noRule): withoutRule += 1
        case .stays(.thereAlready(let rule)): change(rule) { $0.thereAlready += 1 }
        case .stays(.held(let rule)): change(rule) { $0.held += 1 }
        case .moves(let rule, let packs):
            let stores = stores
            let target = stores[rule.target]?.price ?? StorePrice()
            change(rule) { part in
                part.studies += 1
                part.packs += packs.count
                for pack in packs {
                    part.bytes = part.bytes.addingClamped(pack.bytes)
                    part.monthAfter += target.month(pack.bytes)
                    for store in pack.stores { part.monthBefore += stores[store]?.price.month(pack.bytes) ?? 0 }
                }
                part.requestCost += target.requests(packs.count * Self.requestsPerPack)
            }
            guard studies.count < studyLimit else { return }
            studies.append(
                Study(
                    studyInstanceUID: study.studyInstanceUID,
                    rule: rule.name,
                    reason: rule.conditions.isEmpty
                        ? "every study" : rule.conditions.map(\.text).joined(separator: ", "),
                    target: rule.target,
                    packs: packs.count,
                    bytes: packs.reduce(0) { $0.addingClamped($1.bytes) }
                )
            )
        }
    }

    private mutating func change(_ rule: LifecycleRule, _ body: (inout Part) -> Void) {
        guard let index = parts.firstIndex(where: { $0.rule == rule }) else { return }
        body(&parts[index])
    }
}

extension RuleCondition {
    /// The condition as it is typed, for people.
    public var text: String {
        switch self {
        case .studyAge(let age): "study-age \(Self.text(age))"
        case .receivedAge(let age): "received-age \(Self.text(age))"
        case .lastAccess(let age): "last-access \(Self.text(age))"
        case .modality(let modalities): "modality \(modalities.sorted().joined(separator: "/"))"
        case .label(let label): "label \(label.text)"
        case .freeSpaceBelow(.percent(let percent)): "free-space-below \(percent) %"
        case .freeSpaceBelow(.bytes(let bytes)): "free-space-below \(bytes) bytes"
        case .largerThan(let bytes): "larger-than \(bytes) bytes"
        case .smallerThan(let bytes): "smaller-than \(bytes) bytes"
        case .from(let store): "from \(store)"
        }
    }

    private static func text(_ age: Duration) -> String {
        let seconds = age.components.seconds
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("min", 60)] where seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }
}
