public import DICOMCore

/// The identifiers that say which object a Data Set is, and where it belongs.
public struct InstanceIdentity: Sendable, Hashable {
    /// SOP Class UID (0008,0016).
    public let sopClassUID: UID
    /// SOP Instance UID (0008,0018).
    public let sopInstanceUID: UID
    /// Study Instance UID (0020,000D).
    public let studyInstanceUID: UID
    /// Series Instance UID (0020,000E).
    public let seriesInstanceUID: UID

    /// Makes an identity.
    public init(sopClassUID: UID, sopInstanceUID: UID, studyInstanceUID: UID, seriesInstanceUID: UID) {
        self.sopClassUID = sopClassUID
        self.sopInstanceUID = sopInstanceUID
        self.studyInstanceUID = studyInstanceUID
        self.seriesInstanceUID = seriesInstanceUID
    }
}

/// Collects the identity while the elements of the outermost Data Set pass.
struct IdentityCollector: Sendable {
    private static let uidTags: [Tag] = [.sopClassUID, .sopInstanceUID, .studyInstanceUID, .seriesInstanceUID]

    private var seen: Set<Tag> = []
    private var uids: [Tag: UID] = [:]
    private(set) var identity: InstanceIdentity?

    /// Looks at an element.
    ///
    /// - Returns: `false` when it identifies the object, or its patient, for the second time.
    mutating func accept(_ element: DataElement) -> Bool {
        let isUID = Self.uidTags.contains(element.tag)
        guard isUID || element.tag == .patientID else { return true }
        guard seen.insert(element.tag).inserted else { return false }
        if isUID {
            // Whatever VR the sender gave it, the bytes are those of an identifier or the object is refused.
            let asUID = DataElement(tag: element.tag, vr: .ui, value: element.value)
            uids[element.tag] = asUID.strings(.ascii).first.flatMap { UID($0) }
            identity = complete()
        }
        return true
    }

    /// The first of the four identifiers that is absent or malformed.
    var missing: Tag? { Self.uidTags.first { uids[$0] == nil } }

    private func complete() -> InstanceIdentity? {
        guard let sopClassUID = uids[.sopClassUID], let sopInstanceUID = uids[.sopInstanceUID],
            let studyInstanceUID = uids[.studyInstanceUID], let seriesInstanceUID = uids[.seriesInstanceUID]
        else { return nil }
        return InstanceIdentity(
            sopClassUID: sopClassUID,
            sopInstanceUID: sopInstanceUID,
            studyInstanceUID: studyInstanceUID,
            seriesInstanceUID: seriesInstanceUID
        )
    }
}
