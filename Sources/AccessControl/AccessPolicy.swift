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
    /// Check the archive, rebuild its index, read its figures.
    case administer
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

    /// The built-in rules: administrators do everything, DICOM peers search and store.
    public init() {
        rules = [
            Rule(matches: { $0 == .administrator }, operations: Set(Operation.allCases)),
            Rule(matches: { if case .applicationEntity = $0 { true } else { false } }, operations: [.search, .store]),
            // A principal of this kind is made only while authorization is off, which is refused off loopback.
            Rule(matches: { $0 == .anyoneOnLoopback }, operations: Set(Operation.allCases)),
        ]
    }

    /// Whether `principal` may do `operation`.
    public func allows(_ operation: Operation, for principal: Principal) -> Bool {
        rules.contains { $0.matches(principal.kind) && $0.operations.contains(operation) }
    }
}
