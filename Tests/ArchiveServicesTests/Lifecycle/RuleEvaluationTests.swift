import ArchiveCatalog
import ArchiveServices
import DICOMCore
import PackStorage
import Platform
import Testing

@Suite struct `Rules about where studies lie` {
    private static let now = Timestamp(microseconds: 1_767_225_600_000_000)  // 2026-01-01T00:00:00Z
    private static let warm = StoreName("warm") ?? .hot
    private static let cold = StoreName("cold") ?? .hot
    private static let day: Int64 = 86_400

    private static func days(_ count: Int64) -> Duration { .seconds(count * day) }

    private static func label(_ text: String) -> StudyLabel { [StudyLabel(text)].compactMap(\.self)[0] }

    private static func study(
        date: String? = "20250101",
        receivedDaysAgo: Int64 = 10,
        accessedDaysAgo: Int64? = nil,
        modalities: Set<String> = ["CT"],
        labels: Set<StudyLabel> = [],
        isHeld: Bool = false,
        bytes: [UInt64] = [600, 400],
        stores: Set<StoreName> = [.hot]
    ) -> StudyFacts {
        StudyFacts(
            studyInstanceUID: UID(literal: "1.2.3"),
            catalogDate: date,
            lastReceived: now.advanced(by: .zero - days(receivedDaysAgo)),
            lastAccess: accessedDaysAgo.map { now.advanced(by: .zero - days($0)) },
            modalities: modalities,
            labels: labels,
            isHeld: isHeld,
            packs: bytes.enumerated().map { index, bytes in
                PackFacts(packID: PackID(RandomID(high: 0, low: UInt64(index))), bytes: bytes, stores: stores)
            }
        )
    }

    private static func moves(_ conditions: [RuleCondition], _ study: StudyFacts, free: UInt64 = 500) -> Bool {
        var evaluation = RuleEvaluation(
            rules: [LifecycleRule(name: "rule 1", target: warm, conditions: conditions)],
            now: now,
            freeBytes: free,
            volumeLength: 1_000
        )
        if case .moves = evaluation.verdict(on: study) { return true }
        return false
    }

    static let table: [(String, RuleCondition, StudyFacts, Bool)] = [
        ("of a year", .studyAge(days(365)), study(date: "20250101"), true),
        ("a day short of it", .studyAge(days(366)), study(date: "20250101"), false),
        ("without a date, by arrival", .studyAge(days(10)), study(date: nil), true),
        ("without a date, by arrival, too young", .studyAge(days(11)), study(date: nil), false),
        ("with a date that is none", .studyAge(days(11)), study(date: "20250230"), false),
        ("with a date in the future, by arrival", .studyAge(days(10)), study(date: "20990101"), true),
        ("received then", .receivedAge(days(10)), study(), true),
        ("received later", .receivedAge(days(11)), study(), false),
        ("never read, by arrival", .lastAccess(days(10)), study(), true),
        ("read lately", .lastAccess(days(5)), study(accessedDaysAgo: 4), false),
        ("read before", .lastAccess(days(5)), study(accessedDaysAgo: 5), true),
        ("read before more arrived", .lastAccess(days(9)), study(receivedDaysAgo: 8, accessedDaysAgo: 9), false),
        ("of one of the modalities", .modality(["MR", "CT"]), study(modalities: ["SR", "CT"]), true),
        ("of none of them", .modality(["MR"]), study(), false),
        ("without a modality", .modality(["MR"]), study(modalities: []), false),
        ("with the label", .label(label("old")), study(labels: [label("old"), label("x")]), true),
        ("without it", .label(label("old")), study(labels: [label("older")]), false),
        ("as large", .largerThan(1_000), study(), true),
        ("a byte smaller", .largerThan(1_001), study(), false),
        ("as small", .smallerThan(1_000), study(), true),
        ("a byte larger", .smallerThan(999), study(), false),
        ("from there", .from(.hot), study(), true),
        ("from elsewhere", .from(cold), study(), false),
        ("less is free", .freeSpaceBelow(.bytes(501)), study(), true),
        ("as much is free", .freeSpaceBelow(.bytes(500)), study(), false),
        ("less than that part is free", .freeSpaceBelow(.percent(51)), study(), true),
        ("that part is free", .freeSpaceBelow(.percent(50)), study(), false),
    ]

    @Test(arguments: table)
    func `a condition holds or not`(_ name: String, _ condition: RuleCondition, _ study: StudyFacts, _ holds: Bool) {
        #expect(Self.moves([condition], study) == holds)
    }

    @Test func `all conditions must hold, and none always do`() {
        #expect(Self.moves([], Self.study()))
        #expect(Self.moves([.studyAge(Self.days(1)), .modality(["CT"])], Self.study()))
        #expect(!Self.moves([.studyAge(Self.days(1)), .modality(["MR"])], Self.study()))
    }

    @Test func `the first rule that applies decides`() {
        let rules = [
            LifecycleRule(name: "cold", target: Self.cold, conditions: [.studyAge(Self.days(700))]),
            LifecycleRule(name: "warm", target: Self.warm, conditions: [.studyAge(Self.days(100))]),
            LifecycleRule(name: "rest", target: .hot, conditions: []),
        ]
        var evaluation = RuleEvaluation(rules: rules, now: Self.now, freeBytes: 0, volumeLength: 0)

        func rule(_ study: StudyFacts) -> String? {
            switch evaluation.verdict(on: study) {
            case .moves(let rule, _), .stays(.thereAlready(let rule)), .stays(.held(let rule)): rule.name
            case .stays(.noRule): nil
            }
        }
        #expect(rule(Self.study(date: "20200101")) == "cold")
        #expect(rule(Self.study(date: "20250101")) == "warm")
        #expect(rule(Self.study(date: "20251231")) == "rest")
    }

    @Test func `only packs that lie elsewhere move`() {
        var study = Self.study()
        study.packs[0].stores = [Self.warm]
        let rule = LifecycleRule(name: "warm", target: Self.warm, conditions: [])
        var evaluation = RuleEvaluation(rules: [rule], now: Self.now, freeBytes: 0, volumeLength: 0)

        #expect(
            evaluation.verdict(on: study) == .moves(rule, [PackMovement(pack: study.packs[1], goal: [Self.warm])])
        )
        study.packs[1].stores = [Self.warm]
        #expect(evaluation.verdict(on: study) == .stays(.thereAlready(rule)))
    }

    @Test func `a held study stays`() {
        let rule = LifecycleRule(name: "warm", target: Self.warm, conditions: [])
        var evaluation = RuleEvaluation(rules: [rule], now: Self.now, freeBytes: 0, volumeLength: 0)

        #expect(evaluation.verdict(on: Self.study(isHeld: true)) == .stays(.held(rule)))
        #expect(evaluation.freeBytes == 0)
    }

    @Test func `a rule about free space stops when enough will be free`() {
        let rule = LifecycleRule(name: "room", target: Self.warm, conditions: [.freeSpaceBelow(.bytes(2_500))])
        var evaluation = RuleEvaluation(rules: [rule], now: Self.now, freeBytes: 1_000, volumeLength: 10_000)

        let verdicts = (0..<4).map { _ in evaluation.verdict(on: Self.study()) }

        #expect(verdicts.count { if case .moves = $0 { true } else { false } } == 2)
        #expect(evaluation.freeBytes == 3_000)
    }

    @Test func `further copies go where copies are, then to other stores, and stay in the data folder last`() {
        let pack = Self.study().packs[0]
        var atCold = pack
        atCold.stores = [.hot, Self.cold]

        let two = Placement(stores: [Self.warm, Self.cold], replicas: 2)
        #expect(Placement(stores: [Self.warm], replicas: 1).goal(of: pack, wantedIn: Self.warm) == [Self.warm])
        #expect(Placement(stores: [Self.warm], replicas: 2).goal(of: pack, wantedIn: Self.warm) == [Self.warm, .hot])
        #expect(two.goal(of: pack, wantedIn: Self.warm) == [Self.warm, Self.cold])
        #expect(two.goal(of: atCold, wantedIn: .hot) == [.hot, Self.cold])
        #expect(Placement(stores: [], replicas: 3).goal(of: pack, wantedIn: .hot) == [.hot])
    }

    @Test func `a rule covers another that asks for more`() {
        let year = LifecycleRule(name: "1", target: Self.warm, conditions: [.studyAge(Self.days(365))])
        let twoYears = LifecycleRule(
            name: "2",
            target: Self.cold,
            conditions: [.modality(["CT"]), .studyAge(Self.days(730))]
        )

        #expect(year.covers(twoYears))
        #expect(!twoYears.covers(year))
        #expect(LifecycleRule(name: "3", target: .hot, conditions: []).covers(year))
    }
}
