import DICOMCore
import PackStorage
public import Platform

/// Decides about studies, one after the other: pure, so that a dry run and the real one say the same.
public struct RuleEvaluation: Sendable {
    private let rules: [LifecycleRule]
    private let placement: Placement
    private let now: Timestamp
    private let volumeLength: UInt64
    /// What is free, or will be when everything has left that was decided to.
    public private(set) var freeBytes: UInt64

    /// Begins at an instant.
    ///
    /// - Parameters:
    ///   - freeBytes: Free space of the data folder's volume, with what is already leaving it.
    ///   - volumeLength: Bytes of that volume.
    public init(
        rules: [LifecycleRule],
        placement: Placement = Placement(),
        now: Timestamp,
        freeBytes: UInt64,
        volumeLength: UInt64
    ) {
        self.rules = rules
        self.placement = placement
        self.now = now
        self.freeBytes = freeBytes
        self.volumeLength = volumeLength
    }

    /// What becomes of a study.
    ///
    /// Studies should come oldest first: a rule about free space takes them until there is enough.
    public mutating func verdict(on study: StudyFacts) -> RuleVerdict {
        guard let rule = rules.first(where: { applies($0, to: study) }) else { return .stays(.noRule) }
        let movements = study.packs.map { PackMovement(pack: $0, goal: placement.goal(of: $0, wantedIn: rule.target)) }
            .filter { $0.goal != $0.pack.stores }
        guard !movements.isEmpty else { return .stays(.thereAlready(rule)) }
        guard !study.isHeld else { return .stays(.held(rule)) }
        for movement in movements where movement.pack.stores.contains(.hot) && !movement.goal.contains(.hot) {
            freeBytes = freeBytes.addingClamped(movement.pack.bytes)
        }
        return .moves(rule, movements)
    }

    private func applies(_ rule: LifecycleRule, to study: StudyFacts) -> Bool {
        rule.conditions.allSatisfy { holds($0, of: study) }
    }

    private func holds(_ condition: RuleCondition, of study: StudyFacts) -> Bool {
        switch condition {
        case .studyAge(let age): isPast(studyTime(study), by: age)
        case .receivedAge(let age): isPast(study.lastReceived, by: age)
        case .lastAccess(let age): isPast(max(study.lastReceived, study.lastAccess ?? study.lastReceived), by: age)
        case .modality(let modalities): !study.modalities.isDisjoint(with: modalities)
        case .label(let label): study.labels.contains(label)
        case .freeSpaceBelow(let threshold): freeBytes < threshold.bytes(ofVolume: volumeLength)
        case .largerThan(let bytes): study.bytes >= bytes
        case .smallerThan(let bytes): study.bytes <= bytes
        case .from(let store): study.packs.contains { $0.stores.contains(store) }
        }
    }

    private func isPast(_ time: Timestamp, by age: Duration) -> Bool {
        time.advanced(by: age) <= now
    }

    /// A date in the future is a mistake of the device, and would keep the study for ever.
    private func studyTime(_ study: StudyFacts) -> Timestamp {
        guard let date = study.studyDate else { return study.lastReceived }
        let time = Timestamp(microseconds: Int64(date.daysSince1970) * 86_400_000_000)
        return time > now ? study.lastReceived : time
    }
}

/// What rules say about a study.
public enum RuleVerdict: Sendable, Hashable {
    /// The rule wants these packs elsewhere.
    case moves(LifecycleRule, [PackMovement])
    /// It stays as it is.
    case stays(StayReason)
}

/// Why a study stays where it is.
public enum StayReason: Sendable, Hashable {
    /// No rule takes it.
    case noRule
    /// It lies already where the rule wants it.
    case thereAlready(LifecycleRule)
    /// The rule would move it, but it is held.
    case held(LifecycleRule)
}
