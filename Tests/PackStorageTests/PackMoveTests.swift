import PackStorage
import Platform
import TestKit
import Testing

@Suite struct `Deciding how a pack moves` {
    private static let stores = [StoreName.hot, .named("warm"), .named("cold")]
    private static let start = Timestamp(microseconds: 1_000_000)

    /// Every combination of rows: 5 x 5 x 5.
    private static var combinations: [[PackPlace]] {
        let states = [PackPlaceState?.none] + PackPlaceState.allCases.map { $0 }
        return states.flatMap { hot in
            states.flatMap { warm in
                states.map { cold in
                    zip(stores, [hot, warm, cold]).compactMap { store, state in state.map { place(store, $0) } }
                }
            }
        }
    }

    private static var goals: [Set<StoreName>] {
        (1..<8).map { bits in Set(stores.enumerated().filter { bits & 1 << $0.offset != 0 }.map(\.element)) }
    }

    private static func place(_ store: StoreName, _ state: PackPlaceState) -> PackPlace {
        PackPlace(
            packID: PackID(RandomID(high: 1, low: 2)),
            store: store,
            state: state,
            size: 10,
            sha256: [1],
            verified: nil,
            changed: start
        )
    }

    /// What the rows are after a step that went well.
    private static func after(
        _ step: PackMove.Step,
        _ places: [PackPlace],
        _ goal: Set<StoreName>,
        now: inout Timestamp
    ) -> [PackPlace] {
        var rows = Dictionary(uniqueKeysWithValues: places.map { ($0.store, $0.state) })
        switch step {
        case .register: rows[.hot] = .verified
        case .announce(let stores): for store in stores { rows[store] = .copying }
        case .copy(let store), .keep(let store): rows[store] = .verified
        case .retire(let stores):
            for store in stores { rows[store] = rows[store] == .verified ? .retiring : .removing }
        case .confirm(let store): rows[store] = .removing
        case .remove(let store): rows[store] = nil
        case .wait(let time): now = time
        case .done, .stuck: break
        }
        return rows.map { place($0.key, $0.value) }
    }

    @Test func `from any rows to any goal it comes to an end, and a verified place is left at every step`() {
        for rows in Self.combinations {
            for goal in Self.goals {
                let move = PackMove(to: goal, graceTime: .seconds(60))
                var places = rows
                var now = Self.start
                var steps: [PackMove.Step] = []
                while steps.last != .done, steps.last != .stuck, steps.count < 30 {
                    let step = move.next(places, now: now)
                    steps.append(step)
                    let hadReadable = places.contains { $0.state.isReadable }
                    let hadVerified = places.contains { $0.state == .verified }
                    places = Self.after(step, places, goal, now: &now)
                    if hadReadable { #expect(places.contains { $0.state.isReadable }, "\(rows) \(steps)") }
                    if hadVerified { #expect(places.contains { $0.state == .verified }, "\(rows) \(steps)") }
                }
                if steps.last == .done {
                    let verified = places.filter { $0.state == .verified }.map(\.store)
                    #expect(Set(verified) == goal && places.count == goal.count, "\(rows) \(goal) \(steps)")
                } else {
                    #expect(steps.last == .stuck, "\(rows) \(goal) \(steps)")
                    #expect(!rows.contains { $0.state.isReadable }, "\(rows) \(goal) \(steps)")
                }
            }
        }
    }

    @Test func `a place is not given up before the grace time is over`() {
        let move = PackMove(to: [.named("cold")], graceTime: .seconds(60))
        let rows = [Self.place(.named("cold"), .verified), Self.place(.hot, .retiring)]
        let due = Self.start.advanced(by: .seconds(60))

        #expect(move.next(rows, now: Timestamp(microseconds: due.microseconds - 1)) == .wait(until: due))
        #expect(move.next(rows, now: due) == .confirm(.hot))
    }

    @Test func `nothing is given up while one of the wanted copies is missing`() {
        let move = PackMove(to: [.named("cold"), .named("warm")], graceTime: .zero)
        let rows = [
            Self.place(.named("cold"), .verified), Self.place(.named("warm"), .copying), Self.place(.hot, .verified),
        ]

        #expect(move.next(rows, now: Self.start) == .copy(.named("warm")))
    }

    @Test(arguments: [
        ("warm", true), ("w", true), ("nas-2", true), (String(repeating: "a", count: 32), true), ("", false),
        ("2nas", false), ("-a", false), ("Warm", false), ("a_b", false), ("a/b", false), ("ä", false),
        (String(repeating: "a", count: 33), false),
    ])
    func `a name of a store is lower-case letters, digits and hyphens`(text: String, isValid: Bool) {
        #expect((StoreName(text) != nil) == isValid)
    }
}
