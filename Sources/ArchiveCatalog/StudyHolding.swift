public import DICOMCore
public import Platform

/// What the archive holds of one study, and in which packs: what decides where a study should lie.
public struct StudyHolding: Sendable, Hashable {
    /// The study.
    public let studyInstanceUID: UID
    /// Study Date (0008,0020), `YYYYMMDD`; `nil` when empty.
    public let studyDate: String?
    /// When the last of its instances was received.
    public let lastReceived: Timestamp
    /// The modalities of its series.
    public let modalities: Set<String>
    /// The packs in which its instances lie, in the order of their ids.
    public let packs: [PackHolding]

    /// Makes a holding.
    public init(
        studyInstanceUID: UID,
        studyDate: String?,
        lastReceived: Timestamp,
        modalities: Set<String>,
        packs: [PackHolding]
    ) {
        self.studyInstanceUID = studyInstanceUID
        self.studyDate = studyDate
        self.lastReceived = lastReceived
        self.modalities = modalities
        self.packs = packs
    }

    /// Where it stands in the order of ``Catalog/studyHoldings(after:limit:)``.
    public var position: StudyPosition { StudyPosition(studyDate: studyDate, studyInstanceUID: studyInstanceUID) }

    /// Bytes of all its records.
    public var bytes: UInt64 {
        packs.reduce(0) { sum, pack in
            let (total, overflow) = sum.addingReportingOverflow(pack.bytes)
            return overflow ? .max : total
        }
    }
}

/// What one pack holds of a study.
public struct PackHolding: Sendable, Hashable {
    /// The pack.
    public let packID: RandomID
    /// Instances in it.
    public let instances: Int
    /// Bytes of their records.
    public let bytes: UInt64

    /// Makes a holding.
    public init(packID: RandomID, instances: Int, bytes: UInt64) {
        self.packID = packID
        self.instances = instances
        self.bytes = bytes
    }
}

/// A place in the order of all studies, those without date first, then the oldest.
public struct StudyPosition: Sendable, Hashable {
    /// Study Date (0008,0020); `nil` when empty.
    public let studyDate: String?
    /// The study.
    public let studyInstanceUID: UID

    /// Makes a place.
    public init(studyDate: String?, studyInstanceUID: UID) {
        self.studyDate = studyDate
        self.studyInstanceUID = studyInstanceUID
    }
}
