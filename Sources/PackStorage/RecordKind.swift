/// What a record of a pack is.
public enum RecordKind: UInt8, Sendable, Hashable, CaseIterable {
    /// A stored object.
    case instance = 1
    /// The removal of one.
    case tombstone = 2
    /// A change to what readers see of one.
    case edit = 3
}
