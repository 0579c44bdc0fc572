import ArchiveCatalog
public import DICOMCore
import PackStorage

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
        /// Bytes that are copied for that.
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

        mutating func note(_ movement: PackMovement, _ stores: [StoreName: StoreDescription]) {
            let pack = movement.pack
            bytes = bytes.addingClamped(movement.copiedBytes)
            for store in pack.stores { monthBefore += stores[store]?.price.month(pack.bytes) ?? 0 }
            for store in movement.goal {
                let price = stores[store]?.price ?? StorePrice()
                monthAfter += price.month(pack.bytes)
                if !pack.stores.contains(store) { requestCost += price.requests(MovePlan.requestsPerPack) }
            }
        }
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
        public let target: String
        /// Packs that move.
        public let packs: Int
        /// Bytes that are copied for that.
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
        case .moves(let rule, let movements):
            change(rule) { [stores] part in
                part.studies += 1
                part.packs += movements.count
                for movement in movements { part.note(movement, stores) }
            }
            guard studies.count < studyLimit else { return }
            studies.append(
                Study(
                    studyInstanceUID: study.studyInstanceUID,
                    rule: rule.name,
                    reason: rule.reason,
                    target: rule.targetName,
                    packs: movements.count,
                    bytes: movements.reduce(0) { $0.addingClamped($1.copiedBytes) }
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
