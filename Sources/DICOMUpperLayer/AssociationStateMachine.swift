/// The state machine of one association: decides what to do on each event, and does nothing itself (PS3.8 9.2).
///
/// The labels are the standard's own, so that this file and Table 9-10 can be laid side by side.
public struct AssociationStateMachine: Sendable, Hashable {
    /// Where the association stands.
    public private(set) var state = AssociationState.sta1
    /// Whether this side asked for the association, which decides a release collision (AR-8).
    public let isRequestor: Bool

    /// Makes a machine in Sta1.
    public init(isRequestor: Bool) {
        self.isRequestor = isRequestor
    }

    /// Takes an event: changes the state and returns the action to carry out.
    ///
    /// - Parameter requestIsAcceptable: Counts for Evt6 only: whether the upper layer itself accepts the request (AE-6).
    /// - Returns: `nil` where Table 9-10 is blank: the event cannot happen in this state and must be dropped.
    public mutating func handle(_ event: AssociationEvent, requestIsAcceptable: Bool = true) -> AssociationAction? {
        guard var transition = Self.transition(in: state, on: event) else { return nil }
        switch transition.action {
        case .ae6 where !requestIsAcceptable: transition.next = .sta13
        case .ar8 where !isRequestor: transition.next = .sta10
        default: break
        }
        state = transition.next
        return transition.action
    }
}

extension AssociationStateMachine {
    private struct Transition {
        let action: AssociationAction
        var next: AssociationState

        init(_ action: AssociationAction, _ next: AssociationState) {
            self.action = action
            self.next = next
        }
    }

    /// Table 9-10. AE-6 and AR-8 have two next states; the first is given here.
    private static func transition(in state: AssociationState, on event: AssociationEvent) -> Transition? {
        switch state {
        case .sta1, .sta2, .sta13: withoutAssociation(state, event)
        case .sta3, .sta4, .sta5: establishing(state, event)
        case .sta6: transferring(event)
        case .sta7, .sta8, .sta9, .sta10, .sta11, .sta12: releasing(state, event)
        }
    }

    private static func withoutAssociation(_ state: AssociationState, _ event: AssociationEvent) -> Transition? {
        switch (state, event) {
        case (.sta1, .evt1): Transition(.ae1, .sta4)
        case (.sta1, .evt5): Transition(.ae5, .sta2)
        case (.sta2, .evt6): Transition(.ae6, .sta3)
        case (.sta2, .evt3), (.sta2, .evt4), (.sta2, .evt10), (.sta2, .evt12), (.sta2, .evt13), (.sta2, .evt19):
            Transition(.aa1, .sta13)
        case (.sta2, .evt16), (.sta2, .evt18), (.sta13, .evt16), (.sta13, .evt18): Transition(.aa2, .sta1)
        case (.sta2, .evt17): Transition(.aa5, .sta1)
        case (.sta13, .evt3), (.sta13, .evt4), (.sta13, .evt10), (.sta13, .evt12), (.sta13, .evt13):
            Transition(.aa6, .sta13)
        case (.sta13, .evt6), (.sta13, .evt19): Transition(.aa7, .sta13)
        case (.sta13, .evt17): Transition(.ar5, .sta1)
        default: nil
        }
    }

    private static func establishing(_ state: AssociationState, _ event: AssociationEvent) -> Transition? {
        switch (state, event) {
        case (.sta3, .evt7): Transition(.ae7, .sta6)
        case (.sta3, .evt8): Transition(.ae8, .sta13)
        case (.sta4, .evt2): Transition(.ae2, .sta5)
        case (.sta4, .evt15): Transition(.aa2, .sta1)
        case (.sta4, .evt17): Transition(.aa4, .sta1)
        case (.sta5, .evt3): Transition(.ae3, .sta6)
        case (.sta5, .evt4): Transition(.ae4, .sta1)
        case (.sta3, _), (.sta5, _): whileConnected(event)
        default: nil
        }
    }

    private static func transferring(_ event: AssociationEvent) -> Transition? {
        switch event {
        case .evt9: Transition(.dt1, .sta6)
        case .evt10: Transition(.dt2, .sta6)
        case .evt11: Transition(.ar1, .sta7)
        case .evt12: Transition(.ar2, .sta8)
        default: whileConnected(event)
        }
    }

    private static func releasing(_ state: AssociationState, _ event: AssociationEvent) -> Transition? {
        switch (state, event) {
        case (.sta7, .evt10): Transition(.ar6, .sta7)
        case (.sta7, .evt12): Transition(.ar8, .sta9)
        case (.sta7, .evt13), (.sta11, .evt13): Transition(.ar3, .sta1)
        case (.sta8, .evt9): Transition(.ar7, .sta8)
        case (.sta8, .evt14), (.sta12, .evt14): Transition(.ar4, .sta13)
        case (.sta9, .evt14): Transition(.ar9, .sta11)
        case (.sta10, .evt13): Transition(.ar10, .sta12)
        default: whileConnected(event)
        }
    }

    /// What the columns Sta3 and Sta5 to Sta12 have in common.
    private static func whileConnected(_ event: AssociationEvent) -> Transition? {
        switch event {
        case .evt3, .evt4, .evt6, .evt10, .evt12, .evt13, .evt19: Transition(.aa8, .sta13)
        case .evt15: Transition(.aa1, .sta13)
        case .evt16: Transition(.aa3, .sta1)
        case .evt17: Transition(.aa4, .sta1)
        case .evt1, .evt2, .evt5, .evt7, .evt8, .evt9, .evt11, .evt14, .evt18: nil
        }
    }
}
