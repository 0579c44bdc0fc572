import Platform
import Testing

@Suite struct `Background work that gives way` {
    private let policy = YieldPolicy(
        restPerVisit: 2,
        restLimit: 16,
        longestRest: .seconds(2),
        shortestPiece: .milliseconds(2),
        lingering: .milliseconds(250)
    )

    @Test func `with nobody at a door it never rests`() {
        #expect(policy.rest(after: .seconds(10), visits: 0, sinceLastVisit: nil) == .zero)
        #expect(policy.rest(after: .seconds(10), visits: 0, sinceLastVisit: .milliseconds(250)) == .zero)
    }

    @Test(arguments: [(1, 20), (2, 40), (7, 140), (8, 160), (9, 160), (1_000_000, 160), (Int.max, 160)])
    func `the more are there the longer it rests, to a limit`(visits: Int, milliseconds: Int) {
        #expect(
            policy.rest(after: .milliseconds(10), visits: visits, sinceLastVisit: nil) == .milliseconds(milliseconds)
        )
    }

    @Test func `a piece that took long rests two seconds at most, so that the work ends some day`() {
        #expect(policy.rest(after: .seconds(60), visits: 100, sinceLastVisit: nil) == .seconds(2))
    }

    @Test func `the shortest pieces count as more`() {
        #expect(policy.rest(after: .zero, visits: 1, sinceLastVisit: nil) == .milliseconds(4))
    }

    @Test func `who left a moment ago is likely to come back`() {
        #expect(
            policy.rest(after: .milliseconds(10), visits: 0, sinceLastVisit: .milliseconds(249)) == .milliseconds(20)
        )
    }

    @Test func `visitors are counted until they go`() {
        let traffic = DoorTraffic(policy: policy)
        var first: DoorVisit? = traffic.enter()
        let second = traffic.enter()
        #expect(traffic.visitCount == 2)

        withExtendedLifetime(first) {}
        first = nil

        #expect(traffic.visitCount == 1)
        #expect(traffic.rest(after: .milliseconds(10)) == .milliseconds(20))
        withExtendedLifetime(second) {}
    }
}
