/// What a caller wants to do; small and orthogonal.
public enum Operation: String, Sendable, Hashable, CaseIterable {
    /// Ask which studies, series and instances there are.
    case search
    /// Read headers.
    case readMetadata
    /// Read whole objects, frames and bulk data.
    case readPixels
    /// Put objects into the archive.
    case store
    /// Delete objects, restore them, and empty the bin.
    case delete
    /// Destroy studies with their keys.
    case shred
    /// Check the archive, rebuild its index, see its jobs.
    case administer
    /// Read figures of how the archive stands; they hold nothing of a patient.
    case monitor
    /// Make research projects, change and close them, write down consent, let researchers in.
    case manageProjects
    /// Let de-identified objects leave.
    case exportDeidentified
    /// Tell who a pseudonym stands for.
    case lookUpPseudonym
    /// See a research project: what it is, its figures, its objects without what identifies patients.
    case viewProject
}

/// Who may do what: deny unless a rule allows.
///
/// A pure function, the same for every door: gateways find out who calls, services ask here before they act.
public struct AccessPolicy: Sendable {
    private let rules: [Rule]

    private struct Rule: Sendable {
        let matches: @Sendable (Principal.Kind) -> Bool
        let operations: Set<Operation>
    }

    /// The built-in rules: administrators do everything, DICOM peers search and store, monitors read figures, researchers see
    /// their project.
    public init() {
        rules = [
            Rule(matches: { $0 == .administrator }, operations: Set(Operation.allCases)),
            Rule(matches: { if case .applicationEntity = $0 { true } else { false } }, operations: [.search, .store]),
            Rule(matches: { $0 == .monitor }, operations: [.monitor]),
            // Of which project the service asks: ``Principal/mayView(project:)``.
            Rule(matches: { if case .researcher = $0 { true } else { false } }, operations: [.viewProject]),
            // A principal of this kind is made only while authorization is off, which is refused off loopback.
            Rule(matches: { $0 == .anyoneOnLoopback }, operations: Set(Operation.allCases)),
        ]
    }

    /// Whether `principal` may do `operation`.
    public func allows(_ operation: Operation, for principal: Principal) -> Bool {
        rules.contains { $0.matches(principal.kind) && $0.operations.contains(operation) }
    }
}
