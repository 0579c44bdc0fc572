import DICOMCoding
import DICOMCore
public import NIOCore

/// The DICOM JSON model (PS3.18 F).
public enum JSONTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "JSON"

    /// All bytes are the text.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        guard let objects = ModelProperties.readJSON(input) else { return }
        for object in objects {
            try ModelProperties.checkReferences(in: object)
            try ModelProperties.checkJSON(of: object.dataSet)
            try ModelProperties.checkXML(of: object.dataSet)
            try StoredFormProperties.checkRoundTrip(of: object.dataSet, limits: DataSetTarget.limits)
            let lengths: DataSetEncoder.SequenceLengths = input.readableBytes % 2 == 0 ? .defined : .undefined
            try EncodingProperties.check(
                object.dataSet,
                in: .explicitVRLittleEndian,
                lengths,
                limits: DataSetTarget.limits
            )
        }
    }

    /// The text is read.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        for object in ModelProperties.readJSON(input) ?? [] { try ModelProperties.checkReferences(in: object) }
    }
}
