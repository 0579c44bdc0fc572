public import DICOMCore
public import Platform

/// Who asks: what a gateway found out about a caller.
public struct Principal: Sendable, Hashable {
    /// How the caller proved who it is.
    public enum Kind: Sendable, Hashable {
        /// Holder of the administrator token, or the operator at the command line of this host.
        case administrator
        /// Holder of the token for metrics.
        case monitor
        /// A DICOM peer, known by its Application Entity Title.
        case applicationEntity(AETitle)
        /// Holder of a researcher's token of one project.
        case researcher(name: String, project: RandomID)
        /// Any caller of an archive that runs with `--open` on loopback.
        case anyoneOnLoopback
    }

    /// How the caller proved who it is.
    public let kind: Kind

    /// Makes a principal.
    public init(_ kind: Kind) {
        self.kind = kind
    }

    /// The name under which its doings are remembered.
    public var name: String {
        switch kind {
        case .administrator: "administrator"
        case .monitor: "monitor"
        case .applicationEntity(let title): title.string
        case .researcher(let name, _): "researcher " + name
        case .anyoneOnLoopback: "anyone"
        }
    }

    /// Whether the caller is a researcher, who sees one project and nothing else.
    public var isResearcher: Bool {
        if case .researcher = kind { true } else { false }
    }

    /// Whether a project is the caller's to see, for those who may see projects; researchers see their own only.
    public func mayView(project id: RandomID) -> Bool {
        if case .researcher(_, let project) = kind { project == id } else { true }
    }
}
