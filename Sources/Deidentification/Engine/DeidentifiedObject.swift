public import DICOMCore

/// What an object becomes: its new header, and what was done.
public struct DeidentifiedObject: Sendable {
    /// The new header; values that stay bulk refer to the original.
    public internal(set) var header: DataSet
    /// The Transfer Syntax in which the object is written.
    public let transferSyntax: TransferSyntax
    /// What was done to which attribute, and how often.
    public internal(set) var actions: [ActionRecord: Int]
    /// SOP Class UID.
    public let sopClassUID: UID
    /// The new SOP Instance UID.
    public let sopInstanceUID: UID
    /// The new Study Instance UID; `nil` for objects that belong to no study, such as palettes.
    public let studyInstanceUID: UID?
    /// The new Series Instance UID; `nil` for objects that belong to no series.
    public let seriesInstanceUID: UID?
    /// What there is to do about the pixels.
    public let pixels: PixelDuties

    /// Puts in what describes pixels that were cleaned, and takes out what does no longer.
    public mutating func describePixels(_ elements: DataSet, removing tags: [Tag]) {
        for tag in tags where header.remove(tag) != nil {
            actions[ActionRecord(path: [tag], action: .remove, reason: .stale), default: 0] += 1
        }
        for element in elements.elements {
            header.set(element)
            actions[ActionRecord(path: [element.tag], action: .dummy, reason: .required), default: 0] += 1
        }
    }
}

/// What there is to do about the pixels of an object.
public struct PixelDuties: Sendable, Hashable {
    /// Whether the object has pixels.
    public let hasPixelData: Bool
    /// Whether the profile wants text in the pixels cleaned.
    public let cleansText: Bool
    /// Whether the profile wants faces made unrecognizable.
    public let cleansFaces: Bool
    /// Whether bits of the pixels beside the stored ones may hold overlays (retired), which nothing describes any more.
    public let hasEmbeddedOverlays: Bool
}
