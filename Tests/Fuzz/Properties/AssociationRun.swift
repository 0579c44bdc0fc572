import DICOMUpperLayer

/// Drives the state machine of an association with what a peer sent, and a local side that answers at once.
enum AssociationRun {
    /// Table 9-10 has an action for every PDU in every state with a connection, and data goes to the user only while the
    /// association stands.
    static func check(_ stream: PDUTarget.Stream, isRequestor: Bool) throws(PropertyViolation) {
        var machine = AssociationStateMachine(isRequestor: isRequestor)
        if isRequestor {
            try step(.evt1, &machine)
            try step(.evt2, &machine)
            try require(machine.state == .sta5, "a requestor that connected is in \(machine.state)")
        } else {
            try step(.evt5, &machine)
        }
        for element in stream.elements where machine.state != .sta1 {
            try step(event(of: element), &machine)
            try answer(&machine)
        }
        if stream.error != nil, machine.state != .sta1 {
            try step(.evt19, &machine)
            try require(machine.state == .sta13, "an invalid PDU leads to \(machine.state)")
        }
        if machine.state != .sta1 {
            try step(.evt17, &machine)
        }
        try require(machine.state == .sta1, "a closed connection leads to \(machine.state)")
    }

    private static func step(
        _ event: AssociationEvent,
        _ machine: inout AssociationStateMachine
    ) throws(PropertyViolation) {
        let before = machine.state
        guard let action = machine.handle(event) else {
            throw PropertyViolation("\(event) is not handled in \(before)")
        }
        switch action {
        case .dt2, .ar6:
            try require(
                event == .evt10 && (before == .sta6 || before == .sta7),
                "data is handed to the user in \(before)"
            )
        case .aa1, .aa7, .aa8:
            try require(machine.state == .sta13, "after an abort the state is \(machine.state)")
        case .aa2, .aa3, .aa4, .aa5, .ae4, .ar3, .ar5:
            try require(machine.state == .sta1, "after the end the state is \(machine.state)")
        default: break
        }
    }

    /// What the local user does when it is asked.
    private static func answer(_ machine: inout AssociationStateMachine) throws(PropertyViolation) {
        switch machine.state {
        case .sta3: try step(.evt7, &machine)
        case .sta8, .sta9, .sta12: try step(.evt14, &machine)
        default: break
        }
    }

    private static func event(of element: PDUDecoder.Element) -> AssociationEvent {
        guard case .pdu(let pdu) = element else { return .evt10 }
        return switch pdu {
        case .associateRequest: .evt6
        case .associateAccept: .evt3
        case .associateReject: .evt4
        case .releaseRequest: .evt12
        case .releaseResponse: .evt13
        case .abort: .evt16
        }
    }
}
