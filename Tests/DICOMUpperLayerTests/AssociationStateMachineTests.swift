import DICOMUpperLayer
import Testing

/// PS3.8 Table 9-10, one row per event, one column per state: the action and the next state. AE-6 and AR-8 have two next
/// states and are tested on their own.
private let table: [(event: AssociationEvent, row: String)] = [
    (.evt1, "AE1/4 - - - - - - - - - - - -"),
    (.evt2, "- - - AE2/5 - - - - - - - - -"),
    (.evt3, "- AA1/13 AA8/13 - AE3/6 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13"),
    (.evt4, "- AA1/13 AA8/13 - AE4/1 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13"),
    (.evt5, "AE5/2 - - - - - - - - - - - -"),
    (.evt6, "- AE6/3 AA8/13 - AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13"),
    (.evt7, "- - AE7/6 - - - - - - - - - -"),
    (.evt8, "- - AE8/13 - - - - - - - - - -"),
    (.evt9, "- - - - - DT1/6 - AR7/8 - - - - -"),
    (.evt10, "- AA1/13 AA8/13 - AA8/13 DT2/6 AR6/7 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13"),
    (.evt11, "- - - - - AR1/7 - - - - - - -"),
    (.evt12, "- AA1/13 AA8/13 - AA8/13 AR2/8 AR8/9 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13"),
    (.evt13, "- AA1/13 AA8/13 - AA8/13 AA8/13 AR3/1 AA8/13 AA8/13 AR10/12 AR3/1 AA8/13 AA6/13"),
    (.evt14, "- - - - - - - AR4/13 AR9/11 - - AR4/13 -"),
    (.evt15, "- - AA1/13 AA2/1 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 -"),
    (.evt16, "- AA2/1 AA3/1 - AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA2/1"),
    (.evt17, "- AA5/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AR5/1"),
    (.evt18, "- AA2/1 - - - - - - - - - - AA2/1"),
    (.evt19, "- AA1/13 AA8/13 - AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13"),
]

/// Events that lead from Sta1 to each state.
private func machine(in state: AssociationState) -> AssociationStateMachine {
    let accepted: [AssociationEvent] = [.evt5, .evt6, .evt7]
    let path: [AssociationEvent] =
        switch state {
        case .sta1: []
        case .sta2: [.evt5]
        case .sta3: [.evt5, .evt6]
        case .sta4: [.evt1]
        case .sta5: [.evt1, .evt2]
        case .sta6: [.evt1, .evt2, .evt3]
        case .sta7: [.evt1, .evt2, .evt3, .evt11]
        case .sta8: accepted + [.evt12]
        case .sta9: [.evt1, .evt2, .evt3, .evt11, .evt12]
        case .sta10: accepted + [.evt11, .evt12]
        case .sta11: [.evt1, .evt2, .evt3, .evt11, .evt12, .evt14]
        case .sta12: accepted + [.evt11, .evt12, .evt13]
        case .sta13: accepted + [.evt15]
        }
    var machine = AssociationStateMachine(isRequestor: path.first == .evt1)
    for event in path { _ = machine.handle(event) }
    return machine
}

@Suite struct `The upper layer state machine` {
    @Test(arguments: AssociationState.allCases)
    func `each state has a path that leads to it`(state: AssociationState) {
        #expect(machine(in: state).state == state)
    }

    @Test(arguments: AssociationState.allCases, AssociationEvent.allCases)
    func `each state answers each event as Table 9-10 says`(state: AssociationState, event: AssociationEvent) throws {
        let row = try #require(table.first { $0.event == event }).row.split(separator: " ")
        let cell = row[Int(state.rawValue) - 1]
        var machine = machine(in: state)

        let action = machine.handle(event)

        guard cell != "-" else {
            #expect(action == nil)
            #expect(machine.state == state)
            return
        }
        let parts = cell.split(separator: "/")
        #expect("\(try #require(action))" == parts[0].lowercased())
        // The collision of Sta7 is the requestor's here; the acceptor's has its own test.
        #expect("\(machine.state)" == "sta\(parts[1])")
    }

    @Test func `a request that the upper layer refuses leads to Sta13`() {
        var machine = machine(in: .sta2)

        let action = machine.handle(.evt6, requestIsAcceptable: false)

        #expect(action == .ae6)
        #expect(machine.state == .sta13)
    }

    @Test func `an acceptor in a release collision waits for the release response first`() {
        var machine = AssociationStateMachine(isRequestor: false)
        for event in [AssociationEvent.evt5, .evt6, .evt7, .evt11] { _ = machine.handle(event) }

        let action = machine.handle(.evt12)

        #expect(action == .ar8)
        #expect(machine.state == .sta10)
    }
}
