package import DICOMCoding
public import DICOMCore
public import NIOCore

/// Learns what an object holds while its bytes pass for the first time.
///
/// Memory is bounded by the limits of the header; bulk passes and is not kept.
public struct ObjectSurvey: Sendable {
    /// Values below these lengths can be looked through; longer ones stay where they are.
    static let thresholds = BulkThresholds(binaryLength: 64 << 10, textLength: 4 << 20)

    private var scanner: PixelDataScanner

    /// Begins at the first byte of a file.
    public init(limits: DataSetLimits = DataSetLimits()) {
        scanner = PixelDataScanner(limits: limits, thresholds: Self.thresholds)
    }

    /// Takes the next bytes of the file.
    public mutating func append(_ bytes: ByteBuffer) throws(DeidentificationError) {
        do {
            try scanner.scan(bytes)
        } catch {
            throw .unreadable(error)
        }
    }

    /// Tells that no more bytes come.
    public mutating func finish() throws(DeidentificationError) -> SurveyedObject {
        do {
            return SurveyedObject(try scanner.finish())
        } catch {
            throw .unreadable(error)
        }
    }
}

/// What an object holds.
public struct SurveyedObject: Sendable {
    /// Its header, frames and File Meta Information.
    package let scanned: ScannedFile

    init(_ scanned: ScannedFile) {
        self.scanned = scanned
    }

    /// All elements; bulk as references from the first byte of the Data Set (of the inflated one when it is deflated).
    public var header: DataSet { scanned.dataSet }

    /// The File Meta Information.
    public var fileMetaInformation: DataSet { scanned.part10.fileMetaInformation.dataSet }

    /// The Transfer Syntax of the original.
    public var transferSyntax: TransferSyntax { scanned.part10.transferSyntax }

    /// SOP Class UID (0008,0016); that of the File Meta Information where the Data Set has none.
    public var sopClassUID: UID? {
        header.uid(.sopClassUID) ?? scanned.part10.fileMetaInformation.mediaStorageSOPClassUID
    }
}
