import DICOMCoding
import DICOMCore
public import NIOCore

/// The Native DICOM Model (PS3.19 A.1).
public enum XMLTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "XML"

    /// All bytes are the text.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        guard let object = ModelProperties.readXML(input) else { return }
        try ModelProperties.checkReferences(in: object)
        try ModelProperties.checkXML(of: object.dataSet)
        try ModelProperties.checkJSON(of: object.dataSet)
        try StoredFormProperties.checkRoundTrip(of: object.dataSet, limits: DataSetTarget.limits)
    }

    /// The text is read.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        if let object = ModelProperties.readXML(input) { try ModelProperties.checkReferences(in: object) }
    }
}
