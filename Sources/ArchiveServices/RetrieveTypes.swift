public import ArchiveCatalog
public import DICOMCore

/// What a retrieve request names.
public struct RetrieveScope: Sendable, Hashable {
    /// The study.
    public var studyInstanceUID: UID
    /// One series of it; `nil` for all.
    public var seriesInstanceUID: UID?
    /// One instance; `nil` for all.
    public var sopInstanceUID: UID?

    /// Makes a scope.
    public init(studyInstanceUID: UID, seriesInstanceUID: UID? = nil, sopInstanceUID: UID? = nil) {
        self.studyInstanceUID = studyInstanceUID
        self.seriesInstanceUID = seriesInstanceUID
        self.sopInstanceUID = sopInstanceUID
    }
}

/// One stored instance, ready to be read.
public struct ArchivedInstance: Sendable, Hashable {
    /// What the catalog knows of it.
    public let record: InstanceRecord

    /// Wraps a record.
    public init(record: InstanceRecord) {
        self.record = record
    }

    /// Study, series and instance.
    public var path: InstancePath { record.path }
    /// SOP Class UID.
    public var sopClassUID: UID { record.sopClassUID }
    /// Bytes of its header as the index keeps it; 0 where it was read without.
    public var sealedHeaderLength: Int { record.sealedHeader.count }
    /// The Transfer Syntax of the stored bytes.
    public var transferSyntax: TransferSyntax { TransferSyntax(uid: record.transferSyntaxUID) }
}
