public import ArchiveCatalog
public import DICOMCore
public import PackStorage
public import Platform

/// Everything that rules look at, of one study.
public struct StudyFacts: Sendable, Hashable {
    /// The study.
    public var studyInstanceUID: UID
    /// Study Date as the catalog has it, which orders studies; `nil` when empty.
    public var catalogDate: String?
    /// When its last instance arrived.
    public var lastReceived: Timestamp
    /// When it was read last; `nil`: never.
    public var lastAccess: Timestamp?
    /// The modalities of its series.
    public var modalities: Set<String>
    /// Its labels.
    public var labels: Set<StudyLabel>
    /// Whether it must stay where it is.
    public var isHeld: Bool
    /// Its packs.
    public var packs: [PackFacts]

    /// Makes the facts.
    public init(
        studyInstanceUID: UID,
        catalogDate: String?,
        lastReceived: Timestamp,
        lastAccess: Timestamp? = nil,
        modalities: Set<String>,
        labels: Set<StudyLabel> = [],
        isHeld: Bool = false,
        packs: [PackFacts]
    ) {
        self.studyInstanceUID = studyInstanceUID
        self.catalogDate = catalogDate
        self.lastReceived = lastReceived
        self.lastAccess = lastAccess
        self.modalities = modalities
        self.labels = labels
        self.isHeld = isHeld
        self.packs = packs
    }

    /// Study Date; `nil` when empty, or no date.
    public var studyDate: DICOMDate? { catalogDate.flatMap { DICOMDate($0) } }

    /// Bytes of all its packs.
    public var bytes: UInt64 { packs.reduce(0) { $0.addingClamped($1.bytes) } }
}

/// Where a pack of a study lies.
public struct PackFacts: Sendable, Hashable {
    /// The pack.
    public var packID: PackID
    /// Its bytes.
    public var bytes: UInt64
    /// The stores that hold a copy to be relied on.
    public var stores: Set<StoreName>
    /// Whether it is already on its way out of the data folder; then that is none of ``stores``.
    public var isLeavingHot: Bool

    /// Makes the facts.
    public init(packID: PackID, bytes: UInt64, stores: Set<StoreName>, isLeavingHot: Bool = false) {
        self.packID = packID
        self.bytes = bytes
        self.stores = stores
        self.isLeavingHot = isLeavingHot
    }
}

extension UInt64 {
    /// The sum, or the largest number.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The difference, or 0.
    func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
