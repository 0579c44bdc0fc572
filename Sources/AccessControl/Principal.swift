public import DICOMCore

/// Who asks: what a gateway found out about a caller.
public struct Principal: Sendable, Hashable {
    /// How the caller proved who it is.
    public enum Kind: Sendable, Hashable {
        /// Holder of the administrator token, or the operator at the command line of this host.
        case administrator
        /// A DICOM peer, known by its Application Entity Title.
        case applicationEntity(AETitle)
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
        case .applicationEntity(let title): title.string
        case .anyoneOnLoopback: "anyone"
        }
    }
}
