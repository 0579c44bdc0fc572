import DICOMCoding
import DICOMCore
import NIOCore

/// A form in which the new headers leave as a table, beside the objects.
public enum HeaderTable: String, Sendable, Hashable, CaseIterable {
    /// One JSON object on each line: every element with a keyword, sequences as lists of objects.
    case ndjson
    /// Comma-separated values: the columns of ``columns``, the same in all exports.
    case csv

    /// A longer row goes without its sequences: frames by the thousand have functional groups of their own.
    private static let rowLimit = 1 << 20
    /// What a row without sequences may have at most; longer ones have the columns of CSV only.
    static let lengthLimit = 4 << 20
    /// Where objects go whose modality is absent or no word.
    static let unknownPartition = "unknown"

    /// The keywords of CSV, behind the path and the Transfer Syntax UID.
    ///
    /// Which patient, which object, when, where on the body, with what, and what measures pixels.
    static let columns: [Tag] = keywords.compactMap { DataElementDictionary.tag(forKeyword: $0) }

    private static let keywords = [
        "PatientID", "PatientSex", "PatientAge", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
        "SOPClassUID",
        "Modality", "PatientSize", "PatientWeight", "StudyDate", "StudyTime", "SeriesDate", "SeriesTime",
        "AcquisitionDate",
        "AcquisitionTime", "ContentDate", "ContentTime", "StudyDescription", "SeriesDescription", "ProtocolName",
        "SeriesNumber", "AcquisitionNumber", "InstanceNumber", "ImageType", "BodyPartExamined", "Laterality",
        "ImageLaterality", "ViewPosition", "PatientPosition", "InstitutionName", "StationName", "Manufacturer",
        "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions", "Rows", "Columns", "NumberOfFrames",
        "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation",
        "PixelSpacing", "ImagerPixelSpacing", "SliceThickness", "SpacingBetweenSlices", "SliceLocation",
        "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "RescaleIntercept", "RescaleSlope",
        "RescaleType", "Units", "WindowCenter", "WindowWidth", "LossyImageCompression", "ContrastBolusAgent", "KVP",
        "XRayTubeCurrent", "ExposureTime", "Exposure", "ConvolutionKernel", "ReconstructionDiameter",
        "MagneticFieldStrength", "ScanningSequence", "SequenceName", "RepetitionTime", "EchoTime", "InversionTime",
        "FlipAngle", "EchoTrainLength", "DecayCorrection", "FrameReferenceTime", "ActualFrameDuration",
    ]

    /// The first line of each file; empty for none.
    var head: String {
        guard self == .csv else { return "" }
        let names = Self.columns.map { DataElementDictionary.entry(for: $0)?.keyword ?? "" }
        return CSVText.line(["path", "TransferSyntaxUID"] + names)
    }

    var lineEnd: String { self == .csv ? "\r\n" : "\n" }

    /// The row of an object, with its end: one line.
    func row(_ header: DataSet, path: String, transferSyntaxUID: String) -> String {
        switch self {
        case .ndjson:
            let members = [("path", path), ("TransferSyntaxUID", transferSyntaxUID)]
            let whole = HeaderRow.json(of: header, members: members)
            if whole.readableBytes <= Self.rowLimit { return String(buffer: whole) }
            let short = HeaderRow.json(of: header, members: members, includesSequences: false)
            if short.readableBytes <= Self.lengthLimit { return String(buffer: short) }
            let least = DataSet(Self.columns.compactMap { header[$0] }.sorted { $0.tag < $1.tag })
            return String(buffer: HeaderRow.json(of: least, members: members))
        case .csv:
            let cells = Self.columns.map { tag in
                // A line is a line.
                let text = HeaderRow.cell(tag, of: header)
                return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
            }
            return CSVText.line([path, transferSyntaxUID] + cells)
        }
    }

    /// The folder of an object in the table, as Hive names them: by modality, in small letters as stores have them.
    ///
    /// Not `modality=`: readers that do not tell small letters from large would take it for the column.
    static func partition(_ header: DataSet) -> String {
        let modality = (header[.modality]?.strings(.ascii).first ?? "").lowercased()
        let isWord =
            (1...16).contains(modality.utf8.count)
            && modality.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        return isWord ? modality : unknownPartition
    }
}
