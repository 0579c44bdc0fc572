public import DICOMCore

/// The File Meta Information of a DICOM file: group 0002 (PS3.10 7.1).
public struct FileMetaInformation: Sendable, Hashable {
    /// The elements of group 0002; empty when the file has none.
    public let dataSet: DataSet

    /// Takes elements.
    public init(dataSet: DataSet) {
        self.dataSet = dataSet
    }

    /// Media Storage SOP Class UID (0002,0002).
    public var mediaStorageSOPClassUID: UID? { dataSet.uid(.mediaStorageSOPClassUID) }

    /// Media Storage SOP Instance UID (0002,0003).
    public var mediaStorageSOPInstanceUID: UID? { dataSet.uid(.mediaStorageSOPInstanceUID) }

    /// The Transfer Syntax of the Data Set behind it (0002,0010); `nil` when absent or malformed.
    public var transferSyntax: TransferSyntax? { dataSet.uid(.transferSyntaxUID).map { TransferSyntax(uid: $0) } }

    /// Source Application Entity Title (0002,0016).
    public var sourceAETitle: AETitle? { dataSet.string(.sourceApplicationEntityTitle).flatMap { AETitle($0) } }
}
